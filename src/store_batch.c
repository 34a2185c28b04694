/*
 * store_batch.c
 *	  Stores a batch of interactions, or rows of no type.
 *
 * "Stored already" means the primary key: another unique index that somebody
 * has added raises 23505, as of any table.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "bulk_insert.h"
#include "distribution.h"
#include "miscadmin.h"
#include "own_tables.h"
#include "partitions.h"
#include "plans.h"
#include "store.h"
#include "store_batch.h"
#include "subxact.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

/* Prepare a statement whose parameters are arrays, one of each column. */
static void
KeepForArrays(SPIPlanPtr *plan, TupleDesc tupdesc, const char *sql)
{
	Oid argtypes[MAX_COLUMNS] = {InvalidOid};

	for (int i = 0; i < tupdesc->natts; i++)
		argtypes[i] = get_array_type(TupleDescAttr(tupdesc, i)->atttypid);
	KeepPlan(plan, sql, tupdesc->natts, argtypes, 0);
}

/* INSERT of the rows of a batch.  Arrays are what shards can be given, too. */
static char *
InsertStatement(const char *table, TupleDesc tupdesc)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "INSERT INTO interactions.%s (", table);
	for (int i = 0; i < tupdesc->natts; i++)
		appendStringInfo(&sql, "%s%s", i > 0 ? ", " : "",
						 quote_identifier(
							 NameStr(TupleDescAttr(tupdesc, i)->attname)));
	appendStringInfoString(&sql, ") SELECT * FROM ROWS FROM (");
	for (int i = 0; i < tupdesc->natts; i++)
		appendStringInfo(&sql, "%spg_catalog.unnest($%d)", i > 0 ? ", " : "",
						 i + 1);
	appendStringInfoString(&sql, ") AS batch");
	return sql.data;
}

/* Stores the rows of a batch as if all were new. */
static SPIPlanPtr
InsertNewPlan(SPIPlanPtr *plan, const char *table, TupleDesc tupdesc)
{
	if (!PlanIsKept(*plan, table))
		KeepForArrays(plan, tupdesc, InsertStatement(table, tupdesc));
	return *plan;
}

/* Stores the rows of a batch that are not stored already, and counts them. */
static SPIPlanPtr
InsertMissingPlan(const Batch *batch)
{
	static SPIPlanPtr plans[NUM_TYPES];
	const char		 *table = batch->type->plural;
	SPIPlanPtr		 *plan = &plans[TypeIndex(batch->type)];

	/* what RETURNING gives is right on a distributed table, too */
	if (!PlanIsKept(*plan, table))
		KeepForArrays(plan, batch->tupdesc,
					  psprintf("WITH stored AS (%s"
							   " ON CONFLICT (" KEY_CONFLICT ") DO NOTHING"
							   " RETURNING 1)"
							   " SELECT pg_catalog.count(*) FROM stored",
							   InsertStatement(table, batch->tupdesc)));
	return *plan;
}

/* The rows of a batch, as a statement takes them: an array of each column. */
static void
FormArrays(const Batch *batch, Datum *arrays)
{
	int	   ncolumns = batch->tupdesc->natts;
	int	   nrows = batch->nrows;
	int	   lower = 1;
	Datum *values[MAX_COLUMNS];
	bool  *isnull[MAX_COLUMNS];

	for (int i = 0; i < ncolumns; i++)
	{
		values[i] = palloc(mul_size(sizeof(Datum), nrows));
		isnull[i] = palloc(mul_size(sizeof(bool), nrows));
	}
	for (int i = 0; i < nrows; i++)
	{
		Row row;

		CHECK_FOR_INTERRUPTS();
		heap_deform_tuple(batch->rows[i].tuple, batch->tupdesc, row.values,
						  row.isnull);
		for (int j = 0; j < ncolumns; j++)
		{
			values[j][i] = row.values[j];
			isnull[j][i] = row.isnull[j];
		}
	}
	for (int i = 0; i < ncolumns; i++)
	{
		Form_pg_attribute column = TupleDescAttr(batch->tupdesc, i);

		arrays[i] = PointerGetDatum(
			construct_md_array(values[i], isnull[i], 1, &nrows, &lower,
							   column->atttypid, column->attlen,
							   column->attbyval, column->attalign));
	}
}

typedef struct InsertJob
{
	SPIPlanPtr plan;
	Datum	   arrays[MAX_COLUMNS];
	uint64	   nrows;
} InsertJob;

/* The attempt to store all rows of a batch as new. */
static void
InsertNewRows(void *arg)
{
	InsertJob *job = arg;

	job->nrows = RunPlan(job->plan, job->arrays, NULL);
}

/*
 * Bring the rows of a sorted batch into the order of a table's partitions, in
 * which a transfer comes to its rows, too; returns where those of each end, as
 * BulkInsert takes it.
 */
static int64 *
GroupByPartition(Batch *batch, TimePartitions *partitions)
{
	SortRow *rows;
	int64	*ends = palloc0(mul_size(sizeof(int64), partitions->nparts + 2));

	rows = MemoryContextAllocHuge(CurrentMemoryContext,
								  mul_size(sizeof(SortRow), batch->nrows));
	for (int64 i = 0; i < batch->nrows; i++)
		ends[PartitionAt(partitions, batch->rows[i].timestamp) + 2]++;
	for (int i = 1; i < partitions->nparts + 2; i++)
		ends[i] += ends[i - 1];
	for (int64 i = 0; i < batch->nrows; i++)
		rows[ends[PartitionAt(partitions, batch->rows[i].timestamp) + 1]++] =
			batch->rows[i];
	memcpy(batch->rows, rows, mul_size(sizeof(SortRow), batch->nrows));
	pfree(rows);
	return ends;
}

/* Bring the rows into the one order in which all statements store them. */
static int64 *
OrderRows(Batch *batch, TimePartitions *partitions)
{
	SortBatch(batch, COLUMN_USER_ID);
	DropDuplicates(batch);
	return partitions != NULL ? GroupByPartition(batch, partitions) : NULL;
}

/*
 * Store the rows as if all were new, which spares the index half of its work;
 * only where a unique key is taken each is asked whether it is stored already.
 * Returns how many were stored.
 */
static uint64
StoreRows(Batch *batch)
{
	static SPIPlanPtr plans[NUM_TYPES];
	const char		 *table = batch->type->plural;
	InsertJob		  job;
	int64			 *ends;
	BulkResult		  bulk;
	int				  nestlevel;
	Relation		  target = OpenTable(table, RowExclusiveLock);
	TimePartitions	 *partitions = FindTimePartitions(target);

	ends = OrderRows(batch, partitions);
	job.plan =
		InsertNewPlan(&plans[TypeIndex(batch->type)], table, batch->tupdesc);
	bulk = BulkInsert(batch, target, partitions, ends, job.plan);
	if (bulk == BULK_CONFLICT)
		(void) OrderRows(batch, partitions);
	table_close(target, NoLock);
	if (bulk == BULK_STORED)
		return batch->nrows;

	FormArrays(batch, job.arrays);
	nestlevel = BeginOnShards(table);
	if (bulk == BULK_CONFLICT ||
		!Attempt(InsertNewRows, &job,
				 nestlevel > 0 ? IsShardViolation : IsUniqueViolation))
	{
		RunPlan(InsertMissingPlan(batch), job.arrays, NULL);
		job.nrows = ResultInt64(0, 1);
	}
	EndOnShards(nestlevel);
	return job.nrows;
}

/* Store the only row: no sorting, and no subtransaction to pay for. */
static uint64
StoreRow(Batch *batch)
{
	Row row;

	heap_deform_tuple(batch->rows[0].tuple, batch->tupdesc, row.values,
					  row.isnull);
	return RunPlan(InsertPlan(batch->type), row.values, row.isnull);
}

/*
 * Store the rows of a batch, and empty it.  Returns how many were stored: what
 * was stored already was not, nor what a trigger of the user's skipped.
 */
uint64
StoreBatch(Batch *batch)
{
	MemoryContext oldcontext;
	uint64		  stored;

	if (batch->nrows == 0)
		return 0;
	SPI_connect();
	oldcontext = MemoryContextSwitchTo(batch->context);
	stored = batch->nrows == 1 ? StoreRow(batch) : StoreRows(batch);
	MemoryContextSwitchTo(oldcontext);
	SPI_finish();
	EmptyBatch(batch);
	return stored;
}

/*
 * Store rows of no type in a table that has none of them, and forget them;
 * returns how many were stored.  Within SPI.
 */
uint64
StoreNewRows(Batch *rows, const char *table, SPIPlanPtr *plan)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(rows->context);
	Relation	  target = OpenTable(table, RowExclusiveLock);
	SPIPlanPtr	  insert = InsertNewPlan(plan, table, rows->tupdesc);
	uint64		  stored = rows->nrows;
	Datum		  arrays[MAX_COLUMNS];

	if (BulkInsert(rows, target, NULL, NULL, insert) != BULK_STORED)
	{
		FormArrays(rows, arrays);
		stored = RunPlan(insert, arrays, NULL);
	}
	table_close(target, NoLock);
	MemoryContextSwitchTo(oldcontext);
	EmptyBatch(rows);
	return stored;
}
