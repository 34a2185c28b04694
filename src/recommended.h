/*
 * recommended.h
 *	  The table of recommendations.
 */
#ifndef INTERACTIONS_RECOMMENDED_H
#define INTERACTIONS_RECOMMENDED_H

#include "columns.h"

#define NUM_RECOMMENDATION_COLUMNS 5

extern const NeededColumn RecommendationColumns[NUM_RECOMMENDATION_COLUMNS];

#endif /* INTERACTIONS_RECOMMENDED_H */
