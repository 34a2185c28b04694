/*
 * store.c
 *	  Stores one interaction, or a batch of them.
 *
 * "Stored already" means the primary key: another unique index that somebody
 * has added raises 23505, as of any table.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "bulk_insert.h"
#include "catalog/pg_trigger.h"
#include "changes.h"
#include "compat.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "plans.h"
#include "store.h"
#include "subxact.h"
#include "table_trigger.h"
#include "timestamp.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/queryenvironment.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

/* name of the rows of a batch, in the statements that store it */
#define BATCH_RELATION "interactions_batch"

/* Prepare a statement whose parameters are the columns of a type. */
static void
KeepForColumns(SPIPlanPtr *plan, const InteractionType *type, const char *sql)
{
	Oid argtypes[MAX_COLUMNS] = {InvalidOid};

	for (int i = 0; i < ColumnCount(type); i++)
		argtypes[i] = ColumnType(type, i);
	KeepPlan(plan, sql, ColumnCount(type), argtypes, 0);
}

/* Stores a row, unless it is stored already, and returns what is stored. */
static SPIPlanPtr
InsertPlan(const InteractionType *type)
{
	static SPIPlanPtr plans[NUM_TYPES];
	SPIPlanPtr		 *plan = &plans[TypeIndex(type)];
	const char		 *columns;
	StringInfoData	  sql;

	if (PlanIsKept(*plan, type->plural))
		return *plan;
	columns = ColumnNames(type);
	initStringInfo(&sql);
	appendStringInfo(&sql, "INSERT INTO interactions.%s (%s) VALUES (",
					 quote_identifier(type->plural), columns);
	for (int i = 0; i < ColumnCount(type); i++)
		appendStringInfo(&sql, "%s$%d", i > 0 ? ", " : "", i + 1);
	appendStringInfo(&sql,
					 ") ON CONFLICT (" KEY_COLUMNS ") DO NOTHING RETURNING %s",
					 columns);
	KeepForColumns(plan, type, sql.data);
	return *plan;
}

/* Finds the row that has the key. */
static SPIPlanPtr
SelectPlan(const InteractionType *type)
{
	static SPIPlanPtr plans[NUM_TYPES];
	SPIPlanPtr		 *plan = &plans[TypeIndex(type)];

	if (!PlanIsKept(*plan, type->plural))
		KeepForColumns(plan, type,
					   psprintf("SELECT %s FROM interactions.%s"
								" WHERE user_id OPERATOR(pg_catalog.=) $%d"
								" AND \"timestamp\" OPERATOR(pg_catalog.=) $%d"
								" AND item_id OPERATOR(pg_catalog.=) $%d"
								" AND fingerprint OPERATOR(pg_catalog.=) $%d",
								ColumnNames(type),
								quote_identifier(type->plural),
								COLUMN_USER_ID + 1, COLUMN_TIMESTAMP + 1,
								COLUMN_ITEM_ID + 1, ColumnCount(type)));
	return *plan;
}

/* The only row of the last result, as values that belong to context. */
static void
TakeRow(const InteractionType *type, MemoryContext context, Datum *values,
		bool *isnull)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	HeapTuple	  tuple = heap_copytuple(SPI_tuptable->vals[0]);

	MemoryContextSwitchTo(oldcontext);
	RequireColumnTypes(SPI_tuptable->tupdesc, type);
	heap_deform_tuple(tuple, SPI_tuptable->tupdesc, values, isnull);
}

/*
 * Insert a row; whether it was stored.  Notes the row as it was after all
 * triggers, stored or not.
 */
static bool
InsertRow(const InteractionType *type, Datum *values, const bool *isnull,
		  PassedRow *passed)
{
	SPIPlanPtr		plan = InsertPlan(type);
	volatile uint64 nrows = 0;

	ExpectRow(passed);
	PG_TRY();
	{
		nrows = RunPlan(plan, ColumnCount(type), values, isnull,
						SPI_OK_INSERT_RETURNING);
	}
	PG_FINALLY();
	{
		EndExpectation(passed);
	}
	PG_END_TRY();
	return nrows > 0;
}

/* Raise that a row is stored and cannot be given back. */
static void
ReportHiddenRow(const InteractionType *type)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("row-level security of table \"%s\" hides an interaction that is stored already",
					type->plural)));
}

/* Raise that two interactions that differ share a key. */
static void
ReportCollision(const InteractionType *type)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNIQUE_VIOLATION),
			 errmsg("another interaction of table \"%s\" has the same fingerprint",
					type->plural),
			 errdetail(
				 "Its user, item and timestamp are the same, and its other"
				 " values are not."),
			 errhint("Send another timestamp or recommendation_id.")));
}

/*
 * Store an interaction, unless it is stored already.  Gives back what is
 * stored, in wire format, in the current memory context; nothing where it was
 * skipped.
 */
StoreResult
StoreInteraction(const InteractionType *type, const Interaction *interaction,
				 Datum *values, bool *isnull)
{
	PassedRow	passed = {.type = type, .context = CurrentMemoryContext};
	StoreResult result = STORE_SKIPPED;
	IdBuffer	ids[NUM_IDS];

	SPI_connect();
	for (int run = 0; result == STORE_SKIPPED && run < 2; run++)
	{
		InteractionDatums(type, interaction, ids, values, isnull);
		if (InsertRow(type, values, isnull, &passed))
		{
			result = STORE_CREATED;
			break;
		}
		/* the one that is stored is like what the triggers made of it */
		if (!passed.seen)
		{
			memcpy(passed.values, values, sizeof(passed.values));
			memcpy(passed.isnull, isnull, sizeof(passed.isnull));
		}
		if (RunPlan(SelectPlan(type), ColumnCount(type), passed.values,
					passed.isnull, SPI_OK_SELECT) > 0)
			result = STORE_DUPLICATE;
		/* deleted meanwhile: the next INSERT stores it */
		else if (!passed.seen || IsolationUsesXactSnapshot())
			break;
	}
	if (result != STORE_SKIPPED)
		TakeRow(type, passed.context, values, isnull);
	else if (passed.seen && HidesRows(type->plural))
		ReportHiddenRow(type);
	SPI_finish();

	if (result == STORE_DUPLICATE &&
		!SameValues(type, values, isnull, passed.values, passed.isnull))
		ReportCollision(type);
	if (result != STORE_SKIPPED)
		values[COLUMN_TIMESTAMP] = Int64GetDatum(
			TimestampToMs(DatumGetTimestampTz(values[COLUMN_TIMESTAMP])));
	return result;
}

/* Stores the rows of a batch as if all were new. */
static SPIPlanPtr
InsertNewPlan(const InteractionType *type)
{
	static SPIPlanPtr plans[NUM_TYPES];
	SPIPlanPtr		 *plan = &plans[TypeIndex(type)];

	if (!PlanIsKept(*plan, type->plural))
		KeepPlan(plan,
				 psprintf("INSERT INTO interactions.%s (%s)"
						  " SELECT %s FROM " BATCH_RELATION,
						  quote_identifier(type->plural), ColumnNames(type),
						  ColumnNames(type)),
				 0, NULL, 0);
	return *plan;
}

/* Stores the rows of a batch that are not stored already, and counts them. */
static SPIPlanPtr
InsertMissingPlan(const InteractionType *type)
{
	static SPIPlanPtr plans[NUM_TYPES];
	SPIPlanPtr		 *plan = &plans[TypeIndex(type)];

	/* what RETURNING gives is right on a distributed table, too */
	if (!PlanIsKept(*plan, type->plural))
		KeepPlan(plan,
				 psprintf("WITH stored AS (INSERT INTO interactions.%s (%s)"
						  " SELECT %s FROM " BATCH_RELATION
						  " ON CONFLICT (" KEY_COLUMNS ") DO NOTHING"
						  " RETURNING 1)"
						  " SELECT pg_catalog.count(*) FROM stored",
						  quote_identifier(type->plural), ColumnNames(type),
						  ColumnNames(type)),
				 0, NULL, 0);
	return *plan;
}

/* Let statements find the rows of a batch; they are put into relation later. */
static void
RegisterRows(Batch *batch, EphemeralNamedRelation relation)
{
	memset(relation, 0, sizeof(EphemeralNamedRelationData));
	relation->md.name = BATCH_RELATION;
	relation->md.tupdesc = batch->tupdesc;
	relation->md.enrtype = ENR_NAMED_TUPLESTORE;
	relation->md.enrtuples = batch->nrows;
	if (SPI_register_relation(relation) != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register the batch");
}

/* The rows, as a statement reads them. */
static Tuplestorestate *
CopyRows(const Batch *batch)
{
	Tuplestorestate *tuples = tuplestore_begin_heap(false, false, work_mem);
	TupleTableSlot	*slot =
		MakeSingleTupleTableSlot(batch->tupdesc, &TTSOpsHeapTuple);

	for (int64 i = 0; i < batch->nrows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		ExecStoreHeapTuple(batch->items[i].tuple, slot, false);
		tuplestore_puttupleslot(tuples, slot);
	}
	ExecDropSingleTupleTableSlot(slot);
	return tuples;
}

typedef struct InsertJob
{
	SPIPlanPtr plan;
	uint64	   nrows;
} InsertJob;

static void
InsertNewRows(void *arg)
{
	InsertJob *job = arg;

	job->nrows = RunPlan(job->plan, 0, NULL, NULL, SPI_OK_INSERT);
}

/*
 * Store the rows as if all were new, which spares the index half of its work,
 * and only where a unique key is taken the careful way.  Returns how many
 * were stored.
 */
static uint64
StoreRows(Batch *batch)
{
	EphemeralNamedRelationData relation;
	InsertJob				   job;
	BulkResult				   bulk;

	SortBatch(batch, COLUMN_USER_ID);
	DropDuplicates(batch);
	RegisterRows(batch, &relation);
	job.plan = InsertNewPlan(batch->type);
	bulk = BulkInsert(batch, job.plan);
	if (bulk == BULK_STORED)
		return batch->nrows;
	if (bulk == BULK_CONFLICT)
		SortBatch(batch, COLUMN_USER_ID);

	relation.reldata = CopyRows(batch);
	if (bulk == BULK_CONFLICT ||
		!Attempt(InsertNewRows, &job, IsUniqueViolation))
	{
		RunPlan(InsertMissingPlan(batch->type), 0, NULL, NULL, SPI_OK_SELECT);
		job.nrows = ResultInt64(1);
	}
	tuplestore_end(relation.reldata);
	return job.nrows;
}

/* Store the only row: no sorting, and no subtransaction to pay for. */
static uint64
StoreRow(Batch *batch)
{
	Datum values[MAX_COLUMNS];
	bool  isnull[MAX_COLUMNS];

	heap_deform_tuple(batch->items[0].tuple, batch->tupdesc, values, isnull);
	return RunPlan(InsertPlan(batch->type), batch->tupdesc->natts, values,
				   isnull, SPI_OK_INSERT_RETURNING);
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
 * Whether a row is stored with the values that it is given: no trigger of the
 * user's comes before, and no column rounds its value.
 */
bool
StoresAsGiven(const InteractionType *type)
{
	Relation  rel = table_open(RequireTable(type->plural), AccessShareLock);
	TupleDesc tupdesc = RelationGetDescr(rel);
	const TriggerDesc *triggers = rel->trigdesc;
	bool			   result = rel->rd_rel->relkind == RELKIND_RELATION;

	for (int i = 0; i < ColumnCount(type); i++)
	{
		int attnum = SPI_fnumber(tupdesc, ColumnName(type, i));

		result = result && attnum > 0 &&
				 TupleDescAttr(tupdesc, attnum - 1)->atttypmod == -1;
	}
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		result = result && (!TRIGGER_FOR_INSERT(trigger->tgtype) ||
							!TRIGGER_FOR_BEFORE(trigger->tgtype) ||
							!TRIGGER_FOR_ROW(trigger->tgtype) ||
							HoldsRulesOf(trigger, type));
	}
	table_close(rel, NoLock);
	return result;
}
