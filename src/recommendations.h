/*
 * recommendations.h
 *	  What was recommended to a user, when that user moves or goes.
 */
#ifndef INTERACTIONS_RECOMMENDATIONS_H
#define INTERACTIONS_RECOMMENDATIONS_H

extern void MoveRecommendations(Datum *users);
extern void RemoveRecommendations(Datum user);

#endif /* INTERACTIONS_RECOMMENDATIONS_H */
