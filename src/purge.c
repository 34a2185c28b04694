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
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "changes.h"
#include "interaction.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "partitions.h"
#include "plans.h"
#include "storage/bufmgr.h"
#include "storage/itemptr.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "violation.h"

/* they have a time, too, and so can be purged as a type is */
static const InteractionType recommendations = {.plural = "recommendations"};

/* one of the tables that hold the rows of a type: its only one, or a partition */
typedef struct Part
{
	Oid			relid;
	BlockNumber blocks;
	TimestampTz from; /* no row of it is older, */
	TimestampTz to;	  /* and each is older than this */
} Part;

/* The tables that hold the rows of a type; in the current memory context. */
static Part *
FindParts(const InteractionType *type, int *nparts)
{
	Relation rel = table_open(RequireTable(type->plural), AccessShareLock);
	TimePartitions *partitions = FindTimePartitions(rel);
	List		   *oids =
		find_all_inheritors(RelationGetRelid(rel), AccessShareLock, NULL);
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
PurgePlan(const InteractionType *type, bool with_policies)
{
	static SPIPlanPtr plans[NUM_TYPES + 1][2];
	const Oid		  argtypes[] = {TIMESTAMPTZOID, INT4OID, TIDOID,
									TIDOID,			OIDOID,	 TIMESTAMPTZOID,
									TIMESTAMPTZOID};
	const char		 *table = quote_identifier(type->plural);
	const char		 *of_part = " tableoid OPERATOR(pg_catalog.=) $5"
								" AND \"timestamp\" OPERATOR(pg_catalog.>=) $6"
								" AND \"timestamp\" OPERATOR(pg_catalog.<) $7";
	int			slot = type == &recommendations ? NUM_TYPES : TypeIndex(type);
	SPIPlanPtr *plan = &plans[slot][with_policies];

	if (!PlanIsKept(*plan, type->plural))
		KeepPlan(plan,
				 psprintf("WITH chosen AS MATERIALIZED (SELECT ctid AS place"
						  " FROM interactions.%s WHERE%s"
						  " AND ctid OPERATOR(pg_catalog.>=) $3"
						  " AND ctid OPERATOR(pg_catalog.<) $4"
						  " AND \"timestamp\" OPERATOR(pg_catalog.<) $1"
						  " ORDER BY ctid LIMIT $2%s),"
						  " removed AS (DELETE FROM interactions.%s WHERE%s"
						  " AND ctid OPERATOR(pg_catalog.=) ANY"
						  " (ARRAY(SELECT place FROM chosen)) RETURNING 1)"
						  " SELECT pg_catalog.count(*),"
						  " (SELECT pg_catalog.count(*) FROM removed),"
						  " pg_catalog.max(place) FROM chosen",
						  table, of_part,
						  with_policies ? "" : " FOR UPDATE SKIP LOCKED", table,
						  of_part),
				 lengthof(argtypes), argtypes, 0);
	return *plan;
}

/* Remove a batch between two places at most; advances from. */
static int64
PurgeBatch(const InteractionType *type, const Part *part,
		   TimestampTz older_than, int batch_size, ItemPointer from,
		   ItemPointer to)
{
	Datum values[] = {TimestampTzGetDatum(older_than),
					  Int32GetDatum(batch_size),
					  PointerGetDatum(from),
					  PointerGetDatum(to),
					  ObjectIdGetDatum(part->relid),
					  TimestampTzGetDatum(part->from),
					  TimestampTzGetDatum(part->to)};
	int64 removed;
	bool  isnull;

	RunPlan(PurgePlan(type, HidesRows(type->plural)), lengthof(values), values,
			NULL, SPI_OK_SELECT);
	removed = ResultInt64(0, 2);
	if (ResultInt64(0, 1) < batch_size)
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
 * Remove the old rows of a table, batch by batch, and commit each; adds to
 * total, and says so where that was reported more than a second ago.  A step
 * is as many blocks as cannot hold more than a batch, or one after another.
 */
static void
PurgePart(const InteractionType *type, const Part *part, TimestampTz older_than,
		  int batch_size, int64 *total, TimestampTz *reported)
{
	BlockNumber		step = Max(batch_size / MaxHeapTuplesPerPage, 1);
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
		*total += PurgeBatch(type, part, older_than, batch_size, &from, &to);
		SPI_commit();
		CHECK_FOR_INTERRUPTS();
		if (TimestampDifferenceExceeds(*reported, GetCurrentTimestamp(), 1000))
		{
			ereport(NOTICE, (errmsg("purged " INT64_FORMAT " of %s so far",
									*total, type->plural)));
			*reported = GetCurrentTimestamp();
		}
	}
}

/* Remove the old rows of a type; returns how many. */
static int64
PurgeType(const InteractionType *type, TimestampTz older_than, int batch_size)
{
	int			nparts;
	Part	   *parts = FindParts(type, &nparts);
	int64		total = 0;
	TimestampTz reported = GetCurrentTimestamp();

	for (int i = 0; i < nparts; i++)
	{
		if (parts[i].from < older_than)
			PurgePart(type, &parts[i], older_than, batch_size, &total,
					  &reported);
	}
	return total;
}

/* purge(interaction_type, older_than, batch_size) */
PG_FUNCTION_INFO_V1(purge);
Datum
purge(PG_FUNCTION_ARGS)
{
	const InteractionType *type;
	const char			  *name;
	int					   batch_size;
	int64				   total;

	if (PG_ARGISNULL(0))
		ReportNull("interaction_type");
	if (PG_ARGISNULL(1))
		ReportNull("older_than");
	if (PG_ARGISNULL(2))
		ReportNull("batch_size");
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	type = strcmp(name, recommendations.plural) == 0 ? &recommendations
													 : TypeByName(name);
	batch_size = PG_GETARG_INT32(2);
	if (batch_size < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"batch_size\" must be at least 1, not %d",
							   batch_size)));
	if (PG_GETARG_TIMESTAMPTZ(1) > GetCurrentTimestamp())
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"older_than\" must not be in the future")));
	if (fcinfo->context == NULL || !IsA(fcinfo->context, CallContext) ||
		castNode(CallContext, fcinfo->context)->atomic)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("purge cannot run inside a transaction"),
				 errhint("It commits what it has removed, batch by batch.")));

	SPI_connect_ext(SPI_OPT_NONATOMIC);
	total = PurgeType(type, PG_GETARG_TIMESTAMPTZ(1), batch_size);
	SPI_finish();
	ereport(NOTICE,
			(errmsg("purged " INT64_FORMAT " of %s", total, type->plural)));
	PG_RETURN_VOID();
}
