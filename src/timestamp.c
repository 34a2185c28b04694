/*
 * timestamp.c
 *	  Timestamps between milliseconds since 1970-01-01 UTC, on the wire, and
 *	  timestamptz, in the tables.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "datatype/timestamp.h"
#include "timestamp.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define USECS_PER_MSEC 1000
#define EPOCH_MS                                                               \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY * 1000)

#define TIMESTAMP_UNIT "send milliseconds since 1970-01-01 00:00:00 UTC."
#define MAX_MS INT64CONST(253402300799999)	  /* the end of the year 9999 */
#define MIN_USUAL_MS INT64CONST(100000000000) /* 1973-03-03 */

static TimestampTz
MsToTimestamp(int64 ms)
{
	return (ms - EPOCH_MS) * USECS_PER_MSEC;
}

/* Milliseconds since 1970-01-01 UTC, towards the past where there is more. */
int64
TimestampToMs(TimestampTz timestamp)
{
	int64 ms = timestamp / USECS_PER_MSEC;

	if (timestamp % USECS_PER_MSEC < 0)
		ms--;
	return ms + EPOCH_MS;
}

static bool
ViolateRange(const char *property, const char *hint, const char *given,
			 Violation *violation)
{
	return Violate(violation, ERRCODE_INVALID_PARAMETER_VALUE, hint,
				   psprintf("\"%s\" must be " TIMESTAMP_RULE ", not %s",
							property, given));
}

/*
 * Convert milliseconds, or say why they are refused; given is how they were
 * written, or NULL.
 */
bool
TimestampFromMs(const char *property, int64 ms, const char *given,
				TimestampTz *result, Violation *violation)
{
	const char *hint = TIMESTAMP_HINT;

	if (ms >= 0 && ms <= MAX_MS)
	{
		*result = MsToTimestamp(ms);
		return true;
	}
	if (ms > MAX_MS && ms / 1000 <= MAX_MS)
		hint = "This looks like microseconds; " TIMESTAMP_UNIT;
	else if (ms > MAX_MS)
		hint = "This looks like nanoseconds; " TIMESTAMP_UNIT;
	return ViolateRange(property, hint,
						given ? given : psprintf(INT64_FORMAT, ms), violation);
}

/* Convert a number of milliseconds, or say why it is refused. */
bool
TimestampFromNumber(const char *property, const Number *number,
					TimestampTz *result, Violation *violation)
{
	int64 ms;
	bool  exact;

	if (number->is_special)
		return ViolateRange(property, TIMESTAMP_HINT, Clip(number->text),
							violation);
	if (number->negative)
		ms = -1;
	else if (!NumberToInt64(number, &ms, &exact))
		ms = PG_INT64_MAX;
	return TimestampFromMs(property, ms,
						   ms < 0 || ms > MAX_MS ? Clip(number->text) : NULL,
						   result, violation);
}

/* Whether a timestamp lies so far back that seconds may have been meant. */
bool
LooksLikeSeconds(TimestampTz timestamp)
{
	return timestamp < MsToTimestamp(MIN_USUAL_MS);
}

/* Warn of so many timestamps that do; returns what it says. */
char *
WarnOfSeconds(int64 count)
{
	const char *hint = "This looks like seconds; " TIMESTAMP_UNIT;
	char	   *message = psprintf(count == 1 ? "%lld timestamp is before 1973"
											  : "%lld timestamps are before 1973",
							 (long long) count);

	ereport(WARNING, (errcode(ERRCODE_WARNING), errmsg_internal("%s", message),
					  errhint("%s", hint)));
	return WithHint(message, hint);
}

/* Convert text that holds a number of milliseconds, or raise. */
TimestampTz
TimestampFromText(const char *property, Span text)
{
	Number		number;
	Violation	violation;
	TimestampTz result = 0;

	if (!ScanNumber(text, &number))
	{
		ViolateSyntax(property, INT8OID, TIMESTAMP_HINT, text, &violation);
		ReportViolation(&violation);
	}
	if (!TimestampFromNumber(property, &number, &result, &violation))
		ReportViolation(&violation);
	return result;
}

/* An argument that is a timestamp as text; absent where it is null. */
TimestampTz
TimestampArgument(FunctionCallInfo fcinfo, int n, const char *name,
				  TimestampTz absent)
{
	return PG_ARGISNULL(n)
			   ? absent
			   : TimestampFromText(name, TextSpan(PG_GETARG_DATUM(n)));
}

/* Hold a timestamp to the rule, and cut it to the millisecond. */
bool
CheckTimestamp(const char *property, TimestampTz *timestamp,
			   Violation *violation)
{
	if (TIMESTAMP_NOT_FINITE(*timestamp))
		return ViolateRange(property, TIMESTAMP_HINT,
							TIMESTAMP_IS_NOBEGIN(*timestamp) ? "-infinity"
															 : "infinity",
							violation);
	return TimestampFromMs(property, TimestampToMs(*timestamp), NULL, timestamp,
						   violation);
}

/* timestamp_from_ms(text) returns timestamptz */
PG_FUNCTION_INFO_V1(timestamp_from_ms);
Datum
timestamp_from_ms(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(
		TimestampFromText("timestamp", TextSpan(PG_GETARG_DATUM(0))));
}

/* timestamp_to_ms(timestamptz) returns bigint */
PG_FUNCTION_INFO_V1(timestamp_to_ms);
Datum
timestamp_to_ms(PG_FUNCTION_ARGS)
{
	TimestampTz timestamp = PG_GETARG_TIMESTAMPTZ(0);

	if (TIMESTAMP_NOT_FINITE(timestamp))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("cannot convert infinity to milliseconds")));
	PG_RETURN_INT64(TimestampToMs(timestamp));
}
