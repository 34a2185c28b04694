/*
 * transfer.c
 *	  Moves all that one user did to another.
 *
 * Rows stay the same rows, with all that anybody has added to them: they are
 * updated, or copied where they are in shards.  But those that the target has
 * already, value for value, are removed.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "distribution.h"
#include "locks.h"
#include "own_tables.h"
#include "plans.h"
#include "rules.h"
#include "subxact.h"
#include "transfer.h"
#include "user_rows.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

/* of a transfer, while others store the same rows for the target, and of a
 * registration that others change meanwhile */
#define MAX_TRIES 10

/* the name of user $2; a part of its own, since shards join no others */
#define SOURCE                                                                 \
	"WITH source AS MATERIALIZED (SELECT name FROM interactions.users"         \
	" WHERE user_id OPERATOR(pg_catalog.=) $2 AND name IS NOT NULL) "

/* Run one of the statements below, which know two users at most. */
static uint64
RunForUsers(SPIPlanPtr *plan, const char *sql, Datum one, Datum other)
{
	const Oid argtypes[] = {TEXTOID, TEXTOID};
	Datum	  values[] = {one, other};

	return RunKept(plan, TableName(TABLE_USERS), sql, lengthof(argtypes),
				   argtypes, values, NULL);
}

static bool
IsRegistered(Datum user_id)
{
	return HasRows(TABLE_USERS, user_id);
}

/* Whether a user is registered; if so, he stays so. */
static bool
StaysRegistered(Datum user_id)
{
	static SPIPlanPtr lock = NULL;
	const Oid		  argtypes[] = {TEXTOID};

	return RunKept(&lock, TableName(TABLE_USERS),
				   "SELECT FROM interactions.%s"
				   " WHERE user_id OPERATOR(pg_catalog.=) $1 FOR KEY SHARE",
				   lengthof(argtypes), argtypes, &user_id, NULL) > 0;
}

/*
 * Give a user who has none the registration of another, with all that anybody
 * has added to it.  The statement is made anew, as columns come and go.
 */
static void
CopyRegistration(Datum source, Datum target)
{
	Oid			argtypes[] = {TEXTOID, TEXTOID};
	Datum		values[] = {source, target};
	const char *columns = OtherColumns(TableName(TABLE_USERS));

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
 * Register user_id, with the time of source, and with the name where user_id
 * has none.  Returns whether source is registered; his row is then locked, as a
 * name that he got afterwards would be lost.  Raises 42501 or 27000 where a
 * policy or a trigger keeps it from that.
 */
static bool
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
						user_id, source) == 0)
			RunForUsers(&insert,
						"INSERT INTO interactions.users"
						" (user_id, name, created_at)"
						" SELECT $1, source.name,"
						" COALESCE(source.created_at, pg_catalog.now())"
						" FROM (SELECT) AS always"
						" LEFT JOIN interactions.users AS source"
						" ON source.user_id OPERATOR(pg_catalog.=) $2"
						" ON CONFLICT (" USER_CONFLICT ") DO NOTHING",
						user_id, source);
		else if (ResultInt64(0, 1) != 0)
			RunForUsers(&name,
						SOURCE "UPDATE interactions.users AS target"
							   " SET name = source.name FROM source"
							   " WHERE target.user_id OPERATOR(pg_catalog.=) $1"
							   " AND target.name IS NULL",
						user_id, source);
		else
			return registered;
	}
	ReportWithheldRows(TableName(TABLE_USERS));
}

/*
 * Find out whether the source has interactions of a type, and note between
 * which times they lie.
 */
static bool
FindTimes(UserChange *change, const InteractionType *type)
{
	static SPIPlanPtr plans[NUM_TYPES];
	int				  table = TypeIndex(type);
	const Oid		  argtypes[] = {TEXTOID};
	bool			  isnull;

	RunKept(&plans[table], type->plural,
			"SELECT pg_catalog.min(\"timestamp\"),"
			" pg_catalog.max(\"timestamp\")"
			" FROM interactions.%s"
			" WHERE user_id OPERATOR(pg_catalog.=) $1",
			lengthof(argtypes), argtypes, change->users, NULL);
	change->oldest[table] =
		DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0],
										  SPI_tuptable->tupdesc, 1, &isnull));
	change->newest[table] =
		DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0],
										  SPI_tuptable->tupdesc, 2, &isnull));
	return !isnull;
}

/* a transfer, and what it needs to be tried again */
typedef struct TransferJob
{
	UserChange *change;
	bool		delete_user;
} TransferJob;

/* The attempt of a transfer; counts in the job. */
static void
TryTransfer(void *arg)
{
	TransferJob *job = arg;
	Datum		*users = job->change->users;
	RowsChange	*registration = &job->change->changes[TABLE_USERS];
	bool		 moves;

	/* a registration moves as the row that it is, if it can; as a copy it has to
	 * be there before what refers to it */
	(void) LockRowsOf(TABLE_USERS, users[0]);
	moves = !StaysRegistered(users[1]) && job->delete_user &&
			IsRegistered(users[0]);
	if (moves && !IsDistributed(TableName(TABLE_USERS)))
		*registration = ROWS_MOVE;
	else
	{
		if (moves)
			CopyRegistration(users[0], users[1]);
		*registration = RegisterUser(users[1], users[0]) && job->delete_user
							? ROWS_GO
							: ROWS_STAY;
	}
	ChangeRows(job->change);
	if (!job->delete_user)
		RegisterUser(users[0], users[0]);
	/* a key from one registration to another may have taken it along */
	if (!IsRegistered(users[1]))
		ReportLostRows(TableName(TABLE_USERS));
}

/*
 * Whether a row of one of the tables is there already, by the primary key: also
 * where that is being indexed anew, in an index that is not valid yet or any
 * more, or is gone by now.
 */
static bool
IsKeyViolation(const ErrorData *error)
{
	Oid			  schema;
	HeapTuple	  tuple;
	Form_pg_index index;
	bool		  result;

	if (!IsUniqueViolation(error) || error->schema_name == NULL ||
		error->table_name == NULL || error->constraint_name == NULL)
		return false;
	schema = get_namespace_oid(error->schema_name, true);
	if (TableOf(get_relname_relid(error->table_name, schema)) < 0)
		return false;
	tuple =
		SearchSysCache1(INDEXRELID,
						ObjectIdGetDatum(
							get_relname_relid(error->constraint_name, schema)));
	if (!HeapTupleIsValid(tuple))
		return true;
	index = (Form_pg_index) GETSTRUCT(tuple);
	result = index->indisprimary || !index->indisvalid;
	ReleaseSysCache(tuple);
	return result;
}

/*
 * Move every interaction of the first user of change to the second, and register
 * the target; the source is deleted, or stays registered.  Counts in change.
 * False, and nothing has changed, where the source is unknown.  To be called
 * within SPI, with both users locked.
 *
 * That a row of one of the tables is there already means mostly that the
 * target got it meanwhile, which another snapshot shows to be a duplicate.
 */
bool
TransferInteractions(UserChange *change, bool delete_user)
{
	TransferJob job = {change, delete_user};
	bool		known;
	bool		done = false;

	/* before it is looked what there is: nothing comes that refers to it */
	(void) LockRowsOf(TABLE_USERS, change->users[0]);
	known = IsRegistered(change->users[0]);
	change->changes[TABLE_RECOMMENDATIONS] = ROWS_MOVE;
	for (int i = 0; i < NUM_TYPES; i++)
	{
		if (FindTimes(change, &InteractionTypes[i]))
			change->changes[i] = ROWS_MOVE;
		known = known || change->changes[i] == ROWS_MOVE;
	}
	if (!known && !HasRows(TABLE_RECOMMENDATIONS, change->users[0]))
		return false;

	for (int try = 1; !done && try < MAX_TRIES && !IsolationUsesXactSnapshot();
		 try++)
		done = Attempt(TryTransfer, &job,
					   IsDistributed(TableName(TABLE_USERS))
						   ? IsUniqueViolation /* a shard tells no more */
						   : IsKeyViolation);
	if (!done)
		TryTransfer(&job);
	return true;
}

/* The answer of transfer_interactions, where the source was known. */
static text *
TransferAnswer(Span from, Span to, const UserChange *change, bool user_deleted)
{
	int64		   duplicates = 0;
	StringInfoData result;

	for (int i = 0; i < NUM_TYPES; i++)
		duplicates += change->removed[i];

	initStringInfo(&result);
	appendStringInfoString(&result, "{\"from_user_id\": ");
	escape_json(&result, pnstrdup(from.data, from.len));
	appendStringInfoString(&result, ", \"to_user_id\": ");
	escape_json(&result, pnstrdup(to.data, to.len));
	appendStringInfoString(&result, ", \"transferred\": ");
	AppendCounts(&result, change->moved);
	appendStringInfo(&result,
					 ", \"duplicates\": " INT64_FORMAT
					 ", \"user_deleted\": %s}",
					 duplicates, user_deleted ? "true" : "false");
	return cstring_to_text_with_len(result.data, result.len);
}

/*
 * transfer_interactions(from_user_id, to_user_id, delete_user, missing_ok): a
 * function that returns json, and a procedure whose result nobody reads
 */
PG_FUNCTION_INFO_V1(transfer_interactions);
Datum
transfer_interactions(PG_FUNCTION_ARGS)
{
	Span	   from = IdArgument(fcinfo, 0, "from_user_id");
	Span	   to = IdArgument(fcinfo, 1, "to_user_id");
	UserChange change = {.users = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)}};
	bool	   known;

	RequireArgument(fcinfo, 2, "delete_user");
	RequireArgument(fcinfo, 3, "missing_ok");
	if (SpansEqual(from, to))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot transfer interactions of user \"%s\" to the same user",
						Clip(from))));

	LockUsers(from, to);
	SPI_connect();
	known = TransferInteractions(&change, PG_GETARG_BOOL(2));
	SPI_finish();
	/* PostgREST puts the message into a header, so no text of a client's */
	if (!known && !PG_GETARG_BOOL(3))
		ereport(ERROR,
				(errcode(ERRCODE_UNKNOWN_USER), errmsg("user does not exist"),
				 errdetail("\"%s\" is not registered, and no interaction or recommendation bears the id.",
						   Clip(from))));
	PG_RETURN_TEXT_P(
		TransferAnswer(from, to, &change, known && PG_GETARG_BOOL(2)));
}
