/*
 * delete.c
 *	  Deletes the interactions that match what is given.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "locks.h"
#include "own_tables.h"
#include "plans.h"
#include "rules.h"
#include "timestamp.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* arguments of the functions */
enum
{
	ARG_USER_ID,
	ARG_ITEM_ID,
	ARG_TIMESTAMP,
	ARG_FROM_TIMESTAMP,
	ARG_TO_TIMESTAMP,
	ARG_DELETE_ALL
};

/* what a deletion looks for; bits */
#define DELETE_IN_RANGE (1 << 0)
#define DELETE_BY_USER (1 << 1)
#define DELETE_BY_ITEM (1 << 2)
#define NUM_DELETE_KINDS (1 << 3)

/* Deletes by conditions, in bits; its parameters are from, to, user, and item. */
static SPIPlanPtr
DeletePlan(const InteractionType *type, int conditions)
{
	static SPIPlanPtr plans[NUM_TYPES][NUM_DELETE_KINDS];
	const Oid	argtypes[] = {TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, TEXTOID};
	SPIPlanPtr *plan = &plans[TypeIndex(type)][conditions];
	StringInfoData sql;

	if (PlanIsKept(*plan, type->plural))
		return *plan;
	initStringInfo(&sql);
	appendStringInfo(&sql, "DELETE FROM interactions.%s WHERE true",
					 type->plural);
	if (conditions & DELETE_IN_RANGE)
		appendStringInfoString(&sql,
							   " AND \"timestamp\" OPERATOR(pg_catalog.>=) $1"
							   " AND \"timestamp\" OPERATOR(pg_catalog.<) $2");
	if (conditions & DELETE_BY_USER)
		appendStringInfoString(&sql, " AND user_id OPERATOR(pg_catalog.=) $3");
	if (conditions & DELETE_BY_ITEM)
		appendStringInfoString(&sql, " AND item_id OPERATOR(pg_catalog.=) $4");
	KeepPlan(plan, sql.data, lengthof(argtypes), argtypes, 0);
	return *plan;
}

/* Hold the call to the criteria that it may have: some, or else delete_all. */
static void
CheckCriteria(bool given, bool all)
{
	if (!given && !all)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("at least one criterion must be given"),
				 errhint(
					 "The criteria are user_id, item_id, timestamp, from_timestamp, to_timestamp; delete_all alone deletes everything.")));
	if (given && all)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"delete_all\" goes with no criterion")));
}

/*
 * delete_TYPEs(user_id, item_id, timestamp, from_timestamp, to_timestamp,
 *				delete_all)
 */
PG_FUNCTION_INFO_V1(delete_interactions);
Datum
delete_interactions(PG_FUNCTION_ARGS)
{
	const InteractionType *type = TypeOfFunction(fcinfo);
	bool				   by_user = !PG_ARGISNULL(ARG_USER_ID);
	bool				   by_item = !PG_ARGISNULL(ARG_ITEM_ID);
	bool				   given = false;
	bool all = !PG_ARGISNULL(ARG_DELETE_ALL) && PG_GETARG_BOOL(ARG_DELETE_ALL);
	TimestampTz from;
	TimestampTz to;
	int			conditions = 0;
	int64		deleted;
	Relation	rel;
	Datum		values[4];
	bool		isnull[4] = {false, false, !by_user, !by_item};

	for (int i = 0; i < ARG_DELETE_ALL; i++)
		given = given || !PG_ARGISNULL(i);
	CheckCriteria(given, all);

	if (by_user)
		IdArgument(fcinfo, ARG_USER_ID, "user_id");
	if (by_item)
		IdArgument(fcinfo, ARG_ITEM_ID, "item_id");
	from = TimestampArgument(fcinfo, ARG_FROM_TIMESTAMP, "from_timestamp",
							 DT_NOBEGIN);
	to = TimestampArgument(fcinfo, ARG_TO_TIMESTAMP, "to_timestamp", DT_NOEND);
	if (!PG_ARGISNULL(ARG_TIMESTAMP))
	{
		TimestampTz at =
			TimestampArgument(fcinfo, ARG_TIMESTAMP, "timestamp", 0);

		/* timestamps are whole milliseconds, so the next one is out */
		from = Max(from, at);
		to = Min(to, at + 1);
	}
	if (!TIMESTAMP_IS_NOBEGIN(from) || !TIMESTAMP_IS_NOEND(to))
		conditions |= DELETE_IN_RANGE;
	if (by_user)
		conditions |= DELETE_BY_USER;
	if (by_item)
		conditions |= DELETE_BY_ITEM;

	values[0] = TimestampTzGetDatum(from);
	values[1] = TimestampTzGetDatum(to);
	values[2] = PG_GETARG_DATUM(ARG_USER_ID);
	values[3] = PG_GETARG_DATUM(ARG_ITEM_ID);

	/* two that meet the same rows in another order would deadlock */
	if (by_user)
		LockUsers(TextSpan(values[2]), TextSpan(values[2]));
	else
		LockAllUsers();
	rel = OpenTable(type->plural, RowExclusiveLock);
	RefuseRewriteRules(rel);
	table_close(rel, NoLock);
	SPI_connect();
	deleted = RunPlan(DeletePlan(type, conditions), values, isnull);
	SPI_finish();

	PG_RETURN_TEXT_P(
		cstring_to_text(psprintf("{\"deleted\": " INT64_FORMAT "}", deleted)));
}
