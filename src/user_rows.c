/*
 * user_rows.c
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
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "distribution.h"
#include "own_tables.h"
#include "plans.h"
#include "user_keys.h"
#include "user_rows.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

/* of a statement, while others change what it comes to */
#define MAX_RUNS 10

static const Oid argtypes[NUM_CHANGE_ARGS] = {TEXTOID, TEXTOID, TIMESTAMPTZOID,
											  TIMESTAMPTZOID};

/* where a statement is run: on one table, on all that are tied, or on shards */
typedef enum ChangeScope
{
	SCOPE_TABLE,
	SCOPE_TIED,
	SCOPE_SHARDS
} ChangeScope;

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

/*
 * Lock the other user's rows of which the first one has duplicates, so that they
 * stay; returns how many they are.
 */
static int64
LockDuplicates(int table, const Datum *users)
{
	static SPIPlanPtr plans[NUM_TYPES];
	Datum			  values[lengthof(argtypes)] = {users[0], users[1],
													TimestampTzGetDatum(DT_NOBEGIN),
													TimestampTzGetDatum(DT_NOEND)};

	if (!PlanIsKept(plans[table], TableName(table)))
		KeepPlan(&plans[table],
				 psprintf("SELECT pg_catalog.count(*) FROM (%s) AS locked",
						  DuplicateRows(table, false, "FOR KEY SHARE")),
				 lengthof(argtypes), argtypes, CURSOR_OPT_GENERIC_PLAN);
	PlanByIndex(plans[table]);
	RunPlan(plans[table], values, NULL);
	return ResultInt64(0, 1);
}

/* The statement that does changes to the tables from first to last. */
static SPIPlanPtr
ChangePlan(SPIPlanPtr *plan, const RowsChange *changes, int first, int last)
{
	bool kept = true;

	for (int table = first; table <= last; table++)
		kept = (changes[table] == ROWS_STAY ||
				PlanIsKept(*plan, TableName(table))) &&
			   kept;
	if (!kept)
		KeepPlan(plan, ChangeStatement(changes, first, last, false),
				 lengthof(argtypes), argtypes, CURSOR_OPT_GENERIC_PLAN);
	return *plan;
}

/* Lock all rows, until none has come while others were waited for. */
static void
LockChanged(const UserChange *change, int64 *locked)
{
	int64 total = -1;
	int64 before = -2;

	for (int pass = 0; pass < MAX_RUNS && total != before; pass++)
	{
		before = total;
		total = 0;
		for (int table = NUM_USER_TABLES - 1; table >= 0; table--)
		{
			locked[table] = change->changes[table] == ROWS_STAY
								? 0
								: LockRowsOf(table, change->users[0]);
			total += locked[table];
			if (table < NUM_TYPES && change->changes[table] == ROWS_MOVE)
				total += LockDuplicates(table, change->users);
		}
	}
}

/* How many of the rows, whose keys a joint statement told, a user has. */
static int64
CountMoved(int table, Datum user, HeapTuple row, TupleDesc tupdesc)
{
	static SPIPlanPtr plans[TABLE_RECOMMENDATIONS + 1];
	const Oid		  types[] = {TEXTOID, TIMESTAMPTZARRAYOID, TEXTARRAYOID,
								 INT8ARRAYOID};
	Datum			  values[lengthof(types)] = {user};
	bool			  isnull[lengthof(types)] = {false};

	for (int i = 1; i < (int) lengthof(types); i++)
		values[i] = SPI_getbinval(row, tupdesc, MOVED_KEYS + i - 1, &isnull[i]);
	RunKept(&plans[table], TableName(table),
			table == TABLE_RECOMMENDATIONS
				? "SELECT pg_catalog.count(*)"
				  " FROM interactions.recommendations"
				  " WHERE user_id OPERATOR(pg_catalog.=) $1"
				  " AND recommendation_id OPERATOR(pg_catalog.=) ANY ($3)"
				/* a child that inherits from a table may repeat its keys */
				: "SELECT pg_catalog.count(*)"
				  " FROM (SELECT DISTINCT * FROM ROWS FROM"
				  " (pg_catalog.unnest($2), pg_catalog.unnest($3),"
				  " pg_catalog.unnest($4)) AS keys) AS moved (at, item, print)"
				  " JOIN interactions.%s AS one ON one.user_id"
				  " OPERATOR(pg_catalog.=) $1"
				  " AND one.\"timestamp\""
				  " OPERATOR(pg_catalog.=) moved.at"
				  " AND one.item_id"
				  " OPERATOR(pg_catalog.=) moved.item"
				  " AND one.fingerprint"
				  " OPERATOR(pg_catalog.=) moved.print",
			lengthof(types), types, values, isnull);
	return ResultInt64(0, 1);
}

/*
 * Hold what joint statements say they moved to what is there in the end: what
 * referred to a duplicate may have gone with it, and a trigger may have done
 * anything.
 */
static void
RequireMoved(Datum user, List *results)
{
	ListCell *cell;

	foreach (cell, results)
	{
		const SPITupleTable *counts = lfirst(cell);

		for (uint64 i = 0; i < counts->numvals; i++)
		{
			HeapTuple row = counts->vals[i];
			bool	  isnull;
			int		  table = DatumGetInt64(
					  SPI_getbinval(row, counts->tupdesc, COUNT_TABLE, &isnull));
			int64 moved = DatumGetInt64(
				SPI_getbinval(row, counts->tupdesc, COUNT_MOVED, &isnull));

			if (table != TABLE_USERS && moved > 0 &&
				CountMoved(table, user, row, counts->tupdesc) != moved)
				ReportLostRows(TableName(table));
		}
	}
}

/*
 * A table in which the first user has rows by now that this transaction stored,
 * as a trigger does; -1 is none.  What others have stored meanwhile came after
 * the change.
 */
static int
FindStoredMeanwhile(const UserChange *change)
{
	static SPIPlanPtr plans[NUM_USER_TABLES];
	const Oid		  types[] = {TEXTOID};
	Datum			  user = change->users[0];

	for (int table = 0; table < NUM_USER_TABLES; table++)
	{
		uint64 nrows;

		if (change->changes[table] == ROWS_STAY)
			continue;
		nrows = RunKept(&plans[table], TableName(table),
						"SELECT xmin FROM interactions.%s"
						" WHERE user_id OPERATOR(pg_catalog.=) $1",
						lengthof(types), types, &user, NULL);
		for (uint64 i = 0; i < nrows; i++)
		{
			bool isnull;

			if (TransactionIdIsCurrentTransactionId(DatumGetTransactionId(
					SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc,
								  1, &isnull))))
				return table;
		}
	}
	return -1;
}

/*
 * Run a plan until it leaves nothing, and add to what was moved and removed;
 * 42501 or 27000 where a policy or a trigger withheld rows.
 *
 * Rows that somebody else removed meanwhile were found and not changed, too.
 * Then there is nothing left for another run, with a snapshot of its own,
 * which also comes to what was committed meanwhile.
 *
 * Where tables are tied, all rows are locked before: else what others store
 * until the statement ends, or make of a row that it has passed over, would
 * follow a key uncounted.  So would rows that were kept; as they are locked, it
 * was a policy or a trigger that kept them, and another run would not help.
 * But there is another run until a trigger has stored nothing more.
 */
static void
RunChange(SPIPlanPtr plan, UserChange *change, ChangeScope scope,
		  TimestampTz oldest, TimestampTz newest)
{
	Datum values[lengthof(argtypes)] = {change->users[0], change->users[1],
										TimestampTzGetDatum(oldest),
										TimestampTzGetDatum(newest)};
	bool  tied = scope == SCOPE_TIED;
	int64 locked[NUM_USER_TABLES] = {0};
	List *results = NIL;
	int	  nestlevel = NewGUCNestLevel();
	bool  done = false;

	/* the plan that is kept is run, whatever the session asks for */
	if (scope != SCOPE_SHARDS)
		SetForNow("plan_cache_mode", "auto");
	for (int run = 1; !done; run++)
	{
		uint64 ntables;
		int	   stored_in;

		if (tied)
			LockChanged(change, locked);
		if (scope != SCOPE_SHARDS)
			PlanByIndex(plan);
		ntables = RunPlan(plan, values, NULL);
		done = true;
		for (uint64 i = 0; i < ntables; i++)
		{
			int	  table = ResultInt64(i, COUNT_TABLE);
			int64 found = ResultInt64(i, COUNT_FOUND);
			int64 removed = ResultInt64(i, COUNT_REMOVED);
			int64 moved = ResultInt64(i, COUNT_MOVED);

			change->removed[table] += removed;
			change->moved[table] += moved;
			/* fewer than were locked: a policy's function has hidden some by now */
			if (found == removed + moved && found >= locked[table])
				continue;
			if (run == MAX_RUNS || ResultInt64(i, COUNT_STRAYED) > 0 || tied ||
				IsolationUsesXactSnapshot())
				ReportWithheldRows(TableName(table));
			done = false;
		}
		if (!tied)
			continue;
		results = lappend(results, SPI_tuptable);
		stored_in = FindStoredMeanwhile(change);
		if (stored_in >= 0 && run == MAX_RUNS)
			ReportWithheldRows(TableName(stored_in));
		done = done && stored_in < 0;
	}
	RequireMoved(change->users[1], results);
	AtEOXact_GUC(true, nestlevel);
}

/* Whether a user has rows in a table, which may not be there. */
bool
HasRows(int table, Datum user)
{
	static SPIPlanPtr plans[NUM_USER_TABLES];
	const Oid		  types[] = {TEXTOID};

	return OidIsValid(FindTable(TableName(table))) &&
		   RunKept(&plans[table], TableName(table),
				   "SELECT FROM interactions.%s"
				   " WHERE user_id OPERATOR(pg_catalog.=) $1 LIMIT 1",
				   lengthof(types), types, &user, NULL) > 0;
}

/*
 * Change one table: if it has partitions, first between the times in which rows
 * were seen, and then, if somebody has given one another time meanwhile,
 * whenever they are.  Of one in shards the statement is made anew, as columns
 * come and go.
 */
static void
ChangeTable(UserChange *change, int table)
{
	static SPIPlanPtr plans[NUM_USER_TABLES][ROWS_GO + 1];
	RowsChange		 *changes = change->changes;
	bool bounded = table < NUM_TYPES && changes[table] == ROWS_MOVE &&
				   get_rel_relkind(RequireTable(TableName(table))) ==
					   RELKIND_PARTITIONED_TABLE;
	TimestampTz oldest = bounded ? change->oldest[table] : DT_NOBEGIN;
	TimestampTz newest = bounded ? change->newest[table] : DT_NOEND;
	int			nestlevel = BeginOnShards(TableName(table));
	SPIPlanPtr	plan;

	if (nestlevel == 0)
	{
		plan = ChangePlan(&plans[table][changes[table]], changes, table, table);
		RunChange(plan, change, SCOPE_TABLE, oldest, newest);
		if (bounded && HasRows(table, change->users[0]))
			RunChange(plan, change, SCOPE_TABLE, DT_NOBEGIN, DT_NOEND);
		return;
	}
	plan = SPI_prepare(ChangeStatement(changes, table, table,
									   table != TABLE_RECOMMENDATIONS),
					   lengthof(argtypes), unconstify(Oid *, &argtypes[0]));
	RunChange(plan, change, SCOPE_SHARDS, oldest, newest);
	SPI_freeplan(plan);
	EndOnShards(nestlevel);
}

/*
 * Do what is to be done, and count it.  Tables in shards are changed one by
 * one, in an order that keys to users allow.
 */
void
ChangeRows(UserChange *change)
{
	static SPIPlanPtr joint[ROWS_GO + 1][ROWS_GO + 1][ROWS_GO + 1];
	RowsChange		 *changes = change->changes;

	/* where the script is older than the library there is no such table */
	if (!OidIsValid(FindTable(TableName(TABLE_RECOMMENDATIONS))))
		changes[TABLE_RECOMMENDATIONS] = ROWS_STAY;
	memset(change->moved, 0, sizeof(change->moved));
	memset(change->removed, 0, sizeof(change->removed));
	if (!IsDistributed(TableName(TABLE_USERS)) && AreTied())
	{
		SPIPlanPtr *plan;

		/* also where there is nothing yet: a trigger may store something */
		for (int i = 0; i < NUM_TYPES; i++)
			changes[i] = changes[i] == ROWS_GO ? ROWS_GO : ROWS_MOVE;
		FollowReferences(change->users, changes);
		plan = &joint[changes[0]][changes[TABLE_RECOMMENDATIONS]]
					 [changes[TABLE_USERS]];
		RunChange(ChangePlan(plan, changes, 0, TABLE_USERS), change, SCOPE_TIED,
				  DT_NOBEGIN, DT_NOEND);
		return;
	}
	for (int table = 0; table < NUM_USER_TABLES; table++)
	{
		if (changes[table] != ROWS_STAY)
			ChangeTable(change, table);
	}
}
