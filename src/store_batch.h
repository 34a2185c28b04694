/*
 * store_batch.h
 *	  Stores a batch of interactions.
 */
#ifndef INTERACTIONS_STORE_BATCH_H
#define INTERACTIONS_STORE_BATCH_H

#include "batch.h"

extern uint64 StoreBatch(Batch *batch);
extern bool StoresAsGiven(const InteractionType *type);

#endif /* INTERACTIONS_STORE_BATCH_H */
