/*
 * violation.h
 *	  How a broken rule is worded, and raised.
 */
#ifndef INTERACTIONS_VIOLATION_H
#define INTERACTIONS_VIOLATION_H

#include "span.h"

/* why something is refused; palloc'd strings */
typedef struct Violation
{
	int sqlerrcode;
	char *message;
	char *hint; /* or NULL */
} Violation;

extern bool Violate(Violation *violation, int sqlerrcode, const char *hint,
					char *message);
extern bool ViolateNull(const char *property, Violation *violation);
extern bool ViolateSyntax(const char *property, Oid typid, const char *hint,
						  Span text, Violation *violation);
pg_noreturn extern void ReportViolation(const Violation *violation);
extern void RequireArgument(FunctionCallInfo fcinfo, int n, const char *name);
pg_noreturn extern void ReportTriggerProtocol(void);
extern char *WithHint(char *message, const char *hint);
extern char *Clip(Span text);
extern char *ClipString(const char *text);

#endif /* INTERACTIONS_VIOLATION_H */
