/*
 * kept.c
 *	  Rows that a policy hides, or that something keeps from being changed.
 */
#include "postgres.h"

#include "kept.h"
#include "plans.h"
#include "utils/rls.h"

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
