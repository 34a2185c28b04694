/*
 * user_keys.c
 *	  What refers to the rows of a user, or to his registration, by foreign keys.
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
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "own_tables.h"
#include "user_keys.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

/* the registration of a user, as a row of a result has it, if it is there */
typedef struct Registration
{
	HeapTuple row;
	TupleDesc tupdesc;
} Registration;

/* a foreign key to the registrations */
typedef struct UserKey
{
	Oid		   relid; /* whose rows refer to them */
	Oid		   users; /* their table, or a part of it */
	int		   ncolumns;
	bool	   has_period; /* the last column, of which each keeps its own */
	AttrNumber columns[INDEX_MAX_KEYS];
	AttrNumber referred[INDEX_MAX_KEYS];
	Oid		   operators[INDEX_MAX_KEYS];
} UserKey;

static UserKey
ReadKey(const Trigger *trigger, Oid users)
{
	UserKey	  key = {.relid = trigger->tgconstrrelid, .users = users};
	HeapTuple tuple =
		SearchSysCache1(CONSTROID, ObjectIdGetDatum(trigger->tgconstraint));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for constraint %u",
			 trigger->tgconstraint);
	key.has_period = HasPeriod((Form_pg_constraint) GETSTRUCT(tuple));
	DeconstructFkConstraintRow(tuple, &key.ncolumns, key.columns, key.referred,
							   key.operators, NULL, NULL, NULL, NULL);
	ReleaseSysCache(tuple);
	return key;
}

/*
 * Append 'column = $n' as ri_triggers.c does, with the operator and collation of
 * the key; returns the type of the parameter.
 */
static Oid
AppendMatch(StringInfo sql, const UserKey *key, int i)
{
	Oid	  type;
	Oid	  own_type;
	int32 typmod;
	Oid	  collation;
	Oid	  own_collation;

	get_atttypetypmodcoll(key->users, key->referred[i], &type, &typmod,
						  &collation);
	get_atttypetypmodcoll(key->relid, key->columns[i], &own_type, &typmod,
						  &own_collation);
	appendStringInfoString(sql, i > 0 ? " AND " : " WHERE ");
	generate_operator_clause(sql, psprintf("$%d", i + 1), type,
							 key->operators[i],
							 quote_identifier(get_attname(key->relid,
														  key->columns[i],
														  false)),
							 own_type);
	if (OidIsValid(collation) && collation != own_collation)
		appendStringInfo(sql, " COLLATE %s",
						 generate_collation_name(collation));
	return type;
}

/* The value of a column of a registration to which a key refers. */
static Datum
ReferredValue(const Registration *registration, const UserKey *key, int i,
			  bool *isnull)
{
	const char *column = get_attname(key->users, key->referred[i], false);

	return SPI_getbinval(registration->row, registration->tupdesc,
						 SPI_fnumber(registration->tupdesc, column), isnull);
}

static char *
QualifiedName(Relation rel)
{
	return quote_qualified_identifier(get_namespace_name(
										  RelationGetNamespace(rel)),
									  RelationGetRelationName(rel));
}

/* Run a statement with the rights of a table's owner, whatever policies say. */
static int
RunAsOwner(Relation rel, const char *sql, int nargs, Oid *types, Datum *values)
{
	Oid caller;
	int context;
	int result;

	GetUserIdAndSecContext(&caller, &context);
	SetUserIdAndSecContext(rel->rd_rel->relowner,
						   context | SECURITY_LOCAL_USERID_CHANGE |
							   SECURITY_NOFORCE_RLS);
	result = SPI_execute_with_args(sql, nargs, types, values, NULL, false, 0);
	SetUserIdAndSecContext(caller, context);
	return result;
}

/* The tables whose rows refer to registrations by a key, as elements of an array. */
static char *
TablesOf(const UserKey *key)
{
	List		  *oids = list_make1_oid(key->relid);
	ListCell	  *cell;
	const char	  *separator = "";
	StringInfoData result;

	initStringInfo(&result);
	if (get_rel_relkind(key->relid) == RELKIND_PARTITIONED_TABLE)
		oids = find_all_inheritors(key->relid, NoLock, NULL);
	foreach (cell, oids)
	{
		appendStringInfo(&result, "%s%u", separator, lfirst_oid(cell));
		separator = ",";
	}
	return result.data;
}

/*
 * Run a statement on what refers to a registration by a key: make it refer to
 * another, if there is one, or else count it.  Either as the key does, with the
 * rights of its table's owner, or as the caller sees it in a table of ours.
 */
static int64
RunForKey(const UserKey *key, const Registration *one,
		  const Registration *other, const char *seen_in)
{
	Relation	rel = table_open(key->relid, RowExclusiveLock);
	const char *only =
		rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ";
	Oid			   types[2 * INDEX_MAX_KEYS];
	Datum		   values[2 * INDEX_MAX_KEYS];
	StringInfoData sql;
	StringInfoData match;
	int			   n = key->ncolumns;
	int			   result;

	initStringInfo(&sql);
	initStringInfo(&match);
	appendStringInfo(&sql,
					 other != NULL ? "UPDATE %s%s SET" : "SELECT FROM %s%s",
					 seen_in != NULL ? "" : only,
					 seen_in != NULL ? seen_in : QualifiedName(rel));
	for (int i = 0; i < n; i++)
	{
		bool isnull;
		bool other_isnull;

		values[i] = ReferredValue(one, key, i, &isnull);
		values[n + i] =
			ReferredValue(other != NULL ? other : one, key, i, &other_isnull);
		if (isnull || other_isnull)
		{
			table_close(rel, NoLock);
			return 0;
		}
		if (other != NULL && !(key->has_period && i == n - 1))
			appendStringInfo(&sql, "%s %s = $%d", i > 0 ? "," : "",
							 quote_identifier(get_attname(key->relid,
														  key->columns[i],
														  false)),
							 n + i + 1);
		types[i] = types[n + i] = AppendMatch(&match, key, i);
	}
	appendStringInfoString(&sql, match.data);
	if (seen_in != NULL)
		appendStringInfo(&sql,
						 " AND tableoid OPERATOR(pg_catalog.=) ANY ('{%s}')",
						 TablesOf(key));
	result = seen_in == NULL ? RunAsOwner(rel, sql.data, 2 * n, types, values)
							 : SPI_execute_with_args(sql.data, 2 * n, types,
													 values, NULL, false, 0);
	table_close(rel, NoLock);
	if (result < 0)
		elog(ERROR, "could not look for references: %s",
			 SPI_result_code_string(result));
	return (int64) SPI_processed;
}

/* Whether a key refers to a registration by the user that a row bears. */
static bool
BearsUser(const UserKey *key)
{
	for (int i = 0; i < key->ncolumns; i++)
	{
		if (key->columns[i] == get_attnum(key->relid, "user_id") &&
			key->referred[i] == get_attnum(key->users, "user_id"))
			return true;
	}
	return false;
}

/*
 * Let what refers by a key to the user who goes, or moves, refer to the other if
 * there is one.  Raises where something stays behind, or is hidden.  What the
 * caller sees of the interactions goes, or moves, by itself.
 */
static void
FollowKey(const UserKey *key, const Registration *one,
		  const Registration *other, RowsChange change)
{
	int	 table = TableOf(key->relid);
	bool by_itself = table >= 0 && table != TABLE_USERS && BearsUser(key);

	if (other != NULL && !by_itself)
	{
		if (RunForKey(key, one, NULL, NULL) == 0)
			return;
		if (other->row != NULL)
			RunForKey(key, one, other, NULL);
		if (RunForKey(key, one, NULL, NULL) > 0)
			ereport(ERROR,
					(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
					 errmsg("rows of table \"%s\" refer to the user who is merged into another",
							get_rel_name(key->relid)),
					 errhint("Let them refer to the other user before.")));
	}
	else if (table >= 0 && (by_itself || change == ROWS_GO) &&
			 RowSecurityHolds(FindTable(TableName(table))) &&
			 RunForKey(key, one, NULL, NULL) >
				 RunForKey(key, one, NULL,
						   psprintf("interactions.%s", TableName(table))))
		ReportWithheldRows(TableName(table));
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

/*
 * Find the registration of a user in the table or a part of it, with all columns,
 * whatever the caller may read; without a row where it is not there.
 */
static Registration
FindRegistration(Relation users, Datum user)
{
	Oid types[] = {TEXTOID};

	if (RunAsOwner(users,
				   psprintf("SELECT * FROM %s"
							" WHERE user_id OPERATOR(pg_catalog.=) $1",
							QualifiedName(users)),
				   lengthof(types), types, &user) != SPI_OK_SELECT ||
		SPI_processed == 0)
		return (Registration){NULL, NULL};
	return (Registration){SPI_tuptable->vals[0], SPI_tuptable->tupdesc};
}

/* Whether a table has rows of a user that row-level security hides. */
static bool
HidesRows(int table, Datum user)
{
	Relation	rel = OpenTable(TableName(table), AccessShareLock);
	Oid			types[] = {TEXTOID};
	const char *sql = psprintf("SELECT FROM interactions.%s"
							   " WHERE user_id OPERATOR(pg_catalog.=) $1",
							   TableName(table));
	uint64		nrows;
	bool		result = false;

	if (RowSecurityHolds(RelationGetRelid(rel)))
	{
		RunAsOwner(rel, sql, lengthof(types), types, &user);
		nrows = SPI_processed;
		SPI_execute_with_args(sql, lengthof(types), types, &user, NULL, false,
							  0);
		result = nrows > SPI_processed;
	}
	table_close(rel, NoLock);
	return result;
}

/*
 * Care for what refers to the rows of a table, or of a part of it.  From one of
 * the tables to another a key might take rows along that the caller does not
 * see, uncounted.
 */
static void
FollowKeysTo(int table, Oid relid, const Datum *users,
			 const RowsChange *changes)
{
	RowsChange	 change = changes[table];
	bool		 merged = change == ROWS_GO && changes[0] == ROWS_MOVE;
	Relation	 rel = table_open(relid, NoLock);
	TriggerDesc *triggers = CopyTriggerDesc(rel->trigdesc);
	int			 ntriggers = triggers == NULL ? 0 : triggers->numtriggers;
	Registration one = {NULL, NULL};
	Registration other = {NULL, NULL};

	for (int i = 0; i < ntriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];
		UserKey		   key;

		/* of a part they are those of the whole, or its own */
		if (!IsOfKey(trigger, change) || trigger->tgisclone)
			continue;
		if (table != TABLE_USERS)
		{
			int referring = TableOf(trigger->tgconstrrelid);

			if (referring >= 0 && HidesRows(referring, users[0]))
				ReportWithheldRows(TableName(referring));
			continue;
		}
		if (one.row == NULL)
		{
			one = FindRegistration(rel, users[0]);
			other = FindRegistration(rel, users[1]);
		}
		if (one.row == NULL)
			break;
		key = ReadKey(trigger, relid);
		FollowKey(&key, &one, merged ? &other : NULL, change);
	}
	table_close(rel, NoLock);
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
		ListCell *cell;

		/* locked, so that nobody makes more refer to it meanwhile */
		if (changes[table] == ROWS_STAY ||
			(table == TABLE_USERS && LockRowsOf(table, users[0]) == 0))
			continue;
		foreach (cell, find_all_inheritors(RequireTable(TableName(table)),
										   NoLock, NULL))
		{
			FollowKeysTo(table, lfirst_oid(cell), users, changes);
		}
	}
}
