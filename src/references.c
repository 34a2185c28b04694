/*
 * references.c
 *	  What refers to the registration of a user by foreign keys.
 *
 * Where a user is merged into another, what refers to the registration that goes
 * is made to refer to the one that stays, as it would follow a rename: its key
 * might be told to remove it, or to forget whom it refers to.  And a key of the
 * interactions themselves would take along those that a policy hides, uncounted.
 * A key finds rows with the rights of their table's owner, whatever policies
 * say, and so does what is run here.
 *
 * To be called within SPI.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "kept.h"
#include "miscadmin.h"
#include "plans.h"
#include "references.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* the registration of a user, as a row of the last result has it */
typedef struct Registration
{
	HeapTuple row;
	TupleDesc tupdesc;
} Registration;

/* a foreign key to the registrations */
typedef struct UserKey
{
	Oid			relid; /* whose rows refer to them */
	int			ncolumns;
	const char *columns[INDEX_MAX_KEYS];
	const char *referred[INDEX_MAX_KEYS];
	Oid			operators[INDEX_MAX_KEYS];
} UserKey;

static UserKey
ReadKey(const Trigger *trigger, Oid users)
{
	UserKey	   key = {.relid = trigger->tgconstrrelid};
	AttrNumber columns[INDEX_MAX_KEYS];
	AttrNumber referred[INDEX_MAX_KEYS];
	HeapTuple  tuple =
		SearchSysCache1(CONSTROID, ObjectIdGetDatum(trigger->tgconstraint));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for constraint %u",
			 trigger->tgconstraint);
	DeconstructFkConstraintRow(tuple, &key.ncolumns, columns, referred,
							   key.operators, NULL, NULL, NULL, NULL);
	ReleaseSysCache(tuple);
	for (int i = 0; i < key.ncolumns; i++)
	{
		key.columns[i] = get_attname(key.relid, columns[i], false);
		key.referred[i] = get_attname(users, referred[i], false);
	}
	return key;
}

/* An operator, whatever the search_path is. */
static const char *
OperatorName(Oid operator)
{
	HeapTuple tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	const char		*name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	name = psprintf("OPERATOR(%s.%s)",
					quote_identifier(get_namespace_name(form->oprnamespace)),
					NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return name;
}

/* The value of a column of a registration to which a key refers. */
static Datum
ReferredValue(const Registration *registration, const char *column,
			  bool *isnull)
{
	return SPI_getbinval(registration->row, registration->tupdesc,
						 SPI_fnumber(registration->tupdesc, column), isnull);
}

/*
 * Make what refers to a registration by a key refer to another, if there is one;
 * else count it.  A role does so.
 */
static int64
RunForKey(const UserKey *key, const Registration *one,
		  const Registration *other, Oid role)
{
	Oid			   types[2 * INDEX_MAX_KEYS];
	Datum		   values[2 * INDEX_MAX_KEYS];
	StringInfoData sets;
	StringInfoData conditions;
	const char	  *table =
		quote_qualified_identifier(get_namespace_name(
									   get_rel_namespace(key->relid)),
								   get_rel_name(key->relid));
	int n = key->ncolumns;
	Oid user;
	int context;
	int result;

	initStringInfo(&sets);
	initStringInfo(&conditions);
	for (int i = 0; i < n; i++)
	{
		const char *column = quote_identifier(key->columns[i]);
		bool		isnull;
		bool		other_isnull;

		values[i] = ReferredValue(one, key->referred[i], &isnull);
		values[n + i] = ReferredValue(other != NULL ? other : one,
									  key->referred[i], &other_isnull);
		if (isnull || other_isnull)
			return 0;
		types[i] = types[n + i] =
			SPI_gettypeid(one->tupdesc,
						  SPI_fnumber(one->tupdesc, key->referred[i]));
		appendStringInfo(&sets, "%s %s = $%d", i > 0 ? "," : "", column,
						 n + i + 1);
		appendStringInfo(&conditions, "%s $%d %s %s", i > 0 ? " AND" : "",
						 i + 1, OperatorName(key->operators[i]), column);
	}
	GetUserIdAndSecContext(&user, &context);
	if (role != user)
		SetUserIdAndSecContext(role, context | SECURITY_LOCAL_USERID_CHANGE |
										 SECURITY_NOFORCE_RLS);
	result =
		SPI_execute_with_args(other != NULL
								  ? psprintf("UPDATE %s SET%s WHERE%s", table,
											 sets.data, conditions.data)
								  : psprintf("SELECT FROM %s WHERE%s", table,
											 conditions.data),
							  2 * key->ncolumns, types, values, NULL, false, 0);
	SetUserIdAndSecContext(user, context);
	if (result < 0)
		elog(ERROR, "could not look for references: %s",
			 SPI_result_code_string(result));
	return (int64) SPI_processed;
}

/* The table of ours whose rows a key ties to their user; -1 is none. */
static int
TableOfKey(const UserKey *key)
{
	for (int i = 0; i < key->ncolumns; i++)
	{
		if (strcmp(key->columns[i], "user_id") != 0 ||
			strcmp(key->referred[i], "user_id") != 0)
			continue;
		for (int table = 0; table < TABLE_USERS; table++)
		{
			if (key->relid == FindTable(TableName(table)))
				return table;
		}
	}
	return -1;
}

/*
 * Let what refers by a key to the user who goes, or moves, refer to the other if
 * there is one.  Raises where something stays behind, or is hidden.
 */
static void
FollowKey(const UserKey *key, const Registration *one,
		  const Registration *other)
{
	int		 table = TableOfKey(key);
	Relation rel;
	Oid		 owner;

	/* what the caller sees of these goes, or moves, by itself */
	if (table >= 0 ? !HidesRows(key->relid) : other == NULL)
		return;
	rel = table_open(key->relid, AccessShareLock);
	owner = rel->rd_rel->relowner;
	table_close(rel, NoLock);
	if (table >= 0)
	{
		if (RunForKey(key, one, NULL, owner) >
			RunForKey(key, one, NULL, GetUserId()))
			ReportKeptRows(TableName(table));
		return;
	}
	RunForKey(key, one, other, owner);
	if (RunForKey(key, one, NULL, owner) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
				 errmsg("rows of table \"%s\" refer to the user who is merged into another",
						get_rel_name(key->relid)),
				 errhint("Let them refer to the other user before.")));
}

/*
 * Whether a trigger is the one of a key that does something when a registration
 * goes, or gets another id; where such rows hinder it, core says so.
 */
static bool
IsOfKey(const Trigger *trigger, RowsChange change)
{
	switch (trigger->tgfoid)
	{
		case F_RI_FKEY_CASCADE_DEL:
		case F_RI_FKEY_SETNULL_DEL:
		case F_RI_FKEY_SETDEFAULT_DEL:
		case F_RI_FKEY_NOACTION_DEL:
		case F_RI_FKEY_RESTRICT_DEL:
			return change == ROWS_GO;
		case F_RI_FKEY_CASCADE_UPD:
		case F_RI_FKEY_SETNULL_UPD:
		case F_RI_FKEY_SETDEFAULT_UPD:
			return change == ROWS_MOVE;
		default:
			return false;
	}
}

/* Find the registration of a user; false where there is none. */
static bool
FindRegistration(Datum user, Registration *registration)
{
	Oid types[] = {TEXTOID};

	if (SPI_execute_with_args("SELECT * FROM interactions.users"
							  " WHERE user_id OPERATOR(pg_catalog.=) $1",
							  lengthof(types), types, &user, NULL, false,
							  0) != SPI_OK_SELECT ||
		SPI_processed == 0)
		return false;
	*registration =
		(Registration){SPI_tuptable->vals[0], SPI_tuptable->tupdesc};
	return true;
}

/*
 * Care for what refers to the registration of the first of two users, which is
 * to go, or to become the other's.
 */
void
FollowReferences(const Datum *users, const RowsChange *changes)
{
	RowsChange change = changes[TABLE_USERS];
	bool	   merged = change == ROWS_GO && changes[0] == ROWS_MOVE;
	Relation   rel = OpenTable(TableName(TABLE_USERS), RowExclusiveLock);
	int ntriggers = rel->trigdesc == NULL ? 0 : rel->trigdesc->numtriggers;
	Registration one;
	Registration other;

	if (change == ROWS_STAY || !FindRegistration(users[0], &one) ||
		(merged && !FindRegistration(users[1], &other)))
		ntriggers = 0;
	for (int i = 0; i < ntriggers; i++)
	{
		const Trigger *trigger = &rel->trigdesc->triggers[i];

		if (IsOfKey(trigger, change))
		{
			UserKey key = ReadKey(trigger, RelationGetRelid(rel));

			FollowKey(&key, &one, merged ? &other : NULL);
		}
	}
	table_close(rel, NoLock);
}
