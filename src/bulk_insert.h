/*
 * bulk_insert.h
 *	  Stores a batch past the executor, where INSERT would do no more.
 */
#ifndef INTERACTIONS_BULK_INSERT_H
#define INTERACTIONS_BULK_INSERT_H

#include "batch.h"
#include "executor/spi.h"
#include "partitions.h"

typedef enum BulkResult
{
	BULK_IMPOSSIBLE, /* INSERT has more to do than to store the rows */
	BULK_CONFLICT,	 /* nothing is stored: a unique key is taken */
	BULK_STORED
} BulkResult;

extern BulkResult BulkInsert(Batch *batch, Relation target,
							 TimePartitions *partitions, const int64 *ends,
							 SPIPlanPtr insert);

#endif /* INTERACTIONS_BULK_INSERT_H */
