/*
 * store_batch.h
 *	  Stores a batch of interactions, or rows of no type.
 */
#ifndef INTERACTIONS_STORE_BATCH_H
#define INTERACTIONS_STORE_BATCH_H

#include "batch.h"
#include "executor/spi.h"

extern uint64 StoreBatch(Batch *batch);
extern uint64 StoreNewRows(Batch *rows, const char *table, SPIPlanPtr *plan);

#endif /* INTERACTIONS_STORE_BATCH_H */
