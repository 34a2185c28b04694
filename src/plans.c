/*
 * plans.c
 *	  The statements that the extension runs, each prepared once in a backend.
 *
 * A plan stands in a slot beside the code that runs it, lives as long as the
 * backend, and is never freed: an outer call may be running it.  It survives
 * DROP and CREATE of the extension and of the tables, since core looks its
 * objects up again, by name, when these change; so every name is qualified,
 * operators included, and every value is a parameter.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "nodes/makefuncs.h"
#include "plans.h"
#include "rewrite/prs2lock.h"
#include "types.h"
#include "utils/guc.h"
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

/*
 * Whether a slot holds its plan already.  Where anything that it needs may
 * have changed, the table of ours that it is for has to be there.
 */
bool
PlanIsKept(SPIPlanPtr plan, const char *table)
{
	if (plan != NULL && SPI_plan_is_valid(plan))
		return true;
	RequireTable(table);
	return plan != NULL;
}

/* Prepare a statement, and keep it in a slot.  Within SPI. */
void
KeepPlan(SPIPlanPtr *plan, const char *sql, int nargs, const Oid *argtypes,
		 int options)
{
	SPIPlanPtr prepared =
		SPI_prepare_cursor(sql, nargs, unconstify(Oid *, argtypes), options);

	if (prepared == NULL || SPI_keepplan(prepared) != 0)
		elog(ERROR, "could not prepare \"%s\": %s", sql,
			 SPI_result_code_string(SPI_result));
	*plan = prepared;
}

/* Whether row-level security holds for the current user on a table. */
bool
HidesRows(Oid relid)
{
	return check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED;
}

/* Raise that rows of a table of ours were kept from what was asked for. */
void
ReportKeptRows(const char *table)
{
	if (HidesRows(RequireTable(table)))
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
pg_noreturn static void
ReportRule(void)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("tables of interactions must not have rewrite"
						   " rules"),
					errhint("Use a trigger instead.")));
}

/* Raise where a rule makes something else of an UPDATE or a DELETE. */
void
RefuseRules(Relation rel)
{
	for (int i = 0; rel->rd_rules != NULL && i < rel->rd_rules->numLocks; i++)
	{
		CmdType event = rel->rd_rules->rules[i]->event;

		if (event == CMD_UPDATE || event == CMD_DELETE)
			ReportRule();
	}
}

/*
 * Run a plan, and return the number of rows.  isnull may be NULL where no
 * value is null.
 */
uint64
RunPlan(SPIPlanPtr plan, Datum *values, const bool *isnull)
{
	char nulls[MAX_COLUMNS] = "";
	int	 nargs = SPI_getargcount(plan);
	int	 result;

	Assert(nargs <= MAX_COLUMNS);
	for (int i = 0; i < nargs; i++)
		nulls[i] = isnull != NULL && isnull[i] ? 'n' : ' ';
	result = SPI_execute_plan(plan, values, nulls, false, 0);
	if (result == SPI_OK_REWRITTEN)
		ReportRule();
	if (result < 0)
		elog(ERROR, "SPI_execute_plan failed: %s",
			 SPI_result_code_string(result));
	return SPI_processed;
}

/*
 * Run the statement of a slot on a table of ours, and prepare it before where
 * that is due.  Where format has a %s, it stands for the table's name.
 */
uint64
RunKept(SPIPlanPtr *plan, const char *table, const char *format, int nargs,
		const Oid *argtypes, Datum *values, const bool *isnull)
{
	if (!PlanIsKept(*plan, table))
		KeepPlan(plan, psprintf(format, table), nargs, argtypes, 0);
	return RunPlan(*plan, values, isnull);
}

/* A bigint, not null, of a row of the last result. */
int64
ResultInt64(uint64 row, int column)
{
	bool isnull;

	return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[row],
									   SPI_tuptable->tupdesc, column, &isnull));
}

/*
 * Set a parameter for what is planned and run next, as ri_triggers.c does: as
 * long as the nest level of parameters lasts that the caller has begun.
 */
void
SetForNow(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}
