/*
 * registry.c
 *	  The registrations of users, and the changes that others make to them.
 *
 * To be called within SPI.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "plans.h"
#include "registry.h"

#define USERS "users"

/* Run one of the statements below, which know two users at most. */
static uint64
RunForUsers(SPIPlanPtr *plan, const char *sql, Datum one, Datum other,
			int expected)
{
	const Oid argtypes[] = {TEXTOID, TEXTOID};
	Datum values[] = {one, other};

	if (!PlanIsKept(*plan, USERS))
		KeepPlan(plan, sql, lengthof(argtypes), argtypes, 0);
	return RunPlan(*plan, lengthof(values), values, NULL, expected);
}

bool
IsRegistered(Datum user_id)
{
	static SPIPlanPtr plan = NULL;

	return RunForUsers(&plan,
					   "SELECT FROM interactions.users"
					   " WHERE user_id OPERATOR(pg_catalog.=) $1",
					   user_id, user_id, SPI_OK_SELECT) > 0;
}

/*
 * Register the target of a transfer, as which the source was registered, if
 * it was; the source's name goes along where the target has none.  Raises
 * where a policy or a trigger keeps it from that.
 */
void
RegisterTarget(Datum source, Datum target)
{
	static SPIPlanPtr save = NULL;
	static SPIPlanPtr check = NULL;

	RunForUsers(&save,
				"INSERT INTO interactions.users AS target"
				" (user_id, name, created_at)"
				" SELECT $2, source.name,"
				" COALESCE(source.created_at, pg_catalog.now())"
				" FROM (SELECT) AS always LEFT JOIN interactions.users"
				" AS source ON source.user_id OPERATOR(pg_catalog.=) $1"
				" ON CONFLICT (user_id) DO UPDATE SET name = EXCLUDED.name"
				" WHERE target.name IS NULL AND EXCLUDED.name IS NOT NULL",
				source, target, SPI_OK_INSERT);
	if (RunForUsers(&check,
					"SELECT FROM interactions.users AS target"
					" WHERE user_id OPERATOR(pg_catalog.=) $2"
					" AND (name IS NOT NULL OR NOT EXISTS"
					" (SELECT FROM interactions.users AS source"
					" WHERE source.user_id OPERATOR(pg_catalog.=) $1"
					" AND source.name IS NOT NULL))",
					source, target, SPI_OK_SELECT) == 0)
		ReportKeptRows(USERS);
}

/* Register a user, unless he is. */
void
RegisterUser(Datum user_id)
{
	static SPIPlanPtr plan = NULL;

	RunForUsers(&plan,
				"INSERT INTO interactions.users (user_id)"
				" VALUES ($1) ON CONFLICT (user_id) DO NOTHING",
				user_id, user_id, SPI_OK_INSERT);
	if (!IsRegistered(user_id))
		ReportKeptRows(USERS);
}

/* Delete a user's registration; false where there is none. */
bool
UnregisterUser(Datum user_id)
{
	static SPIPlanPtr plan = NULL;
	const Oid argtypes[] = {TEXTOID};

	if (!PlanIsKept(plan, USERS))
		KeepPlan(&plan,
				 "WITH removed AS (DELETE FROM interactions.users"
				 " WHERE user_id OPERATOR(pg_catalog.=) $1 RETURNING 1)"
				 " SELECT pg_catalog.count(*),"
				 " (SELECT pg_catalog.count(*) FROM removed),"
				 " CAST(0 AS pg_catalog.int8)"
				 " FROM interactions.users"
				 " WHERE user_id OPERATOR(pg_catalog.=) $1",
				 lengthof(argtypes), argtypes, 0);
	return RunToTheLast(plan, lengthof(argtypes), &user_id, USERS) > 0;
}
