/*
 * user_keys.c
 *	  What refers to the rows of a user, or to his registration, by foreign keys.
 *
 * Where a user is merged into another, what refers to the registration that goes
 * is made to refer to the one that stays, as it would follow a rename: its key
 * might be told to remove it, or to forget whom it refers to.  And a key of the
 * interactions themselves would take along those that a policy hides, uncounted.
 *
 * To be called within SPI.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "foreign_keys.h"
#include "miscadmin.h"
#include "own_tables.h"
#include "user_keys.h"
#include "user_tables.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* Whether a key refers to a registration by the user that a row bears. */
static bool
BearsUser(const ForeignKey *key)
{
	for (int i = 0; i < key->ncolumns; i++)
	{
		if (key->columns[i] == get_attnum(key->relid, "user_id") &&
			key->referred[i] == get_attnum(key->referred_relid, "user_id"))
			return true;
	}
	return false;
}

/*
 * Raise where rows of one of the tables refer by a key to rows of a user, and the
 * caller does not see them: the key takes them along, uncounted.
 */
static void
RefuseHiddenReferrers(const ForeignKey *key, const ReferredRows *rows,
					  int table)
{
	if (CountReferring(key, rows, InvalidOid) >
		CountReferring(key, rows, FindTable(TableName(table))))
		ReportWithheldRows(TableName(table));
}

/*
 * Let what refers by a key to the user who goes, or moves, refer to the other if
 * there is one.  Raises where something stays behind, or is hidden.  What the
 * caller sees of the interactions goes, or moves, by itself.
 */
static void
FollowKey(const ForeignKey *key, const ReferredRows *one,
		  const ReferredRows *other, RowsChange change)
{
	int	 table = TableOf(key->relid);
	bool by_itself = table >= 0 && table != TABLE_USERS && BearsUser(key);

	if (other != NULL && !by_itself)
	{
		if (CountReferring(key, one, InvalidOid) == 0)
			return;
		if (other->nrows > 0)
			ReferToOther(key, one, other);
		if (CountReferring(key, one, InvalidOid) > 0)
			ereport(ERROR,
					(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
					 errmsg("rows of table \"%s\" refer to the user who is merged into another",
							get_rel_name(key->relid)),
					 errhint("Let them refer to the other user before.")));
	}
	else if (table >= 0 && (by_itself || change == ROWS_GO) &&
			 RowSecurityHolds(FindTable(TableName(table))))
		RefuseHiddenReferrers(key, one, table);
}

/* Whether a trigger is the one of a key that does something when a row goes. */
static bool
ActsOnDelete(const Trigger *trigger)
{
	return trigger->tgfoid == F_RI_FKEY_CASCADE_DEL ||
		   trigger->tgfoid == F_RI_FKEY_SETNULL_DEL ||
		   trigger->tgfoid == F_RI_FKEY_SETDEFAULT_DEL;
}

/* The same where what it refers to gets other values. */
static bool
ActsOnUpdate(const Trigger *trigger)
{
	return trigger->tgfoid == F_RI_FKEY_CASCADE_UPD ||
		   trigger->tgfoid == F_RI_FKEY_SETNULL_UPD ||
		   trigger->tgfoid == F_RI_FKEY_SETDEFAULT_UPD;
}

/*
 * Care for what refers to a registration, in the table or in a part of it, by the
 * key of a trigger.  One that hinders the registration from going is followed,
 * too; where it hinders another id, core says so.
 */
static void
FollowUserKey(Relation rel, const Trigger *trigger, const Datum *users,
			  const RowsChange *changes)
{
	RowsChange	 change = changes[TABLE_USERS];
	bool		 merged = change == ROWS_GO && changes[0] == ROWS_MOVE;
	ReferredRows one;
	ReferredRows other;
	ForeignKey	 key;

	if (change == ROWS_GO ? !ActsOnDelete(trigger) &&
								trigger->tgfoid != F_RI_FKEY_NOACTION_DEL &&
								trigger->tgfoid != F_RI_FKEY_RESTRICT_DEL
						  : !ActsOnUpdate(trigger))
		return;
	one = FindReferredRows(rel, users[0]);
	if (one.nrows == 0)
		return;
	other = FindReferredRows(rel, users[1]);
	key = ReadKey(trigger, RelationGetRelid(rel));
	FollowKey(&key, &one, merged ? &other : NULL, change);
}

/* Whether a key refers to the user whom a row bears. */
static bool
RefersToUser(const ForeignKey *key)
{
	AttrNumber user_id = get_attnum(key->referred_relid, "user_id");

	for (int i = 0; i < key->ncolumns; i++)
	{
		if (key->referred[i] == user_id)
			return true;
	}
	return false;
}

/* The condition for a row of the source that the target has already. */
#define IS_DUPLICATE                                                           \
	" AND EXISTS (SELECT FROM interactions.%s AS target"                       \
	" WHERE target.user_id OPERATOR(pg_catalog.=) $2"                          \
	" AND target.\"timestamp\" OPERATOR(pg_catalog.=) source.\"timestamp\""    \
	" AND target.item_id OPERATOR(pg_catalog.=) source.item_id"                \
	" AND target.fingerprint OPERATOR(pg_catalog.=) source.fingerprint)"

/*
 * Raise where the key of a trigger, from one of the tables to another, takes rows
 * along that the caller does not see.  Where interactions move, duplicates go.
 */
static void
CheckTableKey(Relation rel, const Trigger *trigger, int table,
			  const Datum *users, RowsChange change)
{
	Oid			 types[] = {TEXTOID, TEXTOID};
	Datum		 values[] = {users[0], users[1]};
	ForeignKey	 key;
	ReferredRows rows;
	int			 referring;
	bool		 moved = false;

	if (!ActsOnDelete(trigger) && !ActsOnUpdate(trigger))
		return;
	referring = TableOf(trigger->tgconstrrelid);
	if (referring < 0 || !RowSecurityHolds(FindTable(TableName(referring))))
		return;
	key = ReadKey(trigger, RelationGetRelid(rel));
	if (change == ROWS_MOVE)
	{
		moved = ActsOnUpdate(trigger) && RefersToUser(&key);
		if (!moved && (!ActsOnDelete(trigger) || table >= NUM_TYPES))
			return;
	}
	else if (!ActsOnDelete(trigger))
		return;
	if (SPI_execute_with_args(psprintf("SELECT source.* FROM interactions.%s AS source"
									   " WHERE user_id OPERATOR(pg_catalog.=) $1%s",
									   TableName(table),
									   change == ROWS_MOVE && !moved
										   ? psprintf(IS_DUPLICATE,
													  TableName(table))
										   : ""),
							  lengthof(types), types, values, NULL, false,
							  0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the rows of a user");
	rows = (ReferredRows){SPI_tuptable->vals, SPI_processed,
						  SPI_tuptable->tupdesc};
	if (rows.nrows > 0)
		RefuseHiddenReferrers(&key, &rows, referring);
}

/*
 * Care for what refers by foreign keys to the rows of the first of two users,
 * and to his registration, which are to go, or to become the other's.  AreTied()
 * has locked the tables.
 */
void
FollowReferences(const Datum *users, const RowsChange *changes)
{
	for (int table = 0; table < NUM_USER_TABLES; table++)
	{
		Oid		  root = FindTable(TableName(table));
		ListCell *cell;

		/* locked, so that nobody makes more refer to it meanwhile */
		if (changes[table] == ROWS_STAY ||
			(table == TABLE_USERS && LockRowsOf(table, users[0]) == 0))
			continue;
		foreach (cell, find_all_inheritors(root, NoLock, NULL))
		{
			Relation	 rel = table_open(lfirst_oid(cell), NoLock);
			TriggerDesc *triggers = CopyTriggerDesc(rel->trigdesc);

			for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
			{
				const Trigger *trigger = &triggers->triggers[i];

				/* of a part they are those of the whole, or its own */
				if (trigger->tgisclone && RelationGetRelid(rel) != root)
					continue;
				if (table == TABLE_USERS)
					FollowUserKey(rel, trigger, users, changes);
				else
					CheckTableKey(rel, trigger, table, users, changes[table]);
			}
			table_close(rel, NoLock);
		}
	}
}
