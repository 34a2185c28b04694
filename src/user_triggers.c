/*
 * user_triggers.c
 *	  The triggers of the registered users, and of the view of every known one.
 *
 * An UPDATE of the view changes the columns that the statement names, which an
 * INSTEAD OF trigger is not told.  So a trigger BEFORE the statement notes them,
 * as long as the statement runs.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "erase.h"
#include "executor/spi.h"
#include "locks.h"
#include "renames.h"
#include "rows.h"
#include "rules.h"
#include "running.h"
#include "timestamp.h"
#include "users.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

static const char *const table_columns[] = {"user_id", "name", "created_at"};
static const char *const view_columns[] = {"external_id", "name", "created_at"};

/* an UPDATE of the view that runs now */
typedef struct UserUpdate
{
	Running		   running;
	const Trigger *triggers;		   /* as the executor has them */
	bool		   named[NUM_COLUMNS]; /* the columns that it sets */
	HTAB		  *renames;			   /* NULL until there is one */
} UserUpdate;

static Running *updates = NULL;

/* Find the columns of the trigger's relation, by name; they must be there. */
static void
FindColumns(TupleDesc tupdesc, bool of_view, int attnums[NUM_COLUMNS])
{
	for (int i = 0; i < NUM_COLUMNS; i++)
	{
		Oid typid = i != CREATED_AT ? TEXTOID
					: of_view		? INT8OID
									: TIMESTAMPTZOID;

		attnums[i] =
			SPI_fnumber(tupdesc, (of_view ? view_columns : table_columns)[i]);
		if (attnums[i] <= 0 ||
			TupleDescAttr(tupdesc, attnums[i] - 1)->atttypid != typid)
			ReportTriggerProtocol();
	}
}

/* Hold an id to the rule, or raise, and show which row it is. */
static void
CheckRowId(const char *column, Datum id, bool isnull,
		   const TriggerData *trigdata)
{
	Span	  span = {NULL, 0};
	Violation violation;

	if (!isnull)
		span = TextSpan(id);
	if (!CheckId(column, span, true, &violation))
		ReportRow(&violation, trigdata);
}

/* Read a row of the view, and hold its id to the rule. */
static UserRow
ReadUser(const TriggerData *trigdata, HeapTuple tuple, const int *attnums)
{
	UserRow row;

	for (int i = 0; i < NUM_COLUMNS; i++)
		row.values[i] = heap_getattr(tuple, attnums[i],
									 RelationGetDescr(trigdata->tg_relation),
									 &row.isnull[i]);
	CheckRowId("external_id", row.values[USER_ID], row.isnull[USER_ID],
			   trigdata);
	return row;
}

/* The triggers of which the running one is one, as the executor keeps them. */
static const Trigger *
TriggersOf(const TriggerData *trigdata)
{
	const TriggerDesc *triggers = trigdata->tg_relation->trigdesc;
	int				   i = 0;

	while (i < triggers->numtriggers - 1 &&
		   triggers->triggers[i].tgoid != trigdata->tg_trigger->tgoid)
		i++;
	return trigdata->tg_trigger - i;
}

/* Note the columns that a statement sets. */
static void
BeginUpdate(FunctionCallInfo fcinfo, const int *attnums)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	UserUpdate	*update =
		BeginRunning(&updates, RelationGetRelid(trigdata->tg_relation),
					 sizeof(UserUpdate), fcinfo->flinfo->fn_mcxt);

	update->triggers = TriggersOf(trigdata);
	for (int i = 0; i < NUM_COLUMNS; i++)
		update->named[i] =
			bms_is_member(attnums[i] - FirstLowInvalidHeapAttributeNumber,
						  trigdata->tg_updatedcols);
}

/* Raise that one statement changes the view in two of its parts. */
pg_noreturn static void
ReportSecondChange(const TriggerData *trigdata)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("view \"%s\" cannot be updated twice in one statement",
					RelationGetRelationName(trigdata->tg_relation)),
			 errhint("Use two statements.")));
}

/*
 * Find what was noted of the statement.  Of two UPDATEs in one statement core
 * tells only of the first, so the columns of the other are not known.
 */
static UserUpdate *
FindUpdate(const TriggerData *trigdata)
{
	UserUpdate *update =
		FindRunning(updates, RelationGetRelid(trigdata->tg_relation));

	if (update == NULL)
		ReportTriggerProtocol();
	if (update->triggers != TriggersOf(trigdata))
		ReportSecondChange(trigdata);
	return update;
}

/* Apply an UPDATE of the view; false where the user is gone by now. */
static bool
UpdateUser(const TriggerData *trigdata, const UserRow *old, UserRow *new)
{
	UserUpdate *update = FindUpdate(trigdata);

	/* one who keeps his id matters where he may get a name or a time of another */
	if (!SpansEqual(UserId(old), UserId(new)) ||
		(update->named[USER_ID] &&
		 (update->named[NAME] || update->named[CREATED_AT])))
		NoteRename(&update->renames, update->running.context, UserId(old),
				   UserId(new));
	return ChangeUser(trigdata, old, new, update->named);
}

/*
 * Apply a DELETE of the view; false where the user is gone by now.  A condition
 * of the statement holds of the user as its snapshot has him: where he has
 * another name or time by now it is not known whether it still does.
 */
static bool
DeleteUser(const TriggerData *trigdata, const UserRow *row)
{
	int64	erased[NUM_TYPES];
	UserRow now = *row;
	bool	done;

	if (FindRunning(updates, RelationGetRelid(trigdata->tg_relation)) != NULL)
		ReportSecondChange(trigdata);
	if (!LookUpUser(&now))
		return false;
	if (!SameUser(row, &now))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("user \"%s\" was changed by another transaction meanwhile",
						Clip(UserId(row))),
				 errhint("Repeat the statement.")));
	done = EraseUser(row->values[USER_ID], erased);
	for (int i = 0; i < NUM_TYPES; i++)
		done = done || erased[i] > 0;
	return done;
}

/* INSTEAD OF a row: the row as it is stored, or NULL where nothing is done. */
static HeapTuple
EditUser(TriggerData *trigdata, const int *attnums)
{
	TupleDesc	  tupdesc = RelationGetDescr(trigdata->tg_relation);
	MemoryContext context = CurrentMemoryContext;
	HeapTuple	  tuple = trigdata->tg_trigtuple;
	UserRow		  row;
	bool		  done;

	SPI_connect();
	row = ReadUser(trigdata, tuple, attnums);
	/* a statement comes to its users in any order, so it locks all at once */
	if (!TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		LockAllUsers();

	if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
	{
		done = DeleteUser(trigdata, &row);
		SPI_finish();
		return done ? tuple : NULL; /* somebody else did */
	}
	if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		done = InsertUser(trigdata, &row);
	else
	{
		UserRow old = row;

		tuple = trigdata->tg_newtuple;
		row = ReadUser(trigdata, tuple, attnums);
		done = UpdateUser(trigdata, &old, &row);
	}
	if (done)
	{
		MemoryContextSwitchTo(context);
		tuple = heap_modify_tuple_by_cols(tuple, tupdesc, NUM_COLUMNS,
										  unconstify(int *, attnums),
										  row.values, row.isnull);
	}
	SPI_finish();
	return done ? tuple : NULL;
}

/*
 * On interactions_v1.users: INSTEAD OF INSERT OR UPDATE OR DELETE, and BEFORE
 * each UPDATE
 */
PG_FUNCTION_INFO_V1(edit_user);
Datum
edit_user(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	int			 attnums[NUM_COLUMNS];

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		(!TRIGGER_FIRED_INSTEAD(trigdata->tg_event) &&
		 (!TRIGGER_FIRED_FOR_STATEMENT(trigdata->tg_event) ||
		  !TRIGGER_FIRED_BEFORE(trigdata->tg_event) ||
		  !TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))))
		ReportTriggerProtocol();
	FindColumns(RelationGetDescr(trigdata->tg_relation), true, attnums);
	if (TRIGGER_FIRED_INSTEAD(trigdata->tg_event))
		return PointerGetDatum(EditUser(trigdata, attnums));
	BeginUpdate(fcinfo, attnums);
	return PointerGetDatum(NULL);
}

/* BEFORE INSERT OR UPDATE on interactions.users: holds the rules */
PG_FUNCTION_INFO_V1(check_user);
Datum
check_user(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	int			 attnums[NUM_COLUMNS];
	HeapTuple	 tuple;
	TupleDesc	 tupdesc;
	TimestampTz	 created_at;
	Datum		 value;
	bool		 isnull;
	Violation	 violation;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		!TRIGGER_FIRED_BEFORE(trigdata->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
		ReportTriggerProtocol();
	tupdesc = RelationGetDescr(trigdata->tg_relation);
	FindColumns(tupdesc, false, attnums);
	tuple = TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event)
				? trigdata->tg_newtuple
				: trigdata->tg_trigtuple;
	value = heap_getattr(tuple, attnums[USER_ID], tupdesc, &isnull);
	CheckRowId("user_id", value, isnull, trigdata);

	value = heap_getattr(tuple, attnums[CREATED_AT], tupdesc, &isnull);
	created_at = isnull ? GetCurrentTransactionStartTimestamp()
						: DatumGetTimestampTz(value);
	if (!CheckTimestamp("created_at", &created_at, &violation))
		ReportRow(&violation, trigdata);
	if (!isnull && DatumGetTimestampTz(value) == created_at)
		return PointerGetDatum(tuple);

	value = TimestampTzGetDatum(created_at);
	isnull = false;
	return PointerGetDatum(heap_modify_tuple_by_cols(tuple, tupdesc, 1,
													 &attnums[CREATED_AT],
													 &value, &isnull));
}
