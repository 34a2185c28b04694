/*
 * changes.c
 *	  Changes to all rows of a user, of which none is kept back unseen.
 *
 * A policy hides rows from UPDATE and DELETE without a word, and a trigger may
 * skip them.  So a statement tells, of one snapshot and for each table, how
 * many rows it found, how many of these it moved and removed, and how many
 * ended otherwise than it was asked for.
 *
 * Mostly a statement changes one table.  But where foreign keys or triggers of
 * somebody's tie tables to each other, one statement changes all of them: such
 * triggers run when it ends, and find nothing left to do, or to miss.  So keys
 * hold without being deferred, nothing goes by a cascade, and what follows a
 * key is counted as any other row.
 *
 * To be called within SPI.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "changes.h"
#include "plans.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/plancache.h"
#include "utils/resowner.h"
#include "utils/rls.h"
#include "utils/timestamp.h"

/* of a statement, while others change what it comes to */
#define MAX_RUNS 10

/* whose rows, who gets them, and between which times interactions lie */
static const Oid argtypes[] = {TEXTOID, TEXTOID, TIMESTAMPTZOID,
							   TIMESTAMPTZOID};

/* The rows of a user in a table. */
static const char *
RowsOf(int table, const char *alias, const char *user)
{
	const char *of_user =
		psprintf("%s.user_id OPERATOR(pg_catalog.=) %s", alias, user);

	if (table >= NUM_TYPES)
		return of_user;
	return psprintf("%s AND %s.\"timestamp\" OPERATOR(pg_catalog.>=) $3"
					" AND %s.\"timestamp\" OPERATOR(pg_catalog.<=) $4",
					of_user, alias, alias);
}

/* Find what the other user has already, value for value. */
static void
AppendKnown(StringInfo sql, int table)
{
	const InteractionType *type = &InteractionTypes[table];
	const char			  *name = quote_identifier(type->plural);

	appendStringInfo(sql,
					 "SELECT one.\"timestamp\", one.item_id, one.fingerprint"
					 " FROM interactions.%s AS one JOIN interactions.%s AS other"
					 " ON other.\"timestamp\" OPERATOR(pg_catalog.=) one.\"timestamp\""
					 " AND other.item_id OPERATOR(pg_catalog.=) one.item_id"
					 " AND other.fingerprint OPERATOR(pg_catalog.=) one.fingerprint"
					 " WHERE %s AND %s",
					 name, name, RowsOf(table, "one", "$1"),
					 RowsOf(table, "other", "$2"));
	for (int i = COLUMN_RECOMMENDATION_ID; i < WireColumnCount(type); i++)
	{
		const char *column = quote_identifier(ColumnName(type, i));

		appendStringInfo(sql,
						 " AND (one.%s OPERATOR(pg_catalog.=) other.%s"
						 " OR one.%s IS NULL AND other.%s IS NULL)",
						 column, column, column, column);
	}
}

/* Let the other user keep that, for what is to refer to it; returns how many. */
static int64
LockKnown(int table, const Datum *users)
{
	static SPIPlanPtr plans[NUM_TYPES];
	Datum			  values[lengthof(argtypes)] = {users[0], users[1],
													TimestampTzGetDatum(DT_NOBEGIN),
													TimestampTzGetDatum(DT_NOEND)};
	StringInfoData	  sql;

	if (!PlanIsKept(plans[table], TableName(table)))
	{
		initStringInfo(&sql);
		appendStringInfoString(&sql, "SELECT pg_catalog.count(*) FROM (");
		AppendKnown(&sql, table);
		appendStringInfoString(&sql, " FOR KEY SHARE OF other) AS locked");
		KeepPlan(&plans[table], sql.data, lengthof(argtypes), argtypes,
				 CURSOR_OPT_GENERIC_PLAN);
	}
	RunPlan(plans[table], lengthof(values), values, NULL, SPI_OK_SELECT);
	return ResultInt64(0, 1);
}

/* Remove what the other user has already. */
static void
AppendRemoveDuplicates(StringInfo sql, int table)
{
	appendStringInfo(sql, "known_%d AS MATERIALIZED (", table);
	AppendKnown(sql, table);
	appendStringInfo(sql,
					 "), removed_%d AS (DELETE FROM interactions.%s AS one"
					 " USING known_%d AS known"
					 " WHERE %s"
					 " AND one.\"timestamp\" OPERATOR(pg_catalog.=) known.\"timestamp\""
					 " AND one.item_id OPERATOR(pg_catalog.=) known.item_id"
					 " AND one.fingerprint OPERATOR(pg_catalog.=) known.fingerprint"
					 " RETURNING 1), ",
					 table, quote_identifier(TableName(table)), table,
					 RowsOf(table, "one", "$1"));
}

/*
 * Change a table.  What has gone as a duplicate is filtered out row by row, not
 * by a join, which might lose the order of the key.
 */
static void
AppendChange(StringInfo sql, int table, RowsChange change)
{
	const char *name = quote_identifier(TableName(table));

	if (change == ROWS_GO)
	{
		appendStringInfo(sql,
						 "removed_%d AS (DELETE FROM interactions.%s AS one"
						 " WHERE %s RETURNING 1)",
						 table, name, RowsOf(table, "one", "$1"));
		return;
	}
	if (table < NUM_TYPES)
		AppendRemoveDuplicates(sql, table);
	appendStringInfo(sql,
					 "moved_%d AS (UPDATE interactions.%s AS one SET user_id = $2"
					 " WHERE %s",
					 table, name, RowsOf(table, "one", "$1"));
	if (table < NUM_TYPES)
		appendStringInfo(sql,
						 " AND NOT (\"timestamp\", item_id, fingerprint)"
						 " OPERATOR(pg_catalog.=) ANY"
						 " (SELECT \"timestamp\", item_id, fingerprint"
						 " FROM known_%d)",
						 table);
	appendStringInfoString(sql, " RETURNING user_id)");
}

/* Tell of a table: its number, found, removed, moved, otherwise. */
static void
AppendCount(StringInfo sql, int table, RowsChange change)
{
	const char *none = ", CAST(0 AS pg_catalog.int8)";

	appendStringInfo(sql,
					 "SELECT CAST(%d AS pg_catalog.int8),"
					 " (SELECT pg_catalog.count(*) FROM interactions.%s AS one"
					 " WHERE %s)",
					 table, quote_identifier(TableName(table)),
					 RowsOf(table, "one", "$1"));
	if (change == ROWS_GO || table < NUM_TYPES)
		appendStringInfo(sql, ", (SELECT pg_catalog.count(*) FROM removed_%d)",
						 table);
	else
		appendStringInfoString(sql, none);
	if (change == ROWS_MOVE)
		appendStringInfo(sql,
						 ", (SELECT pg_catalog.count(*) FROM moved_%d"
						 " WHERE user_id OPERATOR(pg_catalog.=) $2)"
						 ", (SELECT pg_catalog.count(*) FROM moved_%d"
						 " WHERE user_id OPERATOR(pg_catalog.<>) $2)",
						 table, table);
	else
		appendStringInfo(sql, "%s%s", none, none);
}

/* Set a setting for now, as ri_triggers.c does. */
static void
SetForNow(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Let a plan go through the rows by the primary key's index, and so in the
 * order in which batches store rows: two that meet in the same rows of the
 * target then wait for each other, and do not deadlock.  What is known already
 * is to be hashed, however much it is, and nothing compiled just because what
 * a policy reads has no index.  The planner is told so only while it plans,
 * and not the triggers that the plan fires.  The plan is generic, and kept: to
 * plan for each of the first calls would take longer than to run, by far so
 * where there are many partitions.
 */
static void
PlanByIndex(SPIPlanPtr plan)
{
	int nestlevel = NewGUCNestLevel();

	SetForNow("enable_seqscan", "off");
	SetForNow("enable_bitmapscan", "off");
	SetForNow("work_mem", "2097151");
	SetForNow("jit", "off");
	ReleaseCachedPlan(SPI_plan_get_cached_plan(plan), CurrentResourceOwner);
	AtEOXact_GUC(true, nestlevel);
}

/* The statement that does changes to the tables from first to last. */
static SPIPlanPtr
ChangePlan(SPIPlanPtr *plan, const RowsChange *changes, int first, int last)
{
	StringInfoData sql;
	StringInfoData counts;
	bool		   kept = true;

	for (int table = first; table <= last; table++)
		kept = (changes[table] == ROWS_STAY ||
				PlanIsKept(*plan, TableName(table))) &&
			   kept;
	if (!kept)
	{
		initStringInfo(&sql);
		initStringInfo(&counts);
		for (int i = first; i <= last; i++)
		{
			/* the target first, for a trigger that asks for that */
			int table = changes[last] != ROWS_MOVE ? i
						: i == first			   ? last
												   : i - 1;

			if (changes[table] == ROWS_STAY)
				continue;
			appendStringInfoString(&sql, sql.len > 0 ? ", " : "WITH ");
			AppendChange(&sql, table, changes[table]);
			if (counts.len > 0)
				appendStringInfoString(&counts, " UNION ALL ");
			AppendCount(&counts, table, changes[table]);
		}
		appendStringInfo(&sql, " %s", counts.data);
		KeepPlan(plan, sql.data, lengthof(argtypes), argtypes,
				 CURSOR_OPT_GENERIC_PLAN);
	}
	return *plan;
}

/* Lock all rows, until none has come while others were waited for. */
static void
LockChanged(const UserChange *change)
{
	int64 locked = -1;
	int64 before = -2;

	for (int pass = 0; pass < MAX_RUNS && locked != before; pass++)
	{
		before = locked;
		locked = 0;
		for (int table = NUM_USER_TABLES - 1; table >= 0; table--)
		{
			if (change->changes[table] != ROWS_STAY)
				locked += LockRowsOf(table, change->users[0]);
			if (table < NUM_TYPES && change->changes[table] == ROWS_MOVE)
				locked += LockKnown(table, change->users);
		}
	}
}

/*
 * Run such a statement, and count; raises where a policy or a trigger kept
 * rows.
 *
 * Rows that somebody else removed meanwhile were found and not changed, too.
 * Then there is nothing left for another run, with a snapshot of its own,
 * which also comes to what was committed meanwhile.
 *
 * Where tables are tied, all rows are locked before: else what others store
 * until the statement ends, or make of a row that it has passed over, would
 * follow a key uncounted.  So would what was kept, and it is nobody else who
 * did that.  And there is another run until one finds nothing, so that nothing
 * is left that a trigger has stored.
 */
static void
RunChange(SPIPlanPtr plan, UserChange *change, bool tied, TimestampTz oldest,
		  TimestampTz newest)
{
	Datum values[lengthof(argtypes)] = {change->users[0], change->users[1],
										TimestampTzGetDatum(oldest),
										TimestampTzGetDatum(newest)};
	int	  nestlevel = NewGUCNestLevel();
	bool  done = false;

	/* the plan that is kept is run, whatever the session asks for */
	SetForNow("plan_cache_mode", "auto");
	for (int run = 1; !done; run++)
	{
		uint64 ntables;

		if (tied)
			LockChanged(change);
		PlanByIndex(plan);
		ntables = RunPlan(plan, lengthof(values), values, NULL, SPI_OK_SELECT);
		done = true;
		for (uint64 i = 0; i < ntables; i++)
		{
			int	  table = ResultInt64(i, 1);
			int64 found = ResultInt64(i, 2);
			int64 removed = ResultInt64(i, 3);
			int64 moved = ResultInt64(i, 4);
			bool  kept = found != removed + moved;

			change->removed[table] += removed;
			change->moved[table] += moved;
			if (!kept && !(tied && found > 0))
				continue;
			if (run == MAX_RUNS || ResultInt64(i, 5) > 0 ||
				(kept && (tied || IsolationUsesXactSnapshot())))
				ReportKeptRows(TableName(table));
			done = false;
		}
	}
	AtEOXact_GUC(true, nestlevel);
}

/* Do what is to be done, and count it. */
void
ChangeRows(UserChange *change)
{
	/* of one table, by what becomes of it; and of all of them, so, too */
	static SPIPlanPtr singles[NUM_USER_TABLES][ROWS_GO + 1];
	static SPIPlanPtr joint[ROWS_GO + 1][ROWS_GO + 1][ROWS_GO + 1];
	RowsChange		 *changes = change->changes;

	/* where the script is older than the library there is no such table */
	if (!OidIsValid(FindTable(TableName(TABLE_RECOMMENDATIONS))))
		changes[TABLE_RECOMMENDATIONS] = ROWS_STAY;
	memset(change->moved, 0, sizeof(change->moved));
	memset(change->removed, 0, sizeof(change->removed));
	if (AreTied())
	{
		SPIPlanPtr *plan;

		for (int i = 1; i < NUM_TYPES; i++)
			changes[0] = Max(changes[0], changes[i]);
		for (int i = 1; i < NUM_TYPES; i++)
			changes[i] = changes[0];
		plan = &joint[changes[0]][changes[TABLE_RECOMMENDATIONS]]
					 [changes[TABLE_USERS]];
		RunChange(ChangePlan(plan, changes, 0, TABLE_USERS), change, true,
				  DT_NOBEGIN, DT_NOEND);
		return;
	}
	for (int table = 0; table < NUM_USER_TABLES; table++)
	{
		bool bounded = table < NUM_TYPES && changes[table] == ROWS_MOVE;

		if (changes[table] != ROWS_STAY)
			RunChange(ChangePlan(&singles[table][changes[table]], changes,
								 table, table),
					  change, false,
					  bounded ? change->oldest[table] : DT_NOBEGIN,
					  bounded ? change->newest[table] : DT_NOEND);
	}
}

/* Whether row-level security holds for the current user on a table of ours. */
bool
HidesRows(const char *table)
{
	return check_enable_rls(RequireTable(table), InvalidOid, true) ==
		   RLS_ENABLED;
}

/* Raise that rows of a table were kept from what was asked for. */
void
ReportKeptRows(const char *table)
{
	if (HidesRows(table))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("row-level security keeps rows of table \"%s\" from being changed",
						table),
				 errhint("The policies for UPDATE and DELETE must hold for all"
						 " rows of the user that those for SELECT show.")));
	ereport(ERROR,
			(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
			 errmsg("a trigger keeps rows of table \"%s\" from being changed",
					table)));
}
