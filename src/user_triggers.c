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
#include "executor/spi.h"
#include "locks.h"
#include "rows.h"
#include "rules.h"
#include "running.h"
#include "table_trigger.h"
#include "users.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* an UPDATE of the view that runs now */
typedef struct UserUpdate
{
	Running		   running;
	CommandId	   command;					/* the statement */
	const Trigger *triggers;				/* as the executor has them */
	bool		   named[NUM_USER_COLUMNS]; /* the columns that it sets */
	HTAB		  *renames;					/* NULL until there is one */
} UserUpdate;

static Running *updates = NULL;

/* Read a row of the view, and hold its id to the rule. */
static Row
ReadUser(const TriggerData *trigdata, HeapTuple tuple, const int *attnums)
{
	Row		  row;
	Violation violation;

	for (int i = 0; i < NUM_USER_COLUMNS; i++)
		row.values[i] = heap_getattr(tuple, attnums[i],
									 RelationGetDescr(trigdata->tg_relation),
									 &row.isnull[i]);
	if (!CheckId("external_id",
				 SpanOrNull(row.values[USERS_ID], row.isnull[USERS_ID]), true,
				 &violation))
		ReportRow(&violation, trigdata);
	return row;
}

/*
 * The executor's copy of the triggers of which the running one is one.  Each
 * ModifyTable of a statement has its own, so that it tells two UPDATEs apart.
 */
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

	update->command = GetActiveSnapshot()->curcid;
	update->triggers = TriggersOf(trigdata);
	for (int i = 0; i < NUM_USER_COLUMNS; i++)
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

/* a user who is changed, or to whom somebody is renamed */
typedef struct ChangedUser
{
	char id[MAX_ID_BYTES + 1]; /* the key */
	bool changed;
	bool is_target;
} ChangedUser;

/* Find a user among those that a statement changes, or add him. */
static ChangedUser *
EnterUser(const UserUpdate *update, Span id)
{
	bool		 found;
	char		*key = pnstrdup(id.data, id.len);
	ChangedUser *user = hash_search(update->renames, key, HASH_ENTER, &found);

	if (!found)
		user->changed = user->is_target = false;
	pfree(key);
	return user;
}

/*
 * Note that a statement renames a user, or changes him otherwise if the ids are
 * the same; raise where the same one renames another to him, or him to another:
 * the order in which it comes to them would decide what becomes of whom.
 */
static void
NoteRename(UserUpdate *update, Span from, Span to)
{
	ChangedUser *user;
	ChangedUser *target;

	if (update->renames == NULL)
	{
		HASHCTL info = {.keysize = MAX_ID_BYTES + 1,
						.entrysize = sizeof(ChangedUser),
						.hcxt = update->running.context};

		update->renames = hash_create("interactions renames", 64, &info,
									  HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	}
	user = EnterUser(update, from);
	target = EnterUser(update, to);
	user->changed = true;
	target->is_target = target->is_target || target != user;
	if (user->is_target || (target != user && target->changed))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg(
					 "cannot rename a user to one whom the same statement changes"),
				 errdetail("\"%s\" is changed, and another is renamed to that id.",
						   Clip(user->is_target ? from : to)),
				 errhint("Rename them one after another, or by way of ids that"
						 " nobody has.")));
}

/* Apply an UPDATE of the view; false where the user is gone by now. */
static bool
UpdateUser(const TriggerData *trigdata, const Row *old, Row *new)
{
	UserUpdate *update = FindUpdate(trigdata);

	/* who keeps his id matters where another may be merged into him */
	if (!SpansEqual(UserId(old), UserId(new)) ||
		(update->named[USERS_ID] &&
		 (update->named[USERS_NAME] || update->named[USERS_CREATED_AT])))
		NoteRename(update, UserId(old), UserId(new));
	return ChangeUser(trigdata, old, new, update->named);
}

/*
 * Whether this transaction has changed the registration of a user since the
 * statement began: removed the one that its snapshot shows, or made another.
 */
static bool
ChangedHere(Datum user_id)
{
	Oid types[] = {TEXTOID};

	for (int now = 0; now <= 1; now++)
	{
		bool isnull;

		if (SPI_execute_with_args(psprintf("SELECT %s FROM interactions.users"
										   " WHERE user_id"
										   " OPERATOR(pg_catalog.=) $1",
										   now ? "xmin" : "xmax"),
								  lengthof(types), types, &user_id, NULL, !now,
								  0) == SPI_OK_SELECT &&
			SPI_processed > 0 &&
			TransactionIdIsCurrentTransactionId(DatumGetTransactionId(
				SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
							  &isnull))))
			return true;
	}
	return false;
}

/* Raise that a user is not any more what a DELETE has found. */
pg_noreturn static void
ReportChangedUser(const Row *row)
{
	if (ChangedHere(row->values[USERS_ID]))
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("user \"%s\" was changed by a key or a trigger of the same statement",
						Clip(UserId(row))),
				 errhint("Delete the users one after another.")));
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("user \"%s\" was changed by another transaction meanwhile",
					Clip(UserId(row))),
			 errhint("Repeat the statement.")));
}

/*
 * Apply a DELETE of the view; false where the user is gone by now.  A condition
 * of the statement holds of the user as its snapshot has him: where he has
 * another name or time by now it is not known whether it still does.
 */
static bool
DeleteUser(const TriggerData *trigdata, const Row *row)
{
	UserUpdate *update;
	UserChange	change;
	Row			now = *row;
	bool		done;

	update = FindRunning(updates, RelationGetRelid(trigdata->tg_relation));
	/* what a trigger or a function of the user's runs is another statement */
	if (update != NULL && update->command == GetActiveSnapshot()->curcid)
		ReportSecondChange(trigdata);
	if (!LookUpUser(&now))
		return false;
	if (!SameValues(KnownUserColumns, NUM_USER_COLUMNS, row, &now))
		ReportChangedUser(row);
	change = EraseUser(row->values[USERS_ID]);
	done = change.removed[TABLE_USERS] > 0;
	for (int i = 0; i < NUM_TYPES; i++)
		done = done || change.removed[i] > 0;
	return done;
}

/* INSTEAD OF a row: the row as it is stored, or NULL where nothing is done. */
static HeapTuple
EditUser(TriggerData *trigdata, const int *attnums)
{
	TupleDesc	  tupdesc = RelationGetDescr(trigdata->tg_relation);
	MemoryContext context = CurrentMemoryContext;
	HeapTuple	  tuple = trigdata->tg_trigtuple;
	Row			  row;
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
		Row old = row;

		tuple = trigdata->tg_newtuple;
		row = ReadUser(trigdata, tuple, attnums);
		done = UpdateUser(trigdata, &old, &row);
	}
	if (done)
	{
		MemoryContextSwitchTo(context);
		tuple = heap_modify_tuple_by_cols(tuple, tupdesc, NUM_USER_COLUMNS,
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
	int			 attnums[NUM_USER_COLUMNS];

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		(!TRIGGER_FIRED_INSTEAD(trigdata->tg_event) &&
		 (!TRIGGER_FIRED_FOR_STATEMENT(trigdata->tg_event) ||
		  !TRIGGER_FIRED_BEFORE(trigdata->tg_event) ||
		  !TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))))
		ReportTriggerProtocol();
	FindColumns(trigdata->tg_relation, KnownUserColumns, NUM_USER_COLUMNS,
				false, attnums);
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
	return CheckRow(fcinfo, UserColumns, NUM_USER_COLUMNS);
}
