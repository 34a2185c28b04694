/*
 * store.c
 *	  Stores one interaction.
 *
 * "Stored already" means the primary key: another unique index that somebody
 * has added raises 23505, as of any table.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "distribution.h"
#include "miscadmin.h"
#include "own_tables.h"
#include "plans.h"
#include "rows.h"
#include "store.h"
#include "table_trigger.h"
#include "timestamp.h"
#include "utils/timestamp.h"

/* of an INSERT, while others store the same row and delete it again */
#define MAX_RUNS 10

/* Prepare a statement whose parameters are the columns of a type. */
static void
KeepForColumns(SPIPlanPtr *plan, const InteractionType *type, const char *sql)
{
	Oid argtypes[MAX_COLUMNS] = {InvalidOid};

	for (int i = 0; i < type->ncolumns; i++)
		argtypes[i] = type->columns[i].typid;
	KeepPlan(plan, sql, type->ncolumns, argtypes, 0);
}

/* Stores a row, unless it is stored already, and returns what is stored. */
SPIPlanPtr
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
					 type->plural, columns);
	for (int i = 0; i < type->ncolumns; i++)
		appendStringInfo(&sql, "%s$%d", i > 0 ? ", " : "", i + 1);
	appendStringInfo(&sql,
					 ") ON CONFLICT (" KEY_CONFLICT ") DO NOTHING RETURNING %s",
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
								ColumnNames(type), type->plural,
								COLUMN_USER_ID + 1, COLUMN_TIMESTAMP + 1,
								COLUMN_ITEM_ID + 1, type->ncolumns));
	return *plan;
}

/* The only row of the last result, as values that belong to context. */
static void
TakeRow(const InteractionType *type, MemoryContext context, Row *row)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	HeapTuple	  tuple = heap_copytuple(SPI_tuptable->vals[0]);

	MemoryContextSwitchTo(oldcontext);
	RequireColumnTypes(SPI_tuptable->tupdesc, type);
	heap_deform_tuple(tuple, SPI_tuptable->tupdesc, row->values, row->isnull);
}

/*
 * Insert a row; whether it was stored.  Notes the row as it was after all
 * triggers, stored or not.
 */
static bool
InsertRow(const InteractionType *type, Row *row, PassedRow *passed)
{
	SPIPlanPtr		plan = InsertPlan(type);
	volatile uint64 nrows = 0;

	ExpectRow(passed);
	PG_TRY();
	{
		nrows = RunPlan(plan, row->values, row->isnull);
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
					type->plural),
			 errhint("Or a trigger that fires after \"zz_check_interaction\""
					 " has skipped it.")));
}

/*
 * Whether a trigger has skipped a row that was neither stored nor found, though
 * ours has let it pass: only one that comes later can have done that.  Else it
 * has met one that was deleted meanwhile, which the caller's snapshot shows.
 */
static bool
WasSkipped(const InteractionType *type, PassedRow *passed)
{
	return passed->others_follow &&
		   !RowSecurityHolds(RequireTable(type->plural)) &&
		   RunPlanAsOfBefore(SelectPlan(type), passed->row.values,
							 passed->row.isnull) == 0;
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
				 Row *row)
{
	PassedRow	passed = {.type = type, .context = CurrentMemoryContext};
	StoreResult result = STORE_SKIPPED;
	IdBuffer	ids[NUM_IDS];

	SPI_connect();
	for (int run = 0; result == STORE_SKIPPED && run < MAX_RUNS; run++)
	{
		CHECK_FOR_INTERRUPTS();
		InteractionDatums(type, interaction, ids, row);
		if (InsertRow(type, row, &passed))
		{
			result = STORE_CREATED;
			break;
		}
		/* the one that is stored is like what the triggers made of it */
		if (!passed.seen)
			passed.row = *row;
		if (RunPlan(SelectPlan(type), passed.row.values, passed.row.isnull) > 0)
			result = STORE_DUPLICATE;
		else if (passed.seen && WasSkipped(type, &passed))
			passed.seen = false;
		/* deleted meanwhile: the next INSERT stores it */
		if (!passed.seen || IsolationUsesXactSnapshot())
			break;
	}
	if (result != STORE_SKIPPED)
		TakeRow(type, passed.context, row);
	/* on a shard it is not seen whether a trigger skipped it */
	else if ((passed.seen || IsDistributed(type->plural)) &&
			 RowSecurityHolds(RequireTable(type->plural)))
		ReportHiddenRow(type);
	else if (passed.seen)
		ReportConcurrentChange(type->plural, "transaction");
	SPI_finish();

	/* fingerprints of 64 bits can be made to be the same */
	if (result == STORE_DUPLICATE &&
		!SameValues(type->columns, WireColumnCount(type), row, &passed.row))
		ReportCollision(type);
	if (result != STORE_SKIPPED)
		row->values[COLUMN_TIMESTAMP] = Int64GetDatum(
			TimestampToMs(DatumGetTimestampTz(row->values[COLUMN_TIMESTAMP])));
	return result;
}
