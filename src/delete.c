/*
 * delete.c
 *	  Deletes the interactions that match what is given.
 */
#include "postgres.h"

#include "interactions.h"
#include "utils/builtins.h"

/* arguments of the functions */
#define USER 0
#define ITEM 1
#define AT 2
#define FROM_TIMESTAMP 3
#define TO_TIMESTAMP 4
#define NUM_CRITERIA 5

/*
 * Delete the interactions of a type from from up to, and without, to; of a
 * user and with an item, where these are not null (0).  Returns their number.
 * To be called within SPI, under a lock of transfer.c.
 */
int64
DeleteInteractions(const InteractionType *type, Datum user_id, Datum item_id,
				   TimestampTz from, TimestampTz to)
{
	Datum values[] = {TimestampTzGetDatum(from), TimestampTzGetDatum(to),
					  user_id, item_id};
	bool isnull[] = {false, false, user_id == 0, item_id == 0};
	int criteria = 0;

	if (user_id != 0)
		criteria |= BY_USER;
	if (item_id != 0)
		criteria |= BY_ITEM;
	if (!TIMESTAMP_IS_NOBEGIN(from) || !TIMESTAMP_IS_NOEND(to))
		criteria |= IN_RANGE;
	return RunQuery(GetQuery(type, QUERY_DELETE + criteria), lengthof(values),
					values, isnull, SPI_OK_DELETE);
}

/* delete_TYPEs(user_id, item_id, timestamp, from_timestamp, to_timestamp) */
PG_FUNCTION_INFO_V1(delete_interactions);
Datum
delete_interactions(PG_FUNCTION_ARGS)
{
	const InteractionType *type = TypeOfFunction(fcinfo);
	Datum user_id = 0;
	Datum item_id = 0;
	Span user = {NULL, 0};
	TimestampTz from = DT_NOBEGIN;
	TimestampTz to = DT_NOEND;
	int ncriteria = 0;
	int64 deleted;

	for (int i = 0; i < NUM_CRITERIA; i++)
		ncriteria += !PG_ARGISNULL(i);
	if (ncriteria == 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("at least one criterion must be given"),
			 errhint(
				 "The criteria are user_id, item_id, timestamp, from_timestamp, to_timestamp.")));

	if (!PG_ARGISNULL(USER))
	{
		user_id = PG_GETARG_DATUM(USER);
		user = CheckedId("user_id", user_id, false);
	}
	if (!PG_ARGISNULL(ITEM))
	{
		item_id = PG_GETARG_DATUM(ITEM);
		CheckedId("item_id", item_id, false);
	}
	if (!PG_ARGISNULL(FROM_TIMESTAMP))
		from = TimestampArgument("from_timestamp",
								 TextSpan(PG_GETARG_DATUM(FROM_TIMESTAMP)));
	if (!PG_ARGISNULL(TO_TIMESTAMP))
		to = TimestampArgument("to_timestamp",
							   TextSpan(PG_GETARG_DATUM(TO_TIMESTAMP)));
	if (!PG_ARGISNULL(AT))
	{
		TimestampTz at =
			TimestampArgument("timestamp", TextSpan(PG_GETARG_DATUM(AT)));

		/* timestamps are whole milliseconds, so the next one is out */
		from = Max(from, at);
		to = Min(to, at + 1);
	}

	/* two deletions that meet the same rows in another order would deadlock */
	if (user_id != 0)
		LockUsers(user, user);
	else
		LockAllUsers();

	SPI_connect();
	deleted = DeleteInteractions(type, user_id, item_id, from, to);
	SPI_finish();

	PG_RETURN_TEXT_P(
		cstring_to_text(psprintf("{\"deleted\": " INT64_FORMAT "}", deleted)));
}
