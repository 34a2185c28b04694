/*
 * changes.c
 *	  Changes to all rows of a user, of which none is kept back unseen.
 *
 * A policy hides rows from UPDATE and DELETE without a word, and a trigger may
 * skip them.  So such a statement tells, of one snapshot, how many rows it
 * found, how many of these it changed, and how many ended otherwise than it
 * was asked for.
 */
#include "postgres.h"

#include "access/xact.h"
#include "changes.h"
#include "plans.h"
#include "utils/builtins.h"
#include "utils/rls.h"

/* Give the rows of user $1 to user $2, and leave them what else they are. */
const char *
MoveStatement(const char *table)
{
	const char *name = quote_identifier(table);

	return psprintf("WITH moved AS (UPDATE interactions.%s SET user_id = $2"
					" WHERE user_id OPERATOR(pg_catalog.=) $1"
					" RETURNING user_id)"
					" SELECT pg_catalog.count(*),"
					" (SELECT pg_catalog.count(*) FROM moved"
					" WHERE user_id OPERATOR(pg_catalog.=) $2),"
					" (SELECT pg_catalog.count(*) FROM moved"
					" WHERE user_id OPERATOR(pg_catalog.<>) $2)"
					" FROM interactions.%s"
					" WHERE user_id OPERATOR(pg_catalog.=) $1",
					name, name);
}

/* Delete the rows of user $1. */
const char *
RemoveStatement(const char *table)
{
	const char *name = quote_identifier(table);

	return psprintf("WITH removed AS (DELETE FROM interactions.%s"
					" WHERE user_id OPERATOR(pg_catalog.=) $1 RETURNING 1)"
					" SELECT pg_catalog.count(*),"
					" (SELECT pg_catalog.count(*) FROM removed),"
					" CAST(0 AS pg_catalog.int8)"
					" FROM interactions.%s"
					" WHERE user_id OPERATOR(pg_catalog.=) $1",
					name, name);
}

/*
 * Run such a statement; returns how many rows it changed, and raises where a
 * policy or a trigger kept some.
 *
 * Rows that somebody else removed meanwhile were found and not changed, too.
 * Then there is nothing left for a second run, with a snapshot of its own,
 * which also comes to what was committed meanwhile.
 */
int64
ChangeAll(SPIPlanPtr plan, int nargs, Datum *users, const char *table)
{
	int64 total = 0;

	for (int run = 0;; run++)
	{
		int64 found;
		int64 changed;

		RunPlan(plan, nargs, users, NULL, SPI_OK_SELECT);
		found = ResultInt64(1);
		changed = ResultInt64(2);
		total += changed;
		if (ResultInt64(3) > 0)
			ReportKeptRows(table);
		if (found == changed)
			return total;
		if (run > 0 || IsolationUsesXactSnapshot())
			ReportKeptRows(table);
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
