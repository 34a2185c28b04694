/*
 * own_tables.c
 *	  The tables of ours: found and opened, and what keeps rows of them from
 *	  being changed.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "nodes/makefuncs.h"
#include "own_tables.h"
#include "rewrite/prs2lock.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"

/* Find a table of ours, if it is there. */
Oid
FindTable(const char *table)
{
	Oid schema = get_namespace_oid("interactions", true);

	return OidIsValid(schema) ? get_relname_relid(table, schema) : InvalidOid;
}

/* Find a table of ours; raises where it is missing. */
Oid
RequireTable(const char *table)
{
	Oid relid = FindTable(table);

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"interactions.%s\" does not exist", table),
				 errhint("SELECT interactions.create_tables() makes it.")));
	return relid;
}

/*
 * Open a table of ours; raises where it is missing, also where somebody drops it
 * while the lock is waited for.
 */
Relation
OpenTable(const char *table, LOCKMODE lockmode)
{
	Relation rel =
		table_openrv_extended(makeRangeVar("interactions",
										   unconstify(char *, table), -1),
							  lockmode, true);

	return rel != NULL ? rel : table_open(RequireTable(table), lockmode);
}

/* Whether row-level security holds for the current user on a table. */
bool
RowSecurityHolds(Oid relid)
{
	return check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED;
}

/* Raise that rows of a table of ours were kept from what was asked for. */
void
ReportWithheldRows(const char *table)
{
	if (RowSecurityHolds(RequireTable(table)))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("row-level security keeps rows of table \"%s\" from being changed",
						table),
				 errhint("The policies for UPDATE and DELETE must hold for all"
						 " rows of the user that those for SELECT show.")));
	ereport(ERROR,
			(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
			 errmsg("a trigger keeps rows of table \"%s\" from being changed",
					table)));
}

/* Raise that rows of a table went, or were changed, after they were moved. */
void
ReportLostRows(const char *table)
{
	ereport(ERROR,
			(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
			 errmsg("a foreign key or a trigger removes or changes rows of table \"%s\" once they are moved",
					table),
			 errhint(
				 "What refers to a duplicate ON DELETE CASCADE goes with it:"
				 " let it refer to another row before.")));
}

/* Raise that a rule makes something else of a statement. */
void
ReportRewriteRule(void)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("tables of interactions must not have rewrite"
						   " rules"),
					errhint("Use a trigger instead.")));
}

/* Raise where a rule makes something else of an UPDATE or a DELETE. */
void
RefuseRewriteRules(Relation rel)
{
	for (int i = 0; rel->rd_rules != NULL && i < rel->rd_rules->numLocks; i++)
	{
		CmdType event = rel->rd_rules->rules[i]->event;

		if (event == CMD_UPDATE || event == CMD_DELETE)
			ReportRewriteRule();
	}
}

/*
 * Raise that others have changed what the snapshot of a transaction or a
 * statement, which has to be repeated, does not show of a table.
 */
void
ReportConcurrentChange(const char *table, const char *repeated)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to concurrent changes of table \"%s\"",
					table),
			 errhint("Repeat the %s.", repeated)));
}
