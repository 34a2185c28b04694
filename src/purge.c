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
#include "interactions.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "storage/bufmgr.h"
#include "storage/itemptr.h"
#include "utils/builtins.h"
#include "utils/rel.h"

/* Number of blocks of a type's table. */
static BlockNumber
CountBlocks(const InteractionType *type)
{
	RangeVar *name = makeRangeVar("interactions", pstrdup(type->plural), -1);
	Relation relation = table_openrv(name, AccessShareLock);
	BlockNumber blocks = RelationGetNumberOfBlocks(relation);

	table_close(relation, AccessShareLock);
	return blocks;
}

/* purge(interaction_type, older_than, batch_size) */
PG_FUNCTION_INFO_V1(purge);
Datum
purge(PG_FUNCTION_ARGS)
{
	Oid argtypes[] = {TIMESTAMPTZOID, INT4OID, TIDOID, TIDOID};
	Datum values[lengthof(argtypes)];
	ItemPointerData from;
	ItemPointerData to;
	const InteractionType *type;
	SPIPlanPtr plan = NULL;
	BlockNumber blocks;
	BlockNumber step;
	int batch_size;
	int64 total = 0;
	int64 reported = 0;

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
	KeepQuery(&plan,
			  psprintf("WITH removed AS (DELETE FROM interactions.%s"
					   " WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY("
					   "SELECT ctid FROM interactions.%s"
					   " WHERE ctid OPERATOR(pg_catalog.>=) $3"
					   " AND ctid OPERATOR(pg_catalog.<) $4"
					   " AND \"timestamp\" OPERATOR(pg_catalog.<) $1"
					   " LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING 1)"
					   " SELECT pg_catalog.count(*) FROM removed",
					   quote_identifier(type->plural),
					   quote_identifier(type->plural)),
			  lengthof(argtypes), argtypes);
	values[0] = PG_GETARG_DATUM(1);
	values[1] = Int32GetDatum(batch_size);
	values[2] = PointerGetDatum(&from);
	values[3] = PointerGetDatum(&to);

	/* as many blocks as cannot hold more than a batch, or one after another */
	blocks = CountBlocks(type);
	step = Max(batch_size / MaxHeapTuplesPerPage, 1);
	for (BlockNumber block = 0; block < blocks;)
	{
		int64 removed;

		ItemPointerSet(&from, block, 0);
		ItemPointerSet(&to, blocks - block > step ? block + step : blocks, 0);
		RunQuery(plan, lengthof(values), values, NULL, SPI_OK_SELECT);
		removed = ResultInt64(1);
		SPI_freetuptable(SPI_tuptable);
		SPI_commit();
		CHECK_FOR_INTERRUPTS();

		if (removed < batch_size)
			block = ItemPointerGetBlockNumberNoCheck(&to);
		total += removed;
		if (total - reported >= batch_size)
		{
			ereport(NOTICE, (errmsg("purged " INT64_FORMAT " of %s so far",
									total, type->plural)));
			reported = total;
		}
	}
	SPI_freeplan(plan);
	SPI_finish();
	ereport(NOTICE,
			(errmsg("purged " INT64_FORMAT " of %s", total, type->plural)));
	PG_RETURN_VOID();
}
