/*
 * users.c
 *	  Registers, names, renames, merges and erases users, as the triggers of the
 *	  view and functions are asked to.
 *
 * To be called within SPI.  The trigger's data are for what an error shows:
 * NULL where change_user asks, and not the view's trigger.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "library.h"
#include "locks.h"
#include "own_tables.h"
#include "plans.h"
#include "rows.h"
#include "rules.h"
#include "timestamp.h"
#include "transfer.h"
#include "user_rows.h"
#include "users.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

const NeededColumn UserColumns[NUM_USER_COLUMNS] = {
	COLUMN("user_id", TEXTOID, true, true, "1 to 512 bytes"),
	COLUMN("name", TEXTOID, false, false, "What to call the user; may be null"),
	COLUMN("created_at", TIMESTAMPTZOID, true, false,
		   "When the user was registered, to the millisecond"),
};

const NeededColumn KnownUserColumns[NUM_USER_COLUMNS] = {
	COLUMN("external_id", TEXTOID, false, false,
		   "The user's id; 1 to 512 bytes"),
	COLUMN("name", TEXTOID, false, false, "What to call the user, or null"),
	COLUMN("created_at", INT8OID, false, false,
		   "When the user was registered, ms since 1970-01-01 UTC; null where not registered"),
};

/* a row of the table, as one of the view */
#define SAVED_COLUMNS                                                          \
	"CAST(user_id AS pg_catalog.text), CAST(name AS pg_catalog.text),"         \
	" interactions.timestamp_to_ms(created_at)"

/* Put the last result, a row of the view, into row; false where it is none. */
static bool
TakeUser(Row *row)
{
	if (SPI_processed == 0)
		return false;
	for (int i = 0; i < NUM_USER_COLUMNS; i++)
		row->values[i] = SPI_getbinval(SPI_tuptable->vals[0],
									   SPI_tuptable->tupdesc, i + 1,
									   &row->isnull[i]);
	return true;
}

/*
 * Whether a user is registered; if so, he stays so, and may be referred to
 * meanwhile.
 */
static bool
LockRegistered(Datum user_id)
{
	static SPIPlanPtr lock = NULL;
	const Oid		  argtypes[] = {TEXTOID};

	return RunKept(&lock, "users",
				   "SELECT FROM interactions.users"
				   " WHERE user_id OPERATOR(pg_catalog.=) $1 FOR NO KEY UPDATE",
				   lengthof(argtypes), argtypes, &user_id, NULL) > 0;
}

/*
 * Register a user, or set those columns of a registered one that are named.
 * Leaves in row what is stored; false where a trigger skipped it.
 */
static bool
SaveUser(const TriggerData *trigdata, Row *row, const bool *named,
		 bool *created)
{
	static SPIPlanPtr update = NULL;
	static SPIPlanPtr save = NULL;
	const Oid argtypes[] = {TEXTOID, TEXTOID, TIMESTAMPTZOID, BOOLOID, BOOLOID};
	Row		  given = *row;
	bool	  isnull;
	TimestampTz created_at;
	Violation	violation;

	given.isnull[USERS_ID] = given.isnull[3] = given.isnull[4] = false;
	given.isnull[USERS_NAME] = row->isnull[USERS_NAME] || !named[USERS_NAME];
	given.isnull[USERS_CREATED_AT] = row->isnull[USERS_CREATED_AT] ||
									 !named[USERS_CREATED_AT];
	if (!given.isnull[USERS_CREATED_AT])
	{
		if (!TimestampFromMs("created_at",
							 DatumGetInt64(given.values[USERS_CREATED_AT]),
							 NULL, &created_at, &violation))
			ReportRow(&violation, trigdata);
		given.values[USERS_CREATED_AT] = TimestampTzGetDatum(created_at);
	}
	given.values[3] = BoolGetDatum(named[USERS_NAME]);
	given.values[4] = BoolGetDatum(named[USERS_CREATED_AT]);

	/* a registered one is updated, whatever it would take to insert his row */
	*created = false;
	if (LockRegistered(given.values[USERS_ID]))
	{
		RunKept(&update, "users",
				"UPDATE interactions.users SET"
				" name = CASE WHEN $4 THEN $2 ELSE name END,"
				" created_at = CASE WHEN $5 THEN $3 ELSE created_at END"
				" WHERE user_id OPERATOR(pg_catalog.=) $1"
				" RETURNING " SAVED_COLUMNS,
				lengthof(argtypes), argtypes, given.values, given.isnull);
		return TakeUser(row);
	}

	/* a row that was inserted, and not updated since others inserted it
	 * meanwhile, has no xmax; of partitions core does not tell it */
	if (!PlanIsKept(save, "users"))
		KeepPlan(&save,
				 psprintf("INSERT INTO interactions.users AS stored"
						  " (user_id, name, created_at)"
						  " VALUES ($1, $2, COALESCE($3, pg_catalog.now()))"
						  " ON CONFLICT (" USER_CONFLICT ") DO UPDATE SET"
						  " name = CASE WHEN $4 THEN EXCLUDED.name"
						  " ELSE stored.name END,"
						  " created_at = CASE WHEN $5 THEN EXCLUDED.created_at"
						  " ELSE stored.created_at END"
						  " RETURNING " SAVED_COLUMNS ", %s",
						  get_rel_relkind(RequireTable("users")) ==
								  RELKIND_PARTITIONED_TABLE
							  ? "true"
							  : "stored.xmax OPERATOR(pg_catalog.=) 0"),
				 lengthof(argtypes), argtypes, 0);
	RunPlan(save, given.values, given.isnull);
	if (!TakeUser(row))
		return false;
	*created =
		DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
								   NUM_USER_COLUMNS + 1, &isnull));
	return true;
}

/* Look a known user up, by the id in row; false where he is none. */
bool
LookUpUser(Row *row)
{
	static SPIPlanPtr find = NULL;
	const Oid		  argtypes[] = {TEXTOID};

	RunKept(&find, "users",
			"SELECT CAST(external_id AS pg_catalog.text),"
			" CAST(name AS pg_catalog.text),"
			" CAST(created_at AS pg_catalog.int8)"
			" FROM interactions_v1.users"
			" WHERE external_id OPERATOR(pg_catalog.=) $1",
			lengthof(argtypes), argtypes, &row->values[USERS_ID], NULL);
	return TakeUser(row);
}

/*
 * Change those columns of a known user that are named to what new has.
 * Another id renames the user, or merges him into the one that has that id.
 * Leaves in new what is stored; false where he is gone by now.
 */
bool
ChangeUser(const TriggerData *trigdata, const Row *old, Row *new,
		   const bool *named)
{
	bool	  set[NUM_USER_COLUMNS];
	bool	  created;
	Violation violation;

	/* of one who is not registered null is what he has */
	memcpy(set, named, sizeof(set));
	set[USERS_CREATED_AT] = named[USERS_CREATED_AT] &&
							!new->isnull[USERS_CREATED_AT];

	if (named[USERS_CREATED_AT] && new->isnull[USERS_CREATED_AT] &&
		!old->isnull[USERS_CREATED_AT])
	{
		ViolateNull("created_at", &violation);
		ReportRow(&violation, trigdata);
	}
	if (!SpansEqual(UserId(old), UserId(new)))
	{
		UserChange change = {
			.users = {old->values[USERS_ID], new->values[USERS_ID]}};

		if (!TransferInteractions(&change, true))
			return false;
	}
	else
	{
		Row now = *new;

		if (!LookUpUser(&now))
			return false;
	}

	if (!set[USERS_NAME] && !set[USERS_CREATED_AT])
		return LookUpUser(new);
	if (SaveUser(trigdata, new, set, &created))
		return true;
	/* the rename is done, so the rest must not be left out */
	if (!SpansEqual(UserId(old), UserId(new)))
		ReportWithheldRows("users");
	return false;
}

/* Register a user, or give a registered one what is given and not null. */
bool
InsertUser(const TriggerData *trigdata, Row *row)
{
	bool named[] = {true, !row->isnull[USERS_NAME],
					!row->isnull[USERS_CREATED_AT]};
	bool created = true;
	bool saved = SaveUser(trigdata, row, named, &created);

	SetStatus(created ? "201" : "200");
	return saved;
}

pg_noreturn static void
ReportUnknownUser(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNKNOWN_USER), errmsg("user does not exist")));
}

/*
 * change_user(user_id, set_id, set_name, set_created_at, external_id, name,
 * created_at): what UPDATE of the view does to a user, of which a row of the
 * view comes back; null where a trigger of somebody's skipped it
 */
PG_FUNCTION_INFO_V1(change_user);
Datum
change_user(PG_FUNCTION_ARGS)
{
	Span user = IdArgument(fcinfo, 0, "external_id");
	Span target = user;
	Row	 old = {.values = {PG_GETARG_DATUM(0)}};
	Row new;
	bool	  named[NUM_USER_COLUMNS];
	TupleDesc tupdesc;
	HeapTuple tuple = NULL;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "change_user must return a row");
	if (PG_GETARG_BOOL(1))
		target = IdArgument(fcinfo, 4, "external_id");
	LockUsers(user, target);
	SPI_connect();
	if (!LookUpUser(&old))
		ReportUnknownUser();
	for (int i = 0; i < NUM_USER_COLUMNS; i++)
	{
		named[i] = PG_GETARG_BOOL(1 + i);
		new.values[i] = named[i] ? PG_GETARG_DATUM(4 + i) : old.values[i];
		new.isnull[i] = named[i] ? PG_ARGISNULL(4 + i) : old.isnull[i];
	}
	if (ChangeUser(NULL, &old, &new, named))
		tuple = SPI_copytuple(
			heap_form_tuple(BlessTupleDesc(tupdesc), new.values, new.isnull));
	SPI_finish();
	if (tuple == NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(HeapTupleGetDatum(tuple));
}

/*
 * Delete a user with every interaction; tells what was removed.  To be called
 * within SPI, under a lock.
 */
UserChange
EraseUser(Datum user_id)
{
	UserChange change = {.users = {user_id, user_id}};

	for (int i = 0; i < NUM_USER_TABLES; i++)
		change.changes[i] = ROWS_GO;
	ChangeRows(&change);
	return change;
}

/* erase_user(user_id) returns json */
PG_FUNCTION_INFO_V1(erase_user);
Datum
erase_user(PG_FUNCTION_ARGS)
{
	Span		   user = IdArgument(fcinfo, 0, "user_id");
	UserChange	   change;
	StringInfoData result;

	LockUsers(user, user);
	SPI_connect();
	change = EraseUser(PG_GETARG_DATUM(0));
	SPI_finish();

	initStringInfo(&result);
	appendStringInfoString(&result, "{\"user_id\": ");
	escape_json(&result, pnstrdup(user.data, user.len));
	appendStringInfoString(&result, ", \"erased\": ");
	AppendCounts(&result, change.removed);
	appendStringInfo(&result, ", \"user_deleted\": %s}",
					 change.removed[TABLE_USERS] > 0 ? "true" : "false");
	PG_RETURN_TEXT_P(cstring_to_text_with_len(result.data, result.len));
}

/*
 * delete_user(INOUT external_id, OUT name, OUT created_at): erases a user, of
 * whom the row of the view comes back as it was
 */
PG_FUNCTION_INFO_V1(delete_user);
Datum
delete_user(PG_FUNCTION_ARGS)
{
	Span user = IdArgument(fcinfo, 0, "external_id");
	Row	 row = {.values = {PG_GETARG_DATUM(0)}, .isnull = {false, true, true}};
	bool known;
	UserChange change;
	TupleDesc  tupdesc;
	HeapTuple  tuple;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "delete_user must return a row");
	LockUsers(user, user);
	SPI_connect();
	/* what comes back is what is erased */
	(void) LockRowsOf(TABLE_USERS, row.values[USERS_ID]);
	known = LookUpUser(&row) ||
			HasRows(TABLE_RECOMMENDATIONS, row.values[USERS_ID]);
	if (known)
	{
		change = EraseUser(row.values[USERS_ID]);
		/* somebody else may have erased him meanwhile */
		known = false;
		for (int i = 0; i < NUM_USER_TABLES; i++)
			known = known || change.removed[i] > 0;
	}
	if (!known)
		ReportUnknownUser();
	tuple = SPI_copytuple(
		heap_form_tuple(BlessTupleDesc(tupdesc), row.values, row.isnull));
	SPI_finish();
	PG_RETURN_DATUM(HeapTupleGetDatum(tuple));
}
