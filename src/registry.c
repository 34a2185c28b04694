/*
 * registry.c
 *	  The registrations of users, and the changes that others make to them.
 *
 * To be called within SPI.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "changes.h"
#include "plans.h"
#include "registry.h"
#include "subxact.h"
#include "types.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#define USERS "users"

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
	static SPIPlanPtr plan = NULL;

	return RunForUsers(&plan,
					   "SELECT FROM interactions.users"
					   " WHERE user_id OPERATOR(pg_catalog.=) $1",
					   user_id, user_id, SPI_OK_SELECT) > 0;
}

/* Whether somebody has added a foreign key from a type's table to users. */
bool
RefersToUsers(const InteractionType *type)
{
	Oid		  users = RequireTable(USERS);
	Relation  rel = table_open(RequireTable(type->plural), AccessShareLock);
	bool	  result = false;
	ListCell *cell;

	foreach (cell, RelationGetFKeyList(rel))
	{
		result = result ||
				 ((ForeignKeyCacheInfo *) lfirst(cell))->confrelid == users;
	}
	table_close(rel, NoLock);
	return result;
}

/* Whether somebody has added one from any of them. */
bool
InteractionsReferToUsers(void)
{
	for (int i = 0; i < NUM_TYPES; i++)
	{
		if (RefersToUsers(&InteractionTypes[i]))
			return true;
	}
	return false;
}

static void
MoveRow(void *users)
{
	static SPIPlanPtr plan = NULL;
	const Oid		  argtypes[] = {TEXTOID, TEXTOID};

	if (!PlanIsKept(plan, USERS))
		KeepPlan(&plan, MoveStatement(USERS), lengthof(argtypes), argtypes, 0);
	ChangeAll(plan, lengthof(argtypes), users, USERS);
}

/*
 * Give a registration another id, and leave all that anybody has added to it.
 * False where the target has been registered meanwhile.
 */
bool
MoveRegistration(Datum source, Datum target)
{
	Datum users[] = {source, target};

	return Attempt(MoveRow, users, IsUniqueViolation);
}

/*
 * Keep others from changing a registration, and from storing what refers to
 * it.  Above READ COMMITTED it raises where it was changed meanwhile.
 */
void
LockRegistration(Datum user_id)
{
	static SPIPlanPtr plan = NULL;

	RunForUsers(&plan,
				"SELECT FROM interactions.users"
				" WHERE user_id OPERATOR(pg_catalog.=) $1 FOR UPDATE",
				user_id, user_id, SPI_OK_SELECT);
}

/*
 * Give a registration another id, with all that anybody has added to it and
 * all that refers to it, and leave one under the old id, for interactions that
 * refer to that until they have moved.  It is as bare as it can be: only what
 * must not be null and has no default is copied.  The statement is made anew,
 * as columns come and go.
 */
static void
SplitRow(void *users)
{
	Oid			   argtypes[] = {TEXTOID, TEXTOID};
	Relation	   rel = table_open(RequireTable(USERS), AccessShareLock);
	StringInfoData columns;
	int			   result;

	initStringInfo(&columns);
	for (int i = 0; i < RelationGetDescr(rel)->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(RelationGetDescr(rel), i);

		if (!column->attisdropped && column->attnotnull && !column->atthasdef &&
			column->attidentity == '\0' &&
			strcmp(NameStr(column->attname), "user_id") != 0)
			appendStringInfo(&columns, ", %s",
							 quote_identifier(NameStr(column->attname)));
	}
	table_close(rel, NoLock);
	result =
		SPI_execute_with_args(psprintf("WITH moved AS (UPDATE interactions.users SET user_id = $2"
									   " WHERE user_id OPERATOR(pg_catalog.=) $1"
									   " RETURNING *)"
									   " INSERT INTO interactions.users (user_id%s)"
									   " SELECT $1%s FROM moved",
									   columns.data, columns.data),
							  lengthof(argtypes), argtypes, users, NULL, false,
							  0);
	if (result != SPI_OK_INSERT)
		elog(ERROR, "could not split a registration: %s",
			 SPI_result_code_string(result));
	if (SPI_processed == 0)
		ReportKeptRows(USERS);
}

/* False where the target has been registered meanwhile. */
bool
SplitRegistration(Datum source, Datum target)
{
	Datum users[] = {source, target};

	if (Attempt(SplitRow, users, IsUniqueViolation))
		return true;
	/* or else it was another key, which is the caller's to know of */
	if (!IsRegistered(target))
		SplitRow(users);
	return false;
}

/*
 * Register the target of a transfer, as which the source was registered, if
 * it was; the source's name goes along where the target has none.  Raises
 * where a policy or a trigger keeps it from that.
 */
void
RegisterTarget(Datum source, Datum target)
{
	static SPIPlanPtr name = NULL;
	static SPIPlanPtr save = NULL;
	static SPIPlanPtr check = NULL;

	RunForUsers(&name,
				"UPDATE interactions.users AS target SET name = source.name"
				" FROM interactions.users AS source"
				" WHERE source.user_id OPERATOR(pg_catalog.=) $1"
				" AND target.user_id OPERATOR(pg_catalog.=) $2"
				" AND target.name IS NULL AND source.name IS NOT NULL",
				source, target, SPI_OK_UPDATE);
	if (!IsRegistered(target))
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
					" (SELECT 1 FROM interactions.users AS source"
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

	if (IsRegistered(user_id))
		return;
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
	const Oid		  argtypes[] = {TEXTOID};

	if (!PlanIsKept(plan, USERS))
		KeepPlan(&plan, RemoveStatement(USERS), lengthof(argtypes), argtypes,
				 0);
	return ChangeAll(plan, lengthof(argtypes), &user_id, USERS) > 0;
}
