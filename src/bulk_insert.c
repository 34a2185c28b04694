/*
 * bulk_insert.c
 *	  Stores a batch past the executor, as COPY does.
 *
 * To pass each row through the executor costs a fifth more than to store many
 * at once.  plain_tables.c has the list of what INSERT does on that way, and
 * says why it holds here.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "bulk_insert.h"
#include "catalog/index.h"
#include "compat.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "plain_tables.h"
#include "subxact.h"
#include "utils/memutils.h"
#include "utils/rel.h"

/* rows that are added to the table at once, which are about a page of it */
#define MAX_ROWS_AT_ONCE 128

/* what storing rows past the executor needs */
typedef struct PlainInsert
{
	List		   *tables;	 /* each with its rows */
	MemoryContext	context; /* emptied after each row, or some */
	TupleTableSlot *slots[MAX_ROWS_AT_ONCE];
} PlainInsert;

/* Add some rows to a table, and note where they lie. */
static void
InsertIntoTable(PlainInsert *insert, Relation rel, const SortItem *items,
				int nrows)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(insert->context);

	for (int i = 0; i < nrows; i++)
		ExecStoreHeapTuple(items[i].tuple, insert->slots[i], false);
	table_multi_insert(rel, insert->slots, nrows, GetCurrentCommandId(true), 0,
					   NULL);
	for (int i = 0; i < nrows; i++)
		items[i].tuple->t_self = insert->slots[i]->tts_tid;
	MemoryContextReset(insert->context);
	MemoryContextSwitchTo(oldcontext);
}

/* Add rows that lie in a table to one of its indexes. */
static void
InsertIntoIndex(PlainInsert *insert, Relation rel, const PlainIndex *index,
				const SortItem *items, int64 nrows)
{
	MemoryContext	 oldcontext = MemoryContextSwitchTo(insert->context);
	IndexUniqueCheck check =
		index->rel->rd_index->indisunique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO;
	TupleTableSlot *slot = insert->slots[0];
	Datum			values[INDEX_MAX_KEYS];
	bool			isnull[INDEX_MAX_KEYS];

	for (int64 i = 0; i < nrows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		/* in the order of a key they lie here and there in memory */
		if (i + 1 < nrows)
			PREFETCH(items[i + 1].tuple);
		ExecStoreHeapTuple(items[i].tuple, slot, false);
		/* an index on expressions, which needs an EState, is not plain */
		FormIndexDatum(index->info, slot, NULL, values, isnull);
		index_insert(index->rel, values, isnull, &items[i].tuple->t_self, rel,
					 check, false, index->info);
		MemoryContextReset(insert->context);
	}
	MemoryContextSwitchTo(oldcontext);
}

/*
 * Store the rows of a table: many at once in the table, and then in the
 * indexes.  A unique one follows the table closely, since a row that is stored
 * already is found there; any other has all rows at the end, in an order that
 * makes it cheap to extend.
 */
static void
InsertRows(PlainInsert *insert, PlainTable *table)
{
	Batch *rows = &table->rows;

	/* few at first: what is stored already shows early, and leaves little */
	for (int64 done = 0, count = 1; done < rows->nrows; done += count)
	{
		const SortItem *items = rows->items + done;

		count = Min(Min(count * 2, MAX_ROWS_AT_ONCE), rows->nrows - done);
		InsertIntoTable(insert, table->rel, items, count);
		for (int i = 0; i < table->nindexes; i++)
		{
			if (table->indexes[i].rel->rd_index->indisunique)
				InsertIntoIndex(insert, table->rel, &table->indexes[i], items,
								count);
		}
	}
	for (int i = 0; i < table->nindexes; i++)
	{
		PlainIndex *index = &table->indexes[i];
		int			column = index->info->ii_IndexAttrNumbers[0] - 1;

		if (!index->rel->rd_index->indisunique)
		{
			if (rows->type != NULL)
				SortBatch(rows, column == COLUMN_ITEM_ID ? COLUMN_ITEM_ID
														 : COLUMN_USER_ID);
			InsertIntoIndex(insert, table->rel, index, rows->items,
							rows->nrows);
		}
		index_insert_cleanup(index->rel, index->info);
	}
}

static void
InsertPlainly(void *arg)
{
	PlainInsert *insert = arg;
	ListCell	*cell;

	foreach (cell, insert->tables)
	{
		InsertRows(insert, lfirst(cell));
	}
}

/*
 * Store a batch in a table past the executor, as if all rows were new.  They
 * have no duplicates among them, those of a type are sorted by the key, and
 * grouped by the partitions, if there are any.  Their order is another
 * afterwards.  Rows of no type are new, and need no subtransaction.
 */
BulkResult
BulkInsert(Batch *batch, Relation target, TimePartitions *partitions,
		   SPIPlanPtr insert)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "interactions insert",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	PlainInsert	  job = {0};
	BulkResult	  result = BULK_IMPOSSIBLE;

	job.tables = OpenPlainTables(batch, target, partitions, insert);
	if (job.tables != NIL)
	{
		job.context = AllocSetContextCreate(context, "interactions insert row",
											ALLOCSET_DEFAULT_SIZES);
		for (int i = 0; i < Min(batch->nrows, MAX_ROWS_AT_ONCE); i++)
			job.slots[i] =
				MakeSingleTupleTableSlot(batch->tupdesc, &TTSOpsHeapTuple);
		result = BULK_STORED;
		if (batch->type == NULL)
			InsertPlainly(&job);
		else if (!Attempt(InsertPlainly, &job, IsUniqueViolation))
			result = BULK_CONFLICT;
		ClosePlainTables(job.tables);
	}
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context); /* the slots, too */
	return result;
}
