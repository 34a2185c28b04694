/*
 * purge.c
 *	  Removes old interactions, in transactions of its own.
 *
 * It goes through the table once, in the order in which the rows lie there,
 * and passes over rows that others hold, so that it never waits for traffic
 * and nobody waits long for it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "interaction.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "changes.h"
#include "plans.h"
#include "storage/bufmgr.h"
#include "storage/itemptr.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "violation.h"

/* Number of blocks of a type's table. */
static BlockNumber
CountBlocks(const InteractionType *type)
{
	Relation relation = table_open(RequireTable(type->plural), AccessShareLock);
	BlockNumber blocks = RelationGetNumberOfBlocks(relation);

	table_close(relation, AccessShareLock);
	return blocks;
}

/*
 * Removes the first $2 rows older than $1 of those between two places, and
 * tells how many it chose, how many of these it removed, and where the last
 * lies.  A row that a trigger of the user's keeps is so not chosen again.
 *
 * To pass over rows that others hold is to lock those that are chosen, which
 * the policies for UPDATE have to allow, too.  So where there are policies,
 * others are waited for, and what DELETE would remove is removed.
 */
static SPIPlanPtr
PurgePlan(const InteractionType *type, bool with_policies)
{
	static SPIPlanPtr plans[NUM_TYPES][2];
	const Oid		  argtypes[] = {TIMESTAMPTZOID, INT4OID, TIDOID, TIDOID};
	const char		 *table = quote_identifier(type->plural);
	SPIPlanPtr		 *plan = &plans[TypeIndex(type)][with_policies];

	if (!PlanIsKept(*plan, type->plural))
		KeepPlan(plan,
				 psprintf("WITH chosen AS MATERIALIZED (SELECT ctid AS place"
						  " FROM interactions.%s"
						  " WHERE ctid OPERATOR(pg_catalog.>=) $3"
						  " AND ctid OPERATOR(pg_catalog.<) $4"
						  " AND \"timestamp\" OPERATOR(pg_catalog.<) $1"
						  " ORDER BY ctid LIMIT $2%s),"
						  " removed AS (DELETE FROM interactions.%s"
						  " WHERE ctid OPERATOR(pg_catalog.=) ANY"
						  " (ARRAY(SELECT place FROM chosen)) RETURNING 1)"
						  " SELECT pg_catalog.count(*),"
						  " (SELECT pg_catalog.count(*) FROM removed),"
						  " pg_catalog.max(place) FROM chosen",
						  table, with_policies ? "" : " FOR UPDATE SKIP LOCKED",
						  table),
				 lengthof(argtypes), argtypes, 0);
	return *plan;
}

/* Remove a batch between two places at most; advances from. */
static int64
PurgeBatch(const InteractionType *type, Datum older_than, int batch_size,
		   ItemPointer from, ItemPointer to)
{
	Datum values[] = {older_than, Int32GetDatum(batch_size),
					  PointerGetDatum(from), PointerGetDatum(to)};
	int64 removed;
	bool  isnull;

	RunPlan(PurgePlan(type, HidesRows(type->plural)), lengthof(values), values,
			NULL, SPI_OK_SELECT);
	removed = ResultInt64(2);
	if (ResultInt64(1) < batch_size)
		*from = *to;
	else
	{
		*from = *(ItemPointer) DatumGetPointer(
			SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 3,
						  &isnull));
		ItemPointerInc(from);
	}
	SPI_freetuptable(SPI_tuptable);
	return removed;
}

/*
 * Remove the old rows of a table, batch by batch, and commit each.  A step is
 * as many blocks as cannot hold more than a batch, or one after another.
 */
static int64
PurgeTable(const InteractionType *type, Datum older_than, int batch_size)
{
	BlockNumber		blocks = CountBlocks(type);
	BlockNumber		step = Max(batch_size / MaxHeapTuplesPerPage, 1);
	ItemPointerData from;
	ItemPointerData to;
	int64			total = 0;
	int64			reported = 0;

	ItemPointerSet(&from, 0, 0);
	for (BlockNumber block = 0; block < blocks;
		 block = ItemPointerGetBlockNumberNoCheck(&from))
	{
		ItemPointerSet(&to, blocks - block > step ? block + step : blocks, 0);
		total += PurgeBatch(type, older_than, batch_size, &from, &to);
		SPI_commit();
		CHECK_FOR_INTERRUPTS();
		if (total - reported >= batch_size)
		{
			ereport(NOTICE, (errmsg("purged " INT64_FORMAT " of %s so far",
									total, type->plural)));
			reported = total;
		}
	}
	return total;
}

/* purge(interaction_type, older_than, batch_size) */
PG_FUNCTION_INFO_V1(purge);
Datum
purge(PG_FUNCTION_ARGS)
{
	const InteractionType *type;
	int					   batch_size;
	int64				   total;

	if (PG_ARGISNULL(0))
		ReportNull("interaction_type");
	if (PG_ARGISNULL(1))
		ReportNull("older_than");
	if (PG_ARGISNULL(2))
		ReportNull("batch_size");
	type = TypeByName(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	batch_size = PG_GETARG_INT32(2);
	if (batch_size < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"batch_size\" must be at least 1, not %d",
							   batch_size)));
	if (fcinfo->context == NULL || !IsA(fcinfo->context, CallContext) ||
		castNode(CallContext, fcinfo->context)->atomic)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("purge cannot run inside a transaction"),
				 errhint("It commits what it has removed, batch by batch.")));

	SPI_connect_ext(SPI_OPT_NONATOMIC);
	total = PurgeTable(type, PG_GETARG_DATUM(1), batch_size);
	SPI_finish();
	ereport(NOTICE,
			(errmsg("purged " INT64_FORMAT " of %s", total, type->plural)));
	PG_RETURN_VOID();
}
