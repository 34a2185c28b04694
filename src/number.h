/*
 * number.h
 *	  Numbers as text, read without ever raising an error.
 */
#ifndef INTERACTIONS_NUMBER_H
#define INTERACTIONS_NUMBER_H

#include "span.h"

typedef struct Number
{
	Span text; /* as given */
	bool negative;
	bool is_special; /* NaN, or an infinity */
	uint64 digits;	 /* the first 19 significant ones */
	int exponent;	 /* of ten, of the last of digits */
	int scale;		 /* digits after the point */
	bool inexact;	 /* further digits, not all 0, were left out */
} Number;

extern bool ScanNumber(Span text, Number *number);
extern bool NumberToInt64(const Number *number, int64 *result, bool *exact);
extern bool NumberToDatum(const Number *number, Oid typid, Datum *result);

#endif /* INTERACTIONS_NUMBER_H */
