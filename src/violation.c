/*
 * violation.c
 *	  A broken rule as a value, and how it is raised.
 *
 * What finds a rule broken does not raise it: a batch has to go on to its next
 * element.  It fills in a Violation, and who asked decides.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "violation.h"

#define MAX_SHOWN_BYTES 64

/* Fill in a violation, message palloc'd; returns false, for the caller to return. */
bool
Violate(Violation *violation, int sqlerrcode, const char *hint, char *message)
{
	violation->sqlerrcode = sqlerrcode;
	violation->message = message;
	violation->hint = hint ? pstrdup(hint) : NULL;
	return false;
}

/* Refuse a null property. */
bool
ViolateNull(const char *property, Violation *violation)
{
	return Violate(violation, ERRCODE_NOT_NULL_VIOLATION, NULL,
				   psprintf("\"%s\" must not be null", property));
}

/* Refuse text that is no number, in a property that is one of type typid. */
bool
ViolateSyntax(const char *property, Oid typid, const char *hint, Span text,
			  Violation *violation)
{
	return Violate(violation, ERRCODE_INVALID_TEXT_REPRESENTATION, hint,
				   psprintf("invalid input syntax for type %s: \"%s\" in \"%s\"",
							format_type_be(typid), Clip(text), property));
}

/* Raise a broken rule. */
void
ReportViolation(const Violation *violation)
{
	ereport(ERROR, (errcode(violation->sqlerrcode),
					errmsg_internal("%s", violation->message),
					violation->hint ? errhint("%s", violation->hint) : 0));
}

/* Raise where an argument is null. */
void
RequireArgument(FunctionCallInfo fcinfo, int n, const char *name)
{
	Violation violation;

	if (!PG_ARGISNULL(n))
		return;
	ViolateNull(name, &violation);
	ReportViolation(&violation);
}

/* Raise that a trigger function was called in another way than ours call it. */
void
ReportTriggerProtocol(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
			 errmsg(
				 "function must be called by the triggers that interactions.create_tables() makes")));
}

/* A message and its hint, if any, where there is one place for both. */
char *
WithHint(char *message, const char *hint)
{
	return hint != NULL ? psprintf("%s. %s", message, hint) : message;
}

/* A given text as a message shows it: its beginning, where it is long. */
char *
Clip(Span text)
{
	int len;

	if (text.len <= MAX_SHOWN_BYTES)
		return pnstrdup(text.data, text.len);
	len = pg_mbcliplen(text.data, text.len, MAX_SHOWN_BYTES);
	return psprintf("%.*s...", len, text.data);
}

char *
ClipString(const char *text)
{
	return Clip((Span){text, strlen(text)});
}
