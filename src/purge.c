/*
 * purge.c
 *	  Removes old interactions, in transactions of its own.
 *
 * It goes through the table once, in the order in which the rows lie there,
 * and passes over rows that others hold, so that it does not wait for traffic,
 * but under row-level security, and nobody waits long for it.  Where the table
 * is in shards, each of these is gone through where it is.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "distribution.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "own_tables.h"
#include "partitions.h"
#include "plans.h"
#include "storage/bufmgr.h"
#include "storage/itemptr.h"
#include "tcop/utility.h"
#include "types.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "violation.h"

/* what is to be purged: a table of ours, or a shard of one */
typedef struct Purge
{
	Oid			relid;
	const char *name;  /* as SQL has it */
	const char *label; /* as NOTICEs have it, or NULL for none */
	TimestampTz older_than;
	int			batch_size;
	SPIPlanPtr	plans[2]; /* without policies and with them */
	int64		total;
	TimestampTz told; /* when a NOTICE said so */
} Purge;

/* one of the tables that hold the rows of a type: its only one, or a partition */
typedef struct Part
{
	Oid			relid;
	BlockNumber blocks;
	TimestampTz from; /* no row of it is older, */
	TimestampTz to;	  /* and each is older than this */
} Part;

/* Open what is to be purged; it may be gone, and must not have rules. */
static Relation
OpenPurged(const Purge *purge)
{
	Relation rel = try_table_open(purge->relid, AccessShareLock);

	if (rel == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
						errmsg("relation \"%s\" does not exist", purge->name)));
	RefuseRewriteRules(rel);
	return rel;
}

/* The tables that hold the rows; in the current memory context. */
static Part *
FindParts(const Purge *purge, int *nparts)
{
	Relation		rel = OpenPurged(purge);
	TimePartitions *partitions = FindTimePartitions(rel);
	List	 *oids = find_all_inheritors(purge->relid, AccessShareLock, NULL);
	Part	 *parts = palloc(mul_size(sizeof(Part), list_length(oids)));
	ListCell *cell;

	*nparts = 0;
	foreach (cell, oids)
	{
		Relation child = table_open(lfirst_oid(cell), NoLock);
		Part	*part = &parts[*nparts];

		part->relid = RelationGetRelid(child);
		part->from = DT_NOBEGIN;
		part->to = DT_NOEND;
		if (partitions != NULL)
			PartitionRange(partitions, part->relid, &part->from, &part->to);
		if (child->rd_rel->relkind == RELKIND_FOREIGN_TABLE)
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("cannot purge foreign table \"%s\"",
							RelationGetRelationName(child)),
					 errhint("Delete its rows where they are, or detach it.")));
		if (child->rd_rel->relkind == RELKIND_RELATION)
		{
			part->blocks = RelationGetNumberOfBlocks(child);
			(*nparts)++;
		}
		table_close(child, NoLock);
	}
	table_close(rel, NoLock);
	return parts;
}

/*
 * Removes the first $2 rows older than $1 of those between two places in one
 * of the tables, and tells how many it chose, how many of these it removed,
 * and where the last lies.  A row that a trigger of the user's keeps is so not
 * chosen again.  A partition is named by the times that it holds, too, so that
 * others are not looked at.
 *
 * To pass over rows that others hold is to lock those that are chosen, which
 * the policies for UPDATE have to allow, too.  So where there are policies,
 * others are waited for, and what DELETE would remove is removed.
 */
static SPIPlanPtr
PurgePlan(Purge *purge)
{
	const Oid	argtypes[] = {TIMESTAMPTZOID, INT4OID, TIDOID,
							  TIDOID,		  OIDOID,  TIMESTAMPTZOID,
							  TIMESTAMPTZOID};
	const char *of_part = " tableoid OPERATOR(pg_catalog.=) $5"
						  " AND \"timestamp\" OPERATOR(pg_catalog.>=) $6"
						  " AND \"timestamp\" OPERATOR(pg_catalog.<) $7";
	bool		with_policies = RowSecurityHolds(purge->relid);
	SPIPlanPtr *plan = &purge->plans[with_policies];

	if (*plan == NULL)
		KeepPlan(plan,
				 psprintf("WITH chosen AS MATERIALIZED (SELECT ctid AS place"
						  " FROM %s WHERE%s"
						  " AND ctid OPERATOR(pg_catalog.>=) $3"
						  " AND ctid OPERATOR(pg_catalog.<) $4"
						  " AND \"timestamp\" OPERATOR(pg_catalog.<) $1"
						  " ORDER BY ctid LIMIT $2%s),"
						  " removed AS (DELETE FROM %s WHERE%s"
						  " AND \"timestamp\" OPERATOR(pg_catalog.<) $1"
						  " AND ctid OPERATOR(pg_catalog.=) ANY"
						  " (ARRAY(SELECT place FROM chosen)) RETURNING 1)"
						  " SELECT pg_catalog.count(*),"
						  " (SELECT pg_catalog.count(*) FROM removed),"
						  " pg_catalog.max(place) FROM chosen",
						  purge->name, of_part,
						  with_policies ? "" : " FOR UPDATE SKIP LOCKED",
						  purge->name, of_part),
				 lengthof(argtypes), argtypes, 0);
	return *plan;
}

/* Remove a batch between two places at most; advances from. */
static void
PurgeBatch(Purge *purge, const Part *part, ItemPointer from, ItemPointer to)
{
	Datum values[] = {TimestampTzGetDatum(purge->older_than),
					  Int32GetDatum(purge->batch_size),
					  PointerGetDatum(from),
					  PointerGetDatum(to),
					  ObjectIdGetDatum(part->relid),
					  TimestampTzGetDatum(part->from),
					  TimestampTzGetDatum(part->to)};
	bool  isnull;

	RunPlan(PurgePlan(purge), values, NULL);
	purge->total += ResultInt64(0, 2);
	if (ResultInt64(0, 1) < purge->batch_size)
		*from = *to;
	else
	{
		*from = *(ItemPointer) DatumGetPointer(
			SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 3,
						  &isnull));
		ItemPointerInc(from);
		/* one that was updated meanwhile lies elsewhere, beyond what follows */
		if (ItemPointerCompare(from, to) > 0)
			*from = *to;
	}
	SPI_freetuptable(SPI_tuptable);
}

/*
 * Remove the old rows of a table, batch by batch, and commit each; says so
 * where that was told more than a second ago.  A step is as many blocks as
 * cannot hold more than a batch, or one after another.
 */
static void
PurgePart(Purge *purge, const Part *part)
{
	BlockNumber		step = Max(purge->batch_size / MaxHeapTuplesPerPage, 1);
	ItemPointerData from;
	ItemPointerData to;

	ItemPointerSet(&from, 0, 0);
	for (BlockNumber block = 0; block < part->blocks;
		 block = ItemPointerGetBlockNumberNoCheck(&from))
	{
		ItemPointerSet(&to,
					   part->blocks - block > step ? block + step
												   : part->blocks,
					   0);
		PurgeBatch(purge, part, &from, &to);
		SPI_commit();
		CHECK_FOR_INTERRUPTS();
		if (purge->label != NULL &&
			TimestampDifferenceExceeds(purge->told, GetCurrentTimestamp(),
									   1000))
		{
			ereport(NOTICE, (errmsg("purged " INT64_FORMAT " of %s so far",
									purge->total, purge->label)));
			purge->told = GetCurrentTimestamp();
		}
	}
}

/* Remove the old rows of a table. */
static void
PurgeTable(Purge *purge)
{
	int nparts;
	Part *volatile parts = FindParts(purge, &nparts);

	purge->told = GetCurrentTimestamp();
	PG_TRY();
	{
		for (int i = 0; i < nparts; i++)
		{
			if (parts[i].from < purge->older_than)
				PurgePart(purge, &parts[i]);
		}
	}
	PG_FINALLY();
	{
		for (int i = 0; i < (int) lengthof(purge->plans); i++)
		{
			if (purge->plans[i] != NULL)
				SPI_freeplan(purge->plans[i]);
		}
	}
	PG_END_TRY();
}

/*
 * Remove the old rows of each shard where it is, in transactions of that
 * server.  Of an error there only its text comes back; the statement that is
 * run then raises it as it was, or does the rest.
 */
static void
PurgeShards(Purge *purge)
{
	Oid	  argtypes[] = {TIMESTAMPTZOID, REGCLASSOID, INT4OID};
	Datum values[] = {TimestampTzGetDatum(purge->older_than),
					  ObjectIdGetDatum(purge->relid),
					  Int32GetDatum(purge->batch_size)};
	int	  nestlevel = BeginOnShards(purge->label);

	/* the command has a time as text, which every server reads alike */
	SetForNow("datestyle", "ISO");
	if (SPI_execute_with_args("SELECT pg_catalog.count(*) FILTER (WHERE NOT success),"
							  " pg_catalog.sum(CASE WHEN success"
							  " THEN result::pg_catalog.int8 END)::pg_catalog.int8"
							  " FROM pg_catalog.run_command_on_shards($2,"
							  " pg_catalog.format('CALL interactions.purge_shard("
							  "%%L, %L, %s, 0)', $1, $3), false)",
							  lengthof(argtypes), argtypes, values, NULL, false,
							  0) != SPI_OK_SELECT)
		elog(ERROR, "could not purge shards");
	purge->total = ResultInt64(0, 2);
	if (ResultInt64(0, 1) > 0)
	{
		SPI_execute_with_args(psprintf("DELETE FROM %s WHERE \"timestamp\""
									   " OPERATOR(pg_catalog.<) $1",
									   purge->name),
							  1, argtypes, values, NULL, false, 0);
		purge->total += SPI_processed;
	}
	EndOnShards(nestlevel);
}

/* The arguments that both procedures have: since when, and how many at once. */
static Purge
ReadPurge(FunctionCallInfo fcinfo)
{
	Purge purge = {0};

	RequireArgument(fcinfo, 1, "older_than");
	RequireArgument(fcinfo, 2, "batch_size");
	purge.older_than = PG_GETARG_TIMESTAMPTZ(1);
	purge.batch_size = PG_GETARG_INT32(2);
	if (purge.batch_size < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"batch_size\" must be at least 1, not %d",
							   purge.batch_size)));
	if (purge.older_than > GetCurrentTimestamp())
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"older_than\" must not be in the future")));
	if (fcinfo->context == NULL || !IsA(fcinfo->context, CallContext) ||
		castNode(CallContext, fcinfo->context)->atomic)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("purge cannot run inside a transaction"),
				 errhint("It commits what it has removed, batch by batch.")));
	return purge;
}

/* purge(interaction_type, older_than, batch_size) */
PG_FUNCTION_INFO_V1(purge);
Datum
purge(PG_FUNCTION_ARGS)
{
	const char *table;
	Purge		purge;

	RequireArgument(fcinfo, 0, "interaction_type");
	table = text_to_cstring(PG_GETARG_TEXT_PP(0));
	purge = ReadPurge(fcinfo);
	/* they have a time, too, and so can be purged as a type is */
	if (strcmp(table, "recommendations") != 0)
		(void) TypeByName(table);
	purge.relid = RequireTable(table);
	PreventCommandIfReadOnly("purge");
	purge.name = quote_qualified_identifier("interactions", table);
	purge.label = table;

	SPI_connect_ext(SPI_OPT_NONATOMIC);
	if (IsDistributed(table))
		PurgeShards(&purge);
	else
		PurgeTable(&purge);
	SPI_finish();
	ereport(NOTICE,
			(errmsg("purged " INT64_FORMAT " of %s", purge.total, table)));
	PG_RETURN_VOID();
}

/*
 * purge_shard(shard, older_than, batch_size, INOUT purged): what purge has each
 * server do with its shards
 */
PG_FUNCTION_INFO_V1(purge_shard);
Datum
purge_shard(PG_FUNCTION_ARGS)
{
	Purge	  purge = ReadPurge(fcinfo);
	TupleDesc tupdesc;
	Datum	  result;
	bool	  isnull = false;

	RequireArgument(fcinfo, 0, "shard");
	purge.relid = PG_GETARG_OID(0);
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	purge.name = DatumGetCString(
		DirectFunctionCall1(regclassout, ObjectIdGetDatum(purge.relid)));
	PurgeTable(&purge);
	SPI_finish();
	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "purge_shard must return a row");
	result = Int64GetDatum(purge.total);
	PG_RETURN_DATUM(
		HeapTupleGetDatum(heap_form_tuple(tupdesc, &result, &isnull)));
}
