/*
 * number.c
 *	  Numbers as text, read without ever raising an error.
 *
 * A batch reports each bad element and goes on, and the input functions of
 * PostgreSQL 15 cannot but raise.  So the text is scanned here, and handed to
 * them only where they cannot fail.
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "number.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#define MAX_DIGITS 19		 /* fit in uint64 */
#define MAX_EXPONENT 1000000 /* far beyond all that is accepted */
#define MAX_SCALE 16383		 /* NUMERIC_DSCALE_MAX, private to numeric.c */
#define MAX_POWER 308		 /* largest power of ten in a double */

static const uint64 powers_of_ten[] = {
	1,
	10,
	100,
	1000,
	10000,
	100000,
	1000000,
	10000000,
	100000000,
	1000000000,
	UINT64CONST(10000000000),
	UINT64CONST(100000000000),
	UINT64CONST(1000000000000),
	UINT64CONST(10000000000000),
	UINT64CONST(100000000000000),
	UINT64CONST(1000000000000000),
	UINT64CONST(10000000000000000),
	UINT64CONST(100000000000000000),
	UINT64CONST(1000000000000000000),
	UINT64CONST(10000000000000000000),
};

/* that of <ctype.h> is a look into a table of the locale's */
static inline bool
IsDigit(char c)
{
	return c >= '0' && c <= '9';
}

static void
SkipDigits(const char **p, const char *end, bool fraction, int *ndigits,
		   bool *any, Number *number)
{
	for (; *p < end && IsDigit(**p); (*p)++)
	{
		int digit = **p - '0';

		*any = true;
		if (*ndigits < MAX_DIGITS)
		{
			if (digit != 0 || *ndigits > 0)
				(*ndigits)++;
			number->digits = number->digits * 10 + digit;
			if (fraction)
				number->exponent--;
		}
		else
		{
			if (digit != 0)
				number->inexact = true;
			if (!fraction)
				number->exponent++;
		}
		if (fraction)
			number->scale++;
	}
}

/*
 * Scan a number as the input function of numeric reads it: white space
 * around, a sign, digits, a fraction, an exponent; or NaN, or an infinity.
 * False where the text is none.
 */
bool
ScanNumber(Span text, Number *number)
{
	const char *p = text.data;
	const char *end = text.data + text.len;
	int			ndigits = 0;
	bool		any = false;

	memset(number, 0, sizeof(Number));

	while (p < end && isspace((unsigned char) *p))
		p++;
	while (end > p && isspace((unsigned char) end[-1]))
		end--;
	number->text.data = p;
	number->text.len = end - p;

	if (p < end && (*p == '-' || *p == '+'))
		number->negative = *p++ == '-';

	if (p < end && !IsDigit(*p) && *p != '.')
	{
		number->is_special =
			(end - p == 3 && pg_strncasecmp(p, "nan", 3) == 0) ||
			(end - p == 3 && pg_strncasecmp(p, "inf", 3) == 0) ||
			(end - p == 8 && pg_strncasecmp(p, "infinity", 8) == 0);
		return number->is_special;
	}

	SkipDigits(&p, end, false, &ndigits, &any, number);
	if (p < end && *p == '.')
	{
		p++;
		SkipDigits(&p, end, true, &ndigits, &any, number);
	}
	if (!any)
		return false;

	if (p < end && (*p == 'e' || *p == 'E'))
	{
		bool negative = false;
		int	 exponent = 0;

		p++;
		if (p < end && (*p == '-' || *p == '+'))
			negative = *p++ == '-';
		if (p == end)
			return false;
		for (; p < end && IsDigit(*p); p++)
		{
			if (exponent < MAX_EXPONENT)
				exponent = exponent * 10 + (*p - '0');
		}
		if (negative)
			exponent = -exponent;
		number->exponent += exponent;
		number->scale -= exponent;
	}
	if (p < end)
		return false;

	/* 0 has no sign, and no power of ten to speak of */
	if (number->digits == 0)
	{
		number->negative = false;
		if (number->exponent > 0 || number->scale > MAX_SCALE)
			number->exponent = 0;
	}
	return true;
}

/*
 * Convert a number to an integer, a fraction cut off.  False where it does
 * not fit; *exact tells whether there was no fraction.
 */
bool
NumberToInt64(const Number *number, int64 *result, bool *exact)
{
	uint64 digits = number->digits;
	int	   exponent = number->exponent;

	*exact = !number->inexact;
	if (number->is_special)
		return false;

	if (exponent > 0)
	{
		if (exponent >= (int) lengthof(powers_of_ten) ||
			digits > PG_UINT64_MAX / powers_of_ten[exponent])
			return false;
		digits *= powers_of_ten[exponent];
	}
	else if (exponent < 0)
	{
		if (-exponent >= (int) lengthof(powers_of_ten))
		{
			if (digits != 0)
				*exact = false;
			digits = 0;
		}
		else
		{
			if (digits % powers_of_ten[-exponent] != 0)
				*exact = false;
			digits /= powers_of_ten[-exponent];
		}
	}

	if (digits > (uint64) PG_INT64_MAX)
		return false;
	*result = number->negative ? -(int64) digits : (int64) digits;
	return true;
}

/* Position of the leading digit: 1 for 5, 3 for 512, 0 for 0.5. */
static int
Magnitude(const Number *number)
{
	int ndigits = 0;

	while (ndigits < MAX_DIGITS && number->digits >= powers_of_ten[ndigits])
		ndigits++;
	return ndigits + number->exponent;
}

/*
 * Convert a number to type typid.  False where it does not fit: too large,
 * or a fraction where an integer is due.
 */
bool
NumberToDatum(const Number *number, Oid typid, Datum *result)
{
	int64 integer;
	bool  exact;
	char *text;

	if (typid == INT4OID || typid == INT8OID)
	{
		if (!NumberToInt64(number, &integer, &exact) || !exact)
			return false;
		if (typid == INT8OID)
			*result = Int64GetDatum(integer);
		else if (integer < PG_INT32_MIN || integer > PG_INT32_MAX)
			return false;
		else
			*result = Int32GetDatum((int32) integer);
		return true;
	}

	if (number->is_special || Magnitude(number) > MAX_POWER + 1)
		return false;

	/* most prices and ratings: few digits, a short fraction */
	if (!number->inexact && number->digits <= UINT64CONST(1) << 53 &&
		number->exponent <= 0 && number->exponent >= -15)
	{
		integer = number->negative ? -(int64) number->digits
								   : (int64) number->digits;
		if (typid == NUMERICOID)
			*result = NumericGetDatum(
				int64_div_fast_to_numeric(integer, -number->exponent));
		else
			*result = Float8GetDatum((double) integer /
									 (double) powers_of_ten[-number->exponent]);
		return true;
	}

	text = pnstrdup(number->text.data, number->text.len);
	if (typid == FLOAT8OID)
	{
		double value = strtod(text, NULL);

		if (isinf(value) || (value == 0 && number->negative))
			return false;
		*result = Float8GetDatum(value + 0.0);
		return true;
	}

	Assert(typid == NUMERICOID);
	if (number->scale > MAX_SCALE)
		return false;
	*result = DirectFunctionCall3(numeric_in, CStringGetDatum(text),
								  ObjectIdGetDatum(InvalidOid),
								  Int32GetDatum(-1));
	return true;
}
