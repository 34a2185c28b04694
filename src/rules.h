/*
 * rules.h
 *	  The rules that every interaction is held to, whichever way it comes.
 */
#ifndef INTERACTIONS_RULES_H
#define INTERACTIONS_RULES_H

#include "interaction.h"
#include "violation.h"

/* at most, of one recommendation */
#define MAX_RECOMMENDED_ITEMS 1000

extern Span IdArgument(FunctionCallInfo fcinfo, int n, const char *name);
extern void ReadCursor(Datum text, const char *other, TimestampTz *timestamp,
					   Span *id);
extern bool CheckId(const char *property, Span id, bool required,
					Violation *violation);
extern bool CheckIds(const char *property, Datum array, int least, int most,
					 Violation *violation);
extern bool ViolateOwn(const NeededColumn *column, const char *given,
					   Violation *violation);
extern bool CompleteInteraction(const InteractionType *type,
								Interaction *interaction, Violation *violation);

#endif /* INTERACTIONS_RULES_H */
