/*
 * registry.c
 *	  The registrations of users, as a transfer needs them.
 *
 * To be called within SPI.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "changes.h"
#include "kept.h"
#include "plans.h"
#include "registry.h"

#define USERS "users"

/* the name of user $2; a part of its own, since shards join no others */
#define SOURCE                                                                 \
	"WITH source AS MATERIALIZED (SELECT name FROM interactions.users"         \
	" WHERE user_id OPERATOR(pg_catalog.=) $2 AND name IS NOT NULL) "

/* of a registration that others change meanwhile */
#define MAX_TRIES 10

/* Run one of the statements below, which know two users at most. */
static uint64
RunForUsers(SPIPlanPtr *plan, const char *sql, Datum one, Datum other,
			int expected)
{
	const Oid argtypes[] = {TEXTOID, TEXTOID};
	Datum	  values[] = {one, other};

	if (!PlanIsKept(*plan, USERS))
		KeepPlan(plan, sql, lengthof(argtypes), argtypes, 0);
	return RunPlan(*plan, lengthof(values), values, NULL, expected);
}

bool
IsRegistered(Datum user_id)
{
	return HasRows(TABLE_USERS, user_id);
}

/*
 * Give a user who has none the registration of another, with all that anybody
 * has added to it.  The statement is made anew, as columns come and go.
 */
void
CopyRegistration(Datum source, Datum target)
{
	Oid			argtypes[] = {TEXTOID, TEXTOID};
	Datum		values[] = {source, target};
	const char *columns = OtherColumns(USERS);

	/* without RETURNING, shards tell of an error by another code */
	if (SPI_execute_with_args(psprintf("INSERT INTO interactions.users (user_id%s)"
									   " OVERRIDING SYSTEM VALUE"
									   " SELECT $2%s FROM interactions.users"
									   " WHERE user_id OPERATOR(pg_catalog.=) $1"
									   " RETURNING user_id",
									   columns, columns),
							  lengthof(argtypes), argtypes, values, NULL, false,
							  0) != SPI_OK_INSERT_RETURNING)
		elog(ERROR, "could not copy a registration");
}

/*
 * Register a user, as which another is registered if he is; that one's name
 * goes along where the user has none.  Returns whether the other is, and then
 * keeps others from changing that: a name that he got afterwards would be
 * lost.  Raises where a policy or a trigger keeps it from that.
 */
bool
RegisterUser(Datum user_id, Datum source)
{
	static SPIPlanPtr find = NULL;
	static SPIPlanPtr name = NULL;
	static SPIPlanPtr insert = NULL;

	for (int try = 0; try < MAX_TRIES; try++)
	{
		bool registered = IsRegistered(source);

		if (registered)
			(void) LockRowsOf(TABLE_USERS, source);
		if (RunForUsers(&find,
						SOURCE "SELECT CAST(name IS NULL AND EXISTS"
							   " (SELECT 1 FROM source) AS pg_catalog.int4)"
							   "::pg_catalog.int8"
							   " FROM interactions.users AS target"
							   " WHERE user_id OPERATOR(pg_catalog.=) $1",
						user_id, source, SPI_OK_SELECT) == 0)
			RunForUsers(&insert,
						"INSERT INTO interactions.users"
						" (user_id, name, created_at)"
						" SELECT $1, source.name,"
						" COALESCE(source.created_at, pg_catalog.now())"
						" FROM (SELECT) AS always"
						" LEFT JOIN interactions.users AS source"
						" ON source.user_id OPERATOR(pg_catalog.=) $2"
						" ON CONFLICT (user_id) DO NOTHING",
						user_id, source, SPI_OK_INSERT);
		else if (ResultInt64(0, 1) != 0)
			RunForUsers(&name,
						SOURCE "UPDATE interactions.users AS target"
							   " SET name = source.name FROM source"
							   " WHERE target.user_id OPERATOR(pg_catalog.=) $1"
							   " AND target.name IS NULL",
						user_id, source, SPI_OK_UPDATE);
		else
			return registered;
	}
	ReportKeptRows(USERS);
}
