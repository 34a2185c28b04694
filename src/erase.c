/*
 * erase.c
 *	  Erases a person's data, all of it or nothing.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "changes.h"
#include "erase.h"
#include "locks.h"
#include "plans.h"
#include "recommendations.h"
#include "registry.h"
#include "rules.h"
#include "utils/builtins.h"
#include "utils/json.h"

static SPIPlanPtr
ErasePlan(const InteractionType *type)
{
	static SPIPlanPtr plans[NUM_TYPES];
	const Oid		  argtypes[] = {TEXTOID};
	SPIPlanPtr		 *plan = &plans[TypeIndex(type)];

	if (!PlanIsKept(*plan, type->plural))
		KeepPlan(plan, RemoveStatement(type->plural), lengthof(argtypes),
				 argtypes, 0);
	return *plan;
}

/*
 * Delete a user with every interaction; counts these by type.  Returns
 * whether the user was registered.  To be called within SPI, under a lock.
 */
bool
EraseUser(Datum user_id, int64 *erased)
{
	for (int i = 0; i < NUM_TYPES; i++)
	{
		const InteractionType *type = &InteractionTypes[i];

		erased[i] = ChangeAll(ErasePlan(type), 1, &user_id, type->plural);
	}
	RemoveRecommendations(user_id);
	return UnregisterUser(user_id);
}

/* erase_user(user_id) returns json */
PG_FUNCTION_INFO_V1(erase_user);
Datum
erase_user(PG_FUNCTION_ARGS)
{
	Span  user = CheckedId("user_id", PG_GETARG_DATUM(0), PG_ARGISNULL(0));
	int64 erased[NUM_TYPES];
	bool  registered;
	StringInfoData result;

	LockUsers(user, user);
	SPI_connect();
	registered = EraseUser(PG_GETARG_DATUM(0), erased);
	SPI_finish();

	initStringInfo(&result);
	appendStringInfoString(&result, "{\"user_id\": ");
	escape_json(&result, pnstrdup(user.data, user.len));
	appendStringInfoString(&result, ", \"erased\": ");
	AppendCounts(&result, erased);
	appendStringInfo(&result, ", \"user_deleted\": %s}",
					 registered ? "true" : "false");
	PG_RETURN_TEXT_P(cstring_to_text_with_len(result.data, result.len));
}
