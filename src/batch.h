/*
 * batch.h
 *	  Interactions of one type, collected and sorted; or rows of any table,
 *	  which are of no type, and are neither sorted nor freed of duplicates.
 */
#ifndef INTERACTIONS_BATCH_H
#define INTERACTIONS_BATCH_H

#include "access/htup.h"
#include "interaction.h"

/* a row to be sorted, with what mostly decides */
typedef struct SortRow
{
	uint64 prefix; /* of the leading id, after what all rows have in common */
	TimestampTz timestamp;
	HeapTuple tuple;
} SortRow;

/* of the ids that one column has in the rows of a batch */
typedef struct IdRange
{
	int common;	 /* bytes that each begins with */
	int longest; /* bytes of the longest */
} IdRange;

typedef struct Batch
{
	const InteractionType *type; /* NULL where the rows are of none */
	TupleDesc tupdesc;
	MemoryContext context; /* of the tuples */
	SortRow *rows;
	int64 nrows;
	int64 maxrows;
	IdRange ids[2]; /* of COLUMN_USER_ID and COLUMN_ITEM_ID */
	Column lead;	/* which of them leads in the order of the rows */
} Batch;

extern Batch *BeginRows(TupleDesc tupdesc);
extern SortRow *AddRow(Batch *batch, const Datum *values, const bool *isnull);
extern Batch *BeginBatch(const InteractionType *type);
extern void AddToBatch(Batch *batch, const Interaction *interaction);
extern void SortBatch(Batch *batch, Column lead);
extern void DropDuplicates(Batch *batch);
extern void EmptyBatch(Batch *batch);

#endif /* INTERACTIONS_BATCH_H */
