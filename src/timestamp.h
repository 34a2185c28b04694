/*
 * timestamp.h
 *	  Milliseconds since 1970-01-01 UTC, and timestamptz.
 */
#ifndef INTERACTIONS_TIMESTAMP_H
#define INTERACTIONS_TIMESTAMP_H

#include "datatype/timestamp.h"
#include "number.h"
#include "violation.h"

#define TIMESTAMP_RULE "a number of milliseconds between 0 and 253402300799999"
#define TIMESTAMP_HINT                                                         \
	"Timestamps are milliseconds since 1970-01-01 00:00:00 UTC."

extern bool TimestampFromMs(const char *property, int64 ms, const char *given,
							TimestampTz *result, Violation *violation);
extern bool TimestampFromNumber(const char *property, const Number *number,
								TimestampTz *result, Violation *violation);
extern bool LooksLikeSeconds(TimestampTz timestamp);
extern char *WarnOfSeconds(int64 count);
extern TimestampTz TimestampFromText(const char *property, Span text);
extern TimestampTz TimestampArgument(FunctionCallInfo fcinfo, int n,
									 const char *name, TimestampTz absent);
extern int64 TimestampToMs(TimestampTz timestamp);
extern bool CheckTimestamp(const char *property, TimestampTz *timestamp,
						   Violation *violation);

#endif /* INTERACTIONS_TIMESTAMP_H */
