/*
 * span.h
 *	  Strings that need not end in NUL, and the text datums that hold them.
 */
#ifndef INTERACTIONS_SPAN_H
#define INTERACTIONS_SPAN_H

#include "fmgr.h"
#include "utils/builtins.h"

#include "compat.h"

/* data is NULL where the value is null */
typedef struct Span
{
	const char *data;
	int len;
} Span;

/* The bytes of a text; copied only where it is toasted. */
static inline Span
TextSpan(Datum text)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(text);

	return (Span){VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};
}

static inline Span
SpanOrNull(Datum text, bool isnull)
{
	return isnull ? (Span){NULL, 0} : TextSpan(text);
}

/* A text datum of a string, palloc'd. */
static inline Datum
SpanDatum(Span span)
{
	return PointerGetDatum(cstring_to_text_with_len(span.data, span.len));
}

static inline bool
SpansEqual(Span a, Span b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* Compare bytewise. */
static inline int
CompareSpans(Span a, Span b)
{
	int result = memcmp(a.data, b.data, Min(a.len, b.len));

	return result != 0 ? result : a.len - b.len;
}

#endif /* INTERACTIONS_SPAN_H */
