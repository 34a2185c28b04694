/*
 * transfer.c
 *	  Moves all that one user did to another, and the locks that this takes.
 *
 * Whoever changes or deletes rows of a user holds an advisory lock on that
 * user until the end of the transaction; whoever may come to several users in
 * any order locks all of them.  All is locked before one, and of two users the
 * one with the lower key first, so that nobody waits in a circle.  Nobody who
 * only stores an interaction takes a lock.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "interactions.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"

/* of our locks, so that they do not meet those of an application */
#define LOCK_SEED UINT64CONST(0x696e746572616374)

#define ERRCODE_UNKNOWN_USER MAKE_SQLSTATE('P', 'T', '4', '0', '4')

static void
Lock(uint64 key)
{
	DirectFunctionCall1(pg_advisory_xact_lock_int8, Int64GetDatum((int64) key));
}

/* Lock two users, or one that is given twice. */
void
LockUsers(Span one, Span other)
{
	uint64 a = hash_bytes_extended((const unsigned char *) one.data, one.len,
								   LOCK_SEED);
	uint64 b = hash_bytes_extended((const unsigned char *) other.data,
								   other.len, LOCK_SEED);

	DirectFunctionCall1(pg_advisory_xact_lock_shared_int8,
						Int64GetDatum((int64) LOCK_SEED));
	Lock(Min(a, b));
	if (a != b)
		Lock(Max(a, b));
}

/* Lock every user. */
void
LockAllUsers(void)
{
	Lock(LOCK_SEED);
}

static Datum
SpanDatum(Span span)
{
	return PointerGetDatum(cstring_to_text_with_len(span.data, span.len));
}

/* Delete a user's registration; false where there is none.  Within SPI. */
bool
UnregisterUser(Datum user_id)
{
	static SPIPlanPtr unregister = NULL;
	Oid argtypes[] = {TEXTOID};

	return RunQuery(KeepQuery(&unregister,
							  "DELETE FROM interactions.users"
							  " WHERE user_id OPERATOR(pg_catalog.=) $1",
							  lengthof(argtypes), argtypes),
					lengthof(argtypes), &user_id, NULL, SPI_OK_DELETE) > 0;
}

/*
 * Move every interaction of a user to another, and register the target; the
 * source is deleted, or stays registered.  Counts by type what was moved, and
 * in all what the target had already.  False, and nothing has changed, where
 * the source is unknown.  To be called within SPI; takes the locks.
 */
bool
TransferInteractions(Span from, Span to, bool delete_user, int64 *transferred,
					 int64 *duplicates)
{
	static SPIPlanPtr register_target = NULL;
	static SPIPlanPtr register_source = NULL;
	static SPIPlanPtr find = NULL;
	Oid argtypes[] = {TEXTOID, TEXTOID};
	Datum values[] = {SpanDatum(from), SpanDatum(to)};
	bool known;

	LockUsers(from, to);

	*duplicates = 0;
	known = RunQuery(KeepQuery(&find,
							   "SELECT FROM interactions.users"
							   " WHERE user_id OPERATOR(pg_catalog.=) $1",
							   1, argtypes),
					 1, values, NULL, SPI_OK_SELECT) > 0;
	for (int i = 0; i < NumInteractionTypes; i++)
	{
		const InteractionType *type = &InteractionTypes[i];

		transferred[i] = 0;
		if (RunQuery(GetQuery(type, QUERY_FIND), 1, values, NULL,
					 SPI_OK_SELECT) == 0)
			continue;
		/* as with batches, as if the target had none of the rows */
		if (!TryQuery(GetQuery(type, QUERY_TRANSFER_NEW), 2, values,
					  SPI_OK_SELECT))
			RunQuery(GetQuery(type, QUERY_TRANSFER), 2, values, NULL,
					 SPI_OK_SELECT);
		if (ResultInt64(1) > 0)
			known = true;
		transferred[i] = ResultInt64(2);
		*duplicates += ResultInt64(1) - ResultInt64(2);
	}
	if (!known)
		return false;

	RunQuery(
		KeepQuery(&register_target,
				  "INSERT INTO interactions.users AS target"
				  " (user_id, name, created_at)"
				  " SELECT $2, source.name,"
				  " COALESCE(source.created_at, pg_catalog.now())"
				  " FROM (SELECT) AS always LEFT JOIN interactions.users"
				  " AS source ON source.user_id OPERATOR(pg_catalog.=) $1"
				  " ON CONFLICT (user_id) DO UPDATE SET name = EXCLUDED.name"
				  " WHERE target.name IS NULL AND EXCLUDED.name IS NOT NULL",
				  2, argtypes),
		2, values, NULL, SPI_OK_INSERT);
	if (delete_user)
		UnregisterUser(values[0]);
	else
		RunQuery(KeepQuery(&register_source,
						   "INSERT INTO interactions.users (user_id)"
						   " VALUES ($1) ON CONFLICT DO NOTHING",
						   1, argtypes),
				 1, values, NULL, SPI_OK_INSERT);
	return true;
}

/*
 * transfer_interactions(from_user_id, to_user_id, delete_user): a function
 * that returns json, and a procedure whose result nobody reads
 */
PG_FUNCTION_INFO_V1(transfer_interactions);
Datum
transfer_interactions(PG_FUNCTION_ARGS)
{
	Span from = CheckedId("from_user_id", PG_GETARG_DATUM(0), PG_ARGISNULL(0));
	Span to = CheckedId("to_user_id", PG_GETARG_DATUM(1), PG_ARGISNULL(1));
	int64 *transferred = palloc(mul_size(sizeof(int64), NumInteractionTypes));
	int64 duplicates;
	bool delete_user;
	bool known;
	StringInfoData result;

	if (PG_ARGISNULL(2))
		ReportNull("delete_user");
	delete_user = PG_GETARG_BOOL(2);
	if (from.len == to.len && memcmp(from.data, to.data, from.len) == 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg(
				 "cannot transfer interactions of user \"%s\" to the same user",
				 Clip(from))));

	SPI_connect();
	known =
		TransferInteractions(from, to, delete_user, transferred, &duplicates);
	SPI_finish();
	/* PostgREST puts the message into a header, so no text of a client's */
	if (!known)
		ereport(ERROR,
				(errcode(ERRCODE_UNKNOWN_USER), errmsg("user does not exist"),
				 errdetail(
					 "\"%s\" is not registered, and no interaction bears the id.",
					 Clip(from))));

	initStringInfo(&result);
	appendStringInfoString(&result, "{\"from_user_id\": ");
	escape_json(&result, pnstrdup(from.data, from.len));
	appendStringInfoString(&result, ", \"to_user_id\": ");
	escape_json(&result, pnstrdup(to.data, to.len));
	appendStringInfoString(&result, ", \"transferred\": ");
	AppendCounts(&result, transferred);
	appendStringInfo(&result,
					 ", \"duplicates\": " INT64_FORMAT
					 ", \"user_deleted\": %s}",
					 duplicates, delete_user ? "true" : "false");
	PG_RETURN_TEXT_P(cstring_to_text_with_len(result.data, result.len));
}
