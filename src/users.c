/*
 * users.c
 *	  The registered users, and the view of every known one.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "interactions.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/rel.h"

/* columns of interactions.users and of interactions_v1.users */
#define USER_ID_COLUMN 1
#define NAME_COLUMN 2
#define CREATED_AT_COLUMN 3
#define NUM_COLUMNS 3

/* Hold the caller to the protocol of the table's trigger, or the view's. */
static void
CheckTrigger(FunctionCallInfo fcinfo, bool on_view)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	bool ok = CALLED_AS_TRIGGER(fcinfo);

	if (ok)
	{
		TriggerEvent event = trigdata->tg_event;
		TupleDesc tupdesc = RelationGetDescr(trigdata->tg_relation);

		ok = (on_view ? TRIGGER_FIRED_INSTEAD(event)
					  : TRIGGER_FIRED_BEFORE(event) &&
							!TRIGGER_FIRED_BY_DELETE(event)) &&
			 TRIGGER_FIRED_FOR_ROW(event) &&
			 SPI_gettypeid(tupdesc, USER_ID_COLUMN) == TEXTOID &&
			 SPI_gettypeid(tupdesc, NAME_COLUMN) == TEXTOID &&
			 SPI_gettypeid(tupdesc, CREATED_AT_COLUMN) ==
				 (on_view ? INT8OID : TIMESTAMPTZOID);
	}
	if (!ok)
		ReportTriggerProtocol();
}

typedef struct UserRow
{
	Datum values[NUM_COLUMNS];
	bool isnull[NUM_COLUMNS];
	Span id;
	bool created; /* whether saving it registered the user */
} UserRow;

/* Whether two values of one column, either text or bigint, are the same. */
static bool
SameValue(const UserRow *a, const UserRow *b, int column)
{
	int i = column - 1;

	if (a->isnull[i] || b->isnull[i])
		return a->isnull[i] && b->isnull[i];
	if (column == CREATED_AT_COLUMN)
		return DatumGetInt64(a->values[i]) == DatumGetInt64(b->values[i]);
	return DatumGetBool(DirectFunctionCall2Coll(texteq, C_COLLATION_OID,
												a->values[i], b->values[i]));
}

/* Read a row of the view, and hold its id to the rule. */
static UserRow
ReadUser(HeapTuple tuple, TupleDesc tupdesc)
{
	UserRow row = {.created = true};

	for (int i = 0; i < NUM_COLUMNS; i++)
		row.values[i] = heap_getattr(tuple, i + 1, tupdesc, &row.isnull[i]);
	row.id = CheckedId("external_id", row.values[USER_ID_COLUMN - 1],
					   row.isnull[USER_ID_COLUMN - 1]);
	return row;
}

/*
 * Register a user, or change a registered one; where keep, a null name leaves
 * the name as it is, and so does a null created_at always.  Returns the row
 * of the view with what is stored, or NULL.
 */
static HeapTuple
SaveUser(UserRow *row, bool keep, HeapTuple tuple, TupleDesc tupdesc)
{
	static SPIPlanPtr save = NULL;
	Oid argtypes[] = {TEXTOID, TEXTOID, TIMESTAMPTZOID, BOOLOID};
	Datum values[4];
	bool isnull[4] = {false};
	int columns[] = {NAME_COLUMN, CREATED_AT_COLUMN};
	TimestampTz created_at;
	Violation violation;

	memcpy(values, row->values, sizeof(row->values));
	memcpy(isnull, row->isnull, sizeof(row->isnull));
	if (!isnull[CREATED_AT_COLUMN - 1])
	{
		if (!TimestampFromMs("created_at",
							 DatumGetInt64(values[CREATED_AT_COLUMN - 1]), NULL,
							 &created_at, &violation))
			ReportViolation(&violation);
		values[CREATED_AT_COLUMN - 1] = TimestampTzGetDatum(created_at);
	}
	values[3] = BoolGetDatum(keep);

	RunQuery(KeepQuery(&save,
					   "INSERT INTO interactions.users AS stored"
					   " (user_id, name, created_at)"
					   " VALUES ($1, $2, COALESCE($3, pg_catalog.now()))"
					   " ON CONFLICT (user_id) DO UPDATE SET"
					   " name = CASE WHEN $4"
					   " THEN COALESCE(EXCLUDED.name, stored.name)"
					   " ELSE EXCLUDED.name END,"
					   " created_at = COALESCE($3, stored.created_at)"
					   " RETURNING name,"
					   " interactions.timestamp_to_ms(created_at),"
					   " xmax OPERATOR(pg_catalog.=) 0",
					   lengthof(argtypes), argtypes),
			 lengthof(argtypes), values, isnull, SPI_OK_INSERT_RETURNING);
	if (SPI_processed == 0)
		return NULL; /* a trigger of the user's skipped the row */

	/* a row that was inserted, not updated, has no xmax */
	row->created =
		DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
								   3, &isnull[0]));
	for (int i = 0; i < (int) lengthof(columns); i++)
		values[i] = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
								  i + 1, &isnull[i]);
	return heap_modify_tuple_by_cols(tuple, tupdesc, lengthof(columns), columns,
									 values, isnull);
}

/* Whether a user is still registered, or borne by an interaction. */
static bool
UserIsKnown(const UserRow *row)
{
	static SPIPlanPtr find = NULL;
	Oid argtypes[] = {TEXTOID};
	Datum user_id = row->values[USER_ID_COLUMN - 1];

	return RunQuery(KeepQuery(&find,
							  "SELECT FROM interactions_v1.users"
							  " WHERE external_id OPERATOR(pg_catalog.=) $1",
							  lengthof(argtypes), argtypes),
					lengthof(argtypes), &user_id, NULL, SPI_OK_SELECT) > 0;
}

/*
 * Delete a user with every interaction; counts these by type.  Returns
 * whether the user was registered.  To be called under a lock.
 */
static bool
EraseUser(Datum user_id, int64 *erased)
{
	for (int i = 0; i < NumInteractionTypes; i++)
		erased[i] = DeleteInteractions(&InteractionTypes[i], user_id, (Datum) 0,
									   DT_NOBEGIN, DT_NOEND);
	return UnregisterUser(user_id);
}

/* erase_user(user_id) returns json */
PG_FUNCTION_INFO_V1(erase_user);
Datum
erase_user(PG_FUNCTION_ARGS)
{
	Span user = CheckedId("user_id", PG_GETARG_DATUM(0), PG_ARGISNULL(0));
	int64 *erased = palloc(mul_size(sizeof(int64), NumInteractionTypes));
	bool registered;
	StringInfoData result;

	LockUsers(user, user);
	SPI_connect();
	registered = EraseUser(PG_GETARG_DATUM(0), erased);
	SPI_finish();

	initStringInfo(&result);
	appendStringInfoString(&result, "{\"user_id\": ");
	escape_json(&result, pnstrdup(user.data, user.len));
	appendStringInfoString(&result, ", \"erased\": ");
	AppendCounts(&result, erased);
	appendStringInfo(&result, ", \"user_deleted\": %s}",
					 registered ? "true" : "false");
	PG_RETURN_TEXT_P(cstring_to_text_with_len(result.data, result.len));
}

/*
 * Apply an UPDATE of the view.  Another id renames the user, or merges it
 * into the one that has that id.  Returns NULL where the user is gone by now.
 */
static HeapTuple
UpdateUser(const UserRow *old, UserRow *new, HeapTuple tuple, TupleDesc tupdesc)
{
	bool rename = !SameValue(old, new, USER_ID_COLUMN);
	int64 *transferred;
	int64 duplicates;

	if (!old->isnull[CREATED_AT_COLUMN - 1] &&
		new->isnull[CREATED_AT_COLUMN - 1])
		ReportNull("created_at");
	/* what is not changed is left to the row as it is by now */
	if (SameValue(old, new, CREATED_AT_COLUMN))
		new->isnull[CREATED_AT_COLUMN - 1] = true;

	if (rename)
	{
		transferred = palloc(mul_size(sizeof(int64), NumInteractionTypes));
		if (!TransferInteractions(old->id, new->id, true, transferred,
								  &duplicates))
			return NULL;
		if (SameValue(old, new, NAME_COLUMN))
			new->isnull[NAME_COLUMN - 1] = true;
	}
	else if (!UserIsKnown(old))
		return NULL;
	return SaveUser(new, rename && new->isnull[NAME_COLUMN - 1], tuple,
					tupdesc);
}

/* INSTEAD OF INSERT OR UPDATE OR DELETE on interactions_v1.users */
PG_FUNCTION_INFO_V1(edit_user);
Datum
edit_user(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	MemoryContext context = CurrentMemoryContext;
	HeapTuple result;
	TupleDesc tupdesc;
	UserRow old;
	UserRow new;

	CheckTrigger(fcinfo, true);
	tupdesc = RelationGetDescr(trigdata->tg_relation);
	SPI_connect();
	old = ReadUser(trigdata->tg_trigtuple, tupdesc);

	/* a statement comes to its users in any order, so it locks all at once */
	if (!TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		LockAllUsers();

	if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
	{
		EraseUser(old.values[USER_ID_COLUMN - 1],
				  palloc(mul_size(sizeof(int64), NumInteractionTypes)));
		result = trigdata->tg_trigtuple;
	}
	else if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
	{
		result = SaveUser(&old, true, trigdata->tg_trigtuple, tupdesc);
		SetStatus(old.created ? "201" : "200");
	}
	else
	{
		new = ReadUser(trigdata->tg_newtuple, tupdesc);
		result = UpdateUser(&old, &new, trigdata->tg_newtuple, tupdesc);
	}
	if (result != NULL)
	{
		MemoryContextSwitchTo(context);
		result = heap_copytuple(result);
	}
	SPI_finish();
	return PointerGetDatum(result);
}

/* BEFORE INSERT OR UPDATE on interactions.users: holds the rules */
PG_FUNCTION_INFO_V1(check_user);
Datum
check_user(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	HeapTuple tuple;
	TupleDesc tupdesc;
	int columns[] = {CREATED_AT_COLUMN};
	TimestampTz created_at;
	Datum values[1];
	bool isnull[1];
	Violation violation;

	CheckTrigger(fcinfo, false);
	tupdesc = RelationGetDescr(trigdata->tg_relation);
	tuple = TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event)
				? trigdata->tg_newtuple
				: trigdata->tg_trigtuple;
	values[0] = heap_getattr(tuple, USER_ID_COLUMN, tupdesc, &isnull[0]);
	CheckedId("user_id", values[0], isnull[0]);

	values[0] = heap_getattr(tuple, CREATED_AT_COLUMN, tupdesc, &isnull[0]);
	created_at = isnull[0] ? GetCurrentTransactionStartTimestamp()
						   : DatumGetTimestampTz(values[0]);
	if (!CheckTimestamp("created_at", &created_at, &violation))
		ReportViolation(&violation);
	if (!isnull[0] && DatumGetTimestampTz(values[0]) == created_at)
		return PointerGetDatum(tuple);

	values[0] = TimestampTzGetDatum(created_at);
	isnull[0] = false;
	return PointerGetDatum(heap_modify_tuple_by_cols(tuple, tupdesc,
													 lengthof(columns), columns,
													 values, isnull));
}
