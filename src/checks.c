/*
 * checks.c
 *	  The rules, for functions that are written in SQL.
 */
#include "postgres.h"

#include "library.h"
#include "own_tables.h"
#include "rules.h"
#include "timestamp.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* The first argument, which names the property that the second one is of. */
static char *
Property(FunctionCallInfo fcinfo)
{
	RequireArgument(fcinfo, 0, "property");
	return text_to_cstring(PG_GETARG_TEXT_PP(0));
}

/* required_table(name) */
PG_FUNCTION_INFO_V1(required_table);
Datum
required_table(PG_FUNCTION_ARGS)
{
	PG_RETURN_OID(RequireTable(text_to_cstring(PG_GETARG_TEXT_PP(0))));
}

/* checked_type(interaction_type) */
PG_FUNCTION_INFO_V1(checked_type);
Datum
checked_type(PG_FUNCTION_ARGS)
{
	TypeByName(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* checked_page_size(page_size) */
PG_FUNCTION_INFO_V1(checked_page_size);
Datum
checked_page_size(PG_FUNCTION_ARGS)
{
	CheckedPageSize(PG_ARGISNULL(0), PG_GETARG_INT32(0));
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* checked_batch_size(elements) */
PG_FUNCTION_INFO_V1(checked_batch_size);
Datum
checked_batch_size(PG_FUNCTION_ARGS)
{
	CheckBatchSize(PG_GETARG_INT32(0));
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* checked_id(property, id) */
PG_FUNCTION_INFO_V1(checked_id);
Datum
checked_id(PG_FUNCTION_ARGS)
{
	IdArgument(fcinfo, 1, Property(fcinfo));
	PG_RETURN_DATUM(PG_GETARG_DATUM(1));
}

/* checked_ids(property, ids, least, most) */
PG_FUNCTION_INFO_V1(checked_ids);
Datum
checked_ids(PG_FUNCTION_ARGS)
{
	Violation violation;

	if (!CheckIds(Property(fcinfo), PG_GETARG_DATUM(1), PG_GETARG_INT32(2),
				  PG_GETARG_INT32(3), &violation))
		ReportViolation(&violation);
	PG_RETURN_DATUM(PG_GETARG_DATUM(1));
}

/* timestamp_from_ms(property, ms) */
PG_FUNCTION_INFO_V1(timestamp_from_property);
Datum
timestamp_from_property(PG_FUNCTION_ARGS)
{
	char *property = Property(fcinfo);

	RequireArgument(fcinfo, 1, property);
	PG_RETURN_TIMESTAMPTZ(
		TimestampFromText(property, TextSpan(PG_GETARG_DATUM(1))));
}

/* warn_of_seconds(count, in_header) */
PG_FUNCTION_INFO_V1(warn_of_seconds);
Datum
warn_of_seconds(PG_FUNCTION_ARGS)
{
	char *warning = WarnOfSeconds(PG_GETARG_INT64(0));

	if (PG_GETARG_BOOL(1))
		AddWarningHeader(warning);
	PG_RETURN_TEXT_P(cstring_to_text(warning));
}
