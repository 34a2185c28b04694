/*
 * store.h
 *	  Stores one interaction.
 */
#ifndef INTERACTIONS_STORE_H
#define INTERACTIONS_STORE_H

#include "executor/spi.h"
#include "interaction.h"

typedef enum StoreResult
{
	STORE_CREATED,
	STORE_DUPLICATE, /* it was stored already */
	STORE_SKIPPED	 /* a trigger of the user's skipped it */
} StoreResult;

extern StoreResult StoreInteraction(const InteractionType *type,
									const Interaction *interaction, Row *row);
extern SPIPlanPtr InsertPlan(const InteractionType *type);

#endif /* INTERACTIONS_STORE_H */
