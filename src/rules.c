/*
 * rules.c
 *	  The rules that every interaction is held to, whichever way it comes.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "rules.h"
#include "timestamp.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

/* Hold an id to the rule. */
bool
CheckId(const char *property, Span id, bool required, Violation *violation)
{
	if (id.data == NULL)
	{
		if (!required)
			return true;
		return ViolateNull(property, violation);
	}
	if (id.len < 1 || id.len > MAX_ID_BYTES)
		return Violate(violation, ERRCODE_INVALID_PARAMETER_VALUE, NULL,
					   psprintf("\"%s\" must have 1 to %d bytes, not %d: \"%s\"",
								property, MAX_ID_BYTES, id.len, Clip(id)));
	return true;
}

/* Hold an array to the rule of ids, and to how many they may be. */
bool
CheckIds(const char *property, Datum array, int least, int most,
		 Violation *violation)
{
	ArrayType *ids = DatumGetArrayTypeP(array);
	Datum	  *values;
	bool	  *nulls;
	int		   nids;

	deconstruct_array(ids, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls,
					  &nids);
	if (ARR_NDIM(ids) > 1)
		return Violate(violation, ERRCODE_INVALID_PARAMETER_VALUE, NULL,
					   psprintf("\"%s\" must be an array of one dimension",
								property));
	if (nids < least || nids > most)
		return Violate(violation, ERRCODE_INVALID_PARAMETER_VALUE, NULL,
					   psprintf("\"%s\" must be %d to %d ids, not %d", property,
								least, most, nids));
	for (int i = 0; i < nids; i++)
	{
		if (!CheckId(property, SpanOrNull(values[i], nulls[i]), true,
					 violation))
			return false;
	}
	return true;
}

/* An argument that is an id: hold it to the rule, or raise. */
Span
IdArgument(FunctionCallInfo fcinfo, int n, const char *name)
{
	Span	  id = SpanOrNull(PG_GETARG_DATUM(n), PG_ARGISNULL(n));
	Violation violation;

	if (!CheckId(name, id, true, &violation))
		ReportViolation(&violation);
	return id;
}

/* Refuse the value of one of a type's own columns. */
bool
ViolateOwn(const NeededColumn *column, const char *given, Violation *violation)
{
	return Violate(violation, ERRCODE_INVALID_PARAMETER_VALUE, NULL,
				   psprintf("\"%s\" must be %s, not %s", column->name,
							column->rule, given));
}

/* the limits of a type's own column of type numeric */
typedef struct Limits
{
	Datum min;
	Datum max;
} Limits;

/* Whether a numeric keeps to the rule; NaN is above everything. */
static bool
NumericInRange(const InteractionType *type, int own, Datum value)
{
	/* made when first needed, and kept as long as the backend */
	static Limits		all[NUM_TYPES][MAX_OWN_COLUMNS];
	const NeededColumn *column = &type->columns[COLUMN_FIRST_OWN + own];
	Limits			   *limits = &all[TypeIndex(type)][own];

	if (limits->max == 0)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(TopMemoryContext);

		limits->min = NumericGetDatum(int64_to_numeric(column->min));
		limits->max =
			DirectFunctionCall3(numeric_in,
								CStringGetDatum(psprintf("%.17g", column->max)),
								ObjectIdGetDatum(InvalidOid),
								Int32GetDatum(-1));
		MemoryContextSwitchTo(oldcontext);
	}
	return DatumGetBool(DirectFunctionCall2(numeric_ge, value, limits->min)) &&
		   DatumGetBool(DirectFunctionCall2(numeric_le, value, limits->max));
}

/* Hold the value of one of a type's own columns to its rule. */
static bool
CheckOwn(const InteractionType *type, int own, Datum value,
		 Violation *violation)
{
	const NeededColumn *column = &type->columns[COLUMN_FIRST_OWN + own];
	bool				ok = false;
	Oid					output;
	bool				varlena;

	switch (column->typid)
	{
		case FLOAT8OID:
			ok = DatumGetFloat8(value) >= (double) column->min &&
				 DatumGetFloat8(value) <= column->max;
			break;
		case NUMERICOID:
			ok = NumericInRange(type, own, value);
			break;
		case INT4OID:
			ok = DatumGetInt32(value) >= column->min;
			break;
		case INT8OID:
			ok = DatumGetInt64(value) >= column->min;
			break;
		default:
			elog(ERROR, "column \"%s\" has an unknown type %u", column->name,
				 column->typid);
	}
	if (ok)
		return true;

	getTypeOutputInfo(column->typid, &output, &varlena);
	return ViolateOwn(column, ClipString(OidOutputFunctionCall(output, value)),
					  violation);
}

/*
 * Hash a value in all of its bits, so that equal values hash equal: 9.5 and
 * 9.50 do.  The functions are those of hash partitioning, whose results core
 * keeps from one version to the next; but that of bigint folds it to 32 bits.
 */
static uint64
HashOwn(const NeededColumn *column, Datum value)
{
	int64 integer;

	switch (column->typid)
	{
		case FLOAT8OID:
			return DatumGetUInt64(DirectFunctionCall2(hashfloat8extended, value,
													  Int64GetDatum(0)));
		case NUMERICOID:
			return DatumGetUInt64(DirectFunctionCall2(hash_numeric_extended,
													  value, Int64GetDatum(0)));
		case INT4OID:
			integer = DatumGetInt32(value);
			break;
		default:
			integer = DatumGetInt64(value);
	}
	return hash_bytes_extended((const unsigned char *) &integer,
							   sizeof(integer), 0);
}

/* Hash the columns outside the key. */
static int64
Fingerprint(const InteractionType *type, const Interaction *interaction)
{
	uint64 hash = 0;

	if (interaction->recommendation_id.data != NULL)
		hash = hash_bytes_extended((const unsigned char *)
									   interaction->recommendation_id.data,
								   interaction->recommendation_id.len, 0);
	for (int i = 0; i < OwnColumnCount(type); i++)
		hash =
			hash_combine64(hash,
						   interaction->own_isnull[i]
							   ? 0
							   : HashOwn(&type->columns[COLUMN_FIRST_OWN + i],
										 interaction->own[i]));
	return (int64) hash;
}

/*
 * Hold an interaction to the rules, and fill in what the database decides:
 * the time where none is given, and the fingerprint.
 */
bool
CompleteInteraction(const InteractionType *type, Interaction *interaction,
					Violation *violation)
{
	if (!CheckId("user_id", interaction->user_id, true, violation) ||
		!CheckId("item_id", interaction->item_id, true, violation) ||
		!CheckId("recommendation_id", interaction->recommendation_id, false,
				 violation))
		return false;

	if (interaction->timestamp_isnull)
	{
		interaction->timestamp = GetCurrentTransactionStartTimestamp();
		interaction->timestamp_isnull = false;
	}
	if (!CheckTimestamp("timestamp", &interaction->timestamp, violation))
		return false;

	for (int i = 0; i < OwnColumnCount(type); i++)
	{
		const NeededColumn *column = &type->columns[COLUMN_FIRST_OWN + i];

		if (!interaction->own_isnull[i])
		{
			if (!CheckOwn(type, i, interaction->own[i], violation))
				return false;
		}
		else if (column->not_null)
			return ViolateNull(column->name, violation);
	}
	interaction->fingerprint = Fingerprint(type, interaction);
	return true;
}

/* Split the cursor of a list into its timestamp and the id that follows. */
void
ReadCursor(Datum text, const char *other, TimestampTz *timestamp, Span *id)
{
	Span		cursor = TextSpan(text);
	const char *colon = memchr(cursor.data, ':', cursor.len);
	Violation	violation;

	if (colon == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"after\" must be <timestamp>:<%s>, not \"%s\"", other,
						Clip(cursor)),
				 errhint("Use the timestamp and the %s of the last row of the page before.",
						 other)));
	*timestamp =
		TimestampFromText("after", (Span){cursor.data, colon - cursor.data});
	id->data = colon + 1;
	id->len = cursor.data + cursor.len - id->data;
	if (!CheckId(other, *id, true, &violation))
		ReportViolation(&violation);
}
