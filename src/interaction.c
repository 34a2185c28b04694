/*
 * interaction.c
 *	  An interaction as the values of a row.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "interaction.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

static Datum
IdDatum(Span span, IdBuffer *buffer)
{
	SET_VARSIZE(buffer, VARHDRSZ + span.len);
	memcpy(VARDATA(buffer), span.data, span.len);
	return PointerGetDatum(buffer);
}

/*
 * The values of an interaction, in the order of its table's columns; they
 * point into it, and into ids.
 */
void
InteractionDatums(const InteractionType *type, const Interaction *interaction,
				  IdBuffer ids[NUM_IDS], Datum *values, bool *isnull)
{
	Span recommendation_id = interaction->recommendation_id;

	memset(isnull, false, ColumnCount(type) * sizeof(bool));
	values[COLUMN_USER_ID] = IdDatum(interaction->user_id, &ids[0]);
	values[COLUMN_ITEM_ID] = IdDatum(interaction->item_id, &ids[1]);
	values[COLUMN_TIMESTAMP] = TimestampTzGetDatum(interaction->timestamp);
	isnull[COLUMN_RECOMMENDATION_ID] = recommendation_id.data == NULL;
	if (!isnull[COLUMN_RECOMMENDATION_ID])
		values[COLUMN_RECOMMENDATION_ID] = IdDatum(recommendation_id, &ids[2]);
	for (int i = 0; i < type->nown; i++)
	{
		values[COLUMN_FIRST_OWN + i] = interaction->own[i];
		isnull[COLUMN_FIRST_OWN + i] = interaction->own_isnull[i];
	}
	values[ColumnCount(type) - 1] = Int64GetDatum(interaction->fingerprint);
}

static bool
SameValue(Oid typid, Datum a, Datum b)
{
	switch (typid)
	{
		case TEXTOID:
			return SpansEqual(TextSpan(a), TextSpan(b));
		case NUMERICOID:
			return DatumGetBool(DirectFunctionCall2(numeric_eq, a, b));
		case FLOAT8OID:
			return DatumGetFloat8(a) == DatumGetFloat8(b);
		case INT4OID:
			return DatumGetInt32(a) == DatumGetInt32(b);
		default:
			return DatumGetInt64(a) == DatumGetInt64(b);
	}
}

/*
 * Whether two interactions that agree in their key agree in all values:
 * fingerprints of 64 bits can be made to be the same.
 */
bool
SameValues(const InteractionType *type, const Datum *values, const bool *isnull,
		   const Datum *others, const bool *others_isnull)
{
	for (int i = 0; i < WireColumnCount(type); i++)
	{
		if (isnull[i] != others_isnull[i] ||
			(!isnull[i] &&
			 !SameValue(ColumnType(type, i), values[i], others[i])))
			return false;
	}
	return true;
}
