/*
 * recommended.c
 *	  The table of recommendations, and the trigger that holds its rules.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "recommended.h"
#include "table_trigger.h"

const NeededColumn RecommendationColumns[NUM_RECOMMENDATION_COLUMNS] = {
	COLUMN("recommendation_id", TEXTOID, true, true,
		   "1 to 512 bytes; interactions that it led to bear it"),
	COLUMN("user_id", TEXTOID, false, true, "To whom it was shown, or null"),
	COLUMN("scenario", TEXTOID, false, true,
		   "Where, or which kind it is, or null"),
	COLUMN("item_ids", TEXTARRAYOID, false, true, "What was shown, or null"),
	COLUMN("timestamp", TIMESTAMPTZOID, true, false,
		   "When, to the millisecond; null becomes now"),
};

/* BEFORE INSERT OR UPDATE on interactions.recommendations: holds the rules */
PG_FUNCTION_INFO_V1(check_recommendation);
Datum
check_recommendation(PG_FUNCTION_ARGS)
{
	return CheckRow(fcinfo, RecommendationColumns, NUM_RECOMMENDATION_COLUMNS);
}
