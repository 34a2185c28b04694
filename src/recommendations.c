/*
 * recommendations.c
 *	  What was recommended to a user, when that user moves or goes.
 *
 * Where the script of the extension is older than the library there is no such
 * table.  To be called within SPI.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "changes.h"
#include "plans.h"
#include "recommendations.h"

#define RECOMMENDATIONS "recommendations"

static void
ChangeRecommendations(SPIPlanPtr *plan, const char *(*statement)(const char *),
					  Datum *users, int nusers)
{
	const Oid argtypes[] = {TEXTOID, TEXTOID};

	if (!OidIsValid(FindTable(RECOMMENDATIONS)))
		return;
	if (!PlanIsKept(*plan, RECOMMENDATIONS))
		KeepPlan(plan, statement(RECOMMENDATIONS), nusers, argtypes, 0);
	ChangeAll(*plan, nusers, users, RECOMMENDATIONS);
}

/* Give the recommendations of one user to another. */
void
MoveRecommendations(Datum *users)
{
	static SPIPlanPtr plan = NULL;

	ChangeRecommendations(&plan, MoveStatement, users, 2);
}

/* Delete the recommendations of a user. */
void
RemoveRecommendations(Datum user)
{
	static SPIPlanPtr plan = NULL;

	ChangeRecommendations(&plan, RemoveStatement, &user, 1);
}
