/*
 * interaction.h
 *	  One interaction of any type, in memory.
 */
#ifndef INTERACTIONS_INTERACTION_H
#define INTERACTIONS_INTERACTION_H

#include "datatype/timestamp.h"
#include "span.h"
#include "types.h"

#define MAX_ID_BYTES 512

/* what it points to belongs to its maker */
typedef struct Interaction
{
	Span user_id;
	Span item_id;
	Span recommendation_id;
	TimestampTz timestamp;
	int64 fingerprint;
	Datum own[MAX_OWN_COLUMNS];
	bool own_isnull[MAX_OWN_COLUMNS];
	bool timestamp_isnull;
} Interaction;

#endif /* INTERACTIONS_INTERACTION_H */
