/*
 * plans.c
 *	  The statements that the extension runs, each prepared once in a backend.
 *
 * A plan stands in a slot beside the code that runs it, lives as long as the
 * backend, and is not freed here: an outer call may be running it (list.c and
 * purge.c free their own, once nobody runs it).  It survives
 * DROP and CREATE of the extension and of the tables, since core looks its
 * objects up again, by name, when these change; so every name is qualified,
 * operators included, and every value is a parameter.
 */
#include "postgres.h"

#include "own_tables.h"
#include "plans.h"
#include "types.h"
#include "utils/guc.h"

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

static uint64
Run(SPIPlanPtr plan, Datum *values, const bool *isnull, bool read_only)
{
	char nulls[MAX_COLUMNS] = "";
	int	 nargs = SPI_getargcount(plan);
	int	 result;

	Assert(nargs <= MAX_COLUMNS);
	for (int i = 0; i < nargs; i++)
		nulls[i] = isnull != NULL && isnull[i] ? 'n' : ' ';
	result = SPI_execute_plan(plan, values, nulls, read_only, 0);
	if (result == SPI_OK_REWRITTEN)
		ReportRewriteRule();
	if (result < 0)
		elog(ERROR, "SPI_execute_plan failed: %s",
			 SPI_result_code_string(result));
	return SPI_processed;
}

/*
 * Run a plan, and return the number of rows.  isnull may be NULL where no
 * value is null.
 */
uint64
RunPlan(SPIPlanPtr plan, Datum *values, const bool *isnull)
{
	return Run(plan, values, isnull, false);
}

/* The same by the caller's snapshot, which shows nothing of what came later. */
uint64
RunPlanAsOfBefore(SPIPlanPtr plan, Datum *values, const bool *isnull)
{
	return Run(plan, values, isnull, true);
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
