/*
 * user_tables.c
 *	  The tables whose rows bear a user, what ties these rows to each other, and
 *	  locks on them.
 *
 * LockRowsOf is to be called within SPI.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "own_tables.h"
#include "plans.h"
#include "user_tables.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* The name of a table with rows of users, by number. */
const char *
TableName(int table)
{
	return table < NUM_TYPES				? InteractionTypes[table].plural
		   : table == TABLE_RECOMMENDATIONS ? "recommendations"
											: "users";
}

/* The table that a relation is, or is a partition or a child of; -1 is none. */
int
TableOf(Oid relid)
{
	for (int table = 0; table < NUM_USER_TABLES; table++)
	{
		Oid root = FindTable(TableName(table));

		if (OidIsValid(root) &&
			list_member_oid(find_all_inheritors(root, NoLock, NULL), relid))
			return table;
	}
	return -1;
}

/* Whether a trigger is one of ours, which read their own row alone. */
static bool
IsOurs(const Trigger *trigger)
{
	static const char *const functions[] = {"check_interaction",
											"check_recommendation",
											"check_user"};
	const char				*function = get_func_name(trigger->tgfoid);

	if (get_func_namespace(trigger->tgfoid) !=
		get_namespace_oid("interactions", true))
		return false;
	for (int i = 0; i < (int) lengthof(functions); i++)
	{
		if (strcmp(function, functions[i]) == 0)
			return true;
	}
	return false;
}

/*
 * Whether a trigger may come to other rows when those of a user are changed.  To
 * another partition a row is moved by a DELETE and an INSERT.
 */
static bool
IsTying(const Trigger *trigger, bool is_partition)
{
	return (TRIGGER_FOR_UPDATE(trigger->tgtype) ||
			TRIGGER_FOR_DELETE(trigger->tgtype) ||
			(is_partition && TRIGGER_FOR_INSERT(trigger->tgtype))) &&
		   !IsOurs(trigger);
}

/*
 * Whether somebody has tied other rows to those of a user: by a foreign key
 * from or to one of the tables, by a trigger, also of a partition alone, or by
 * a policy, which may ask for rows of another table.
 */
static bool
IsTied(const char *table)
{
	/* locked as by an UPDATE, so that nothing is added until then */
	Relation  root = OpenTable(table, RowExclusiveLock);
	bool	  result = RowSecurityHolds(RelationGetRelid(root));
	ListCell *cell;

	RefuseRewriteRules(root);
	foreach (cell, find_all_inheritors(RelationGetRelid(root), RowExclusiveLock,
									   NULL))
	{
		Relation	 rel = table_open(lfirst_oid(cell), NoLock);
		TriggerDesc *triggers = CopyTriggerDesc(rel->trigdesc);

		for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
			result = result || IsTying(&triggers->triggers[i],
									   rel->rd_rel->relispartition);
		table_close(rel, NoLock);
	}
	table_close(root, NoLock);
	return result;
}

/* Whether that is so of any of the tables. */
bool
AreTied(void)
{
	bool result = false;

	for (int table = 0; table < NUM_USER_TABLES; table++)
	{
		if (OidIsValid(FindTable(TableName(table))))
			result = IsTied(TableName(table)) || result;
	}
	return result;
}

/*
 * Keep others from changing a user's rows in a table, and from storing what
 * refers to them, until the end of the transaction; what they have done of
 * that by then, the next statement sees.  Above READ COMMITTED it raises where
 * a row was changed meanwhile.  Returns how many rows these are.
 */
int64
LockRowsOf(int table, Datum user_id)
{
	static SPIPlanPtr plans[NUM_USER_TABLES];
	const Oid		  argtypes[] = {TEXTOID};
	uint64			  nrows;

	/* on shards there is no ORDER BY nor aggregate around FOR UPDATE */
	if (!PlanIsKept(plans[table], TableName(table)))
		KeepPlan(&plans[table],
				 table == TABLE_USERS
					 ? "SELECT FROM interactions.users"
					   " WHERE user_id OPERATOR(pg_catalog.=) $1 FOR UPDATE"
					 : psprintf("SELECT pg_catalog.count(*) FROM"
								" (SELECT FROM interactions.%s"
								" WHERE user_id OPERATOR(pg_catalog.=) $1"
								" ORDER BY %s FOR UPDATE) AS locked",
								TableName(table),
								table < NUM_TYPES
									? "\"timestamp\", item_id, fingerprint"
									: "user_id"),
				 lengthof(argtypes), argtypes,
				 table == TABLE_USERS ? 0 : CURSOR_OPT_GENERIC_PLAN);
	nrows = RunPlan(plans[table], &user_id, NULL);
	return table == TABLE_USERS ? (int64) nrows : ResultInt64(0, 1);
}
