/*
 * erase.c
 *	  Erases a person's data, all of it or nothing.
 */
#include "postgres.h"

#include "changes.h"
#include "erase.h"
#include "executor/spi.h"
#include "locks.h"
#include "rules.h"
#include "utils/builtins.h"
#include "utils/json.h"

/*
 * Delete a user with every interaction; counts these by type.  Returns
 * whether the user was registered.  To be called within SPI, under a lock.
 */
bool
EraseUser(Datum user_id, int64 *erased)
{
	UserChange change = {.users = {user_id, user_id}};

	for (int i = 0; i < NUM_USER_TABLES; i++)
		change.changes[i] = ROWS_GO;
	ChangeRows(&change);
	memcpy(erased, change.removed, NUM_TYPES * sizeof(int64));
	return change.removed[TABLE_USERS] > 0;
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
