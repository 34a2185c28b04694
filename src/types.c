/*
 * types.c
 *	  The table of types, the only place in C that names them.
 *
 * A type has one table, one view in wire format, one composite type and one
 * set of functions, all named after it; the functions find their type by
 * their own name.
 */
#include "postgres.h"

#include <float.h>

#include "catalog/pg_type.h"
#include "compat.h"
#include "funcapi.h"
#include "types.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "violation.h"

/* clang-format off */
#define SHARED                                                                 \
	COLUMN("user_id", TEXTOID, true, true, "Who; 1 to 512 bytes"),                   \
	COLUMN("item_id", TEXTOID, true, true, "With what; 1 to 512 bytes"),             \
	COLUMN("timestamp", TIMESTAMPTZOID, true, false,                                 \
	 "When, to the millisecond; null becomes now"),                            \
	COLUMN("recommendation_id", TEXTOID, false, true,                                \
	 "The recommendation that led here, 1 to 512 bytes, or null")
#define PRICE                                                                  \
	{"price", NUMERICOID, false, false, "Price of the item, 0 or more, or null", \
	 "a finite number of at least 0", 0, DBL_MAX}
#define AMOUNT                                                                 \
	{"amount", INT4OID, false, false, "How many, 1 or more, or null",          \
	 "an integer between 1 and 2147483647", 1, 0}
#define FINGERPRINT                                                            \
	COLUMN("fingerprint", INT8OID, true, false,                                      \
	 "Hash over the columns outside the key, set by the trigger")

const InteractionType InteractionTypes[NUM_TYPES] = {
	{"bookmark", "bookmarks", 5, {SHARED, FINGERPRINT}},
	{"rating", "ratings", 6,
	 {SHARED,
	  {"value", FLOAT8OID, true, false, "Rating, 0 to 5",
	   "a number between 0 and 5", 0, 5},
	  FINGERPRINT}},
	{"purchase", "purchases", 7, {SHARED, PRICE, AMOUNT, FINGERPRINT}},
	{"cart_addition", "cart_additions", 7, {SHARED, PRICE, AMOUNT, FINGERPRINT}},
	{"view", "views", 6,
	 {SHARED,
	  {"duration", INT8OID, false, false, "How long, ms, 0 or more, or null",
	   "an integer between 0 and 9223372036854775807", 0, 0},
	  FINGERPRINT}},
};
/* clang-format on */

/* The row of a type, for tables that have something for each. */
int
TypeIndex(const InteractionType *type)
{
	return type - InteractionTypes;
}

/* Find a type by the name of its table. */
const InteractionType *
TypeByName(const char *plural)
{
	StringInfoData names;

	for (int i = 0; i < NUM_TYPES; i++)
	{
		if (strcmp(InteractionTypes[i].plural, plural) == 0)
			return &InteractionTypes[i];
	}
	initStringInfo(&names);
	for (int i = 0; i < NUM_TYPES; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "",
						 InteractionTypes[i].plural);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" is not a type of interactions", ClipString(plural)),
			 errhint("The types are %s.", names.data)));
}

/* Whether name is a verb, an underscore, and the name of a type. */
static bool
EndsWithType(const char *name, const char *type)
{
	size_t namelen = strlen(name);
	size_t len = strlen(type);

	return namelen > len + 1 && name[namelen - len - 1] == '_' &&
		   strcmp(name + namelen - len, type) == 0;
}

/* Find the type that the running function is named after. */
const InteractionType *
TypeOfFunction(FunctionCallInfo fcinfo)
{
	const InteractionType *type = fcinfo->flinfo->fn_extra;
	char				  *name;

	if (type != NULL)
		return type;

	name = get_func_name(fcinfo->flinfo->fn_oid);
	for (int i = 0; name != NULL && i < NUM_TYPES; i++)
	{
		const InteractionType *candidate = &InteractionTypes[i];

		if (!EndsWithType(name, candidate->singular) &&
			!EndsWithType(name, candidate->plural))
			continue;
		/* the longer name wins: a type's name may end in another's */
		if (type == NULL || strlen(candidate->plural) > strlen(type->plural))
			type = candidate;
	}
	if (type == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
				 errmsg("function %u is not named after a type of interactions",
						fcinfo->flinfo->fn_oid)));
	fcinfo->flinfo->fn_extra = unconstify(InteractionType *, type);
	return type;
}

/*
 * The row that the running function returns, in wire format.  Anybody who may
 * alter the composite type, or declare a function of his own, can make it
 * another.
 */
TupleDesc
ResultDesc(FunctionCallInfo fcinfo, const InteractionType *type)
{
	TupleDesc tupdesc;
	bool	  ok = get_call_result_type(fcinfo, NULL, &tupdesc) ==
				  TYPEFUNC_COMPOSITE &&
			  tupdesc->natts == WireColumnCount(type);

	for (int i = 0; ok && i < tupdesc->natts; i++)
		ok = TupleDescAttr(tupdesc, i)->atttypid ==
			 WireTypeOf(&type->columns[i]);
	if (!ok)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("function %s does not return rows of %s in wire format",
						get_func_name(fcinfo->flinfo->fn_oid), type->plural),
				 errdetail("Its result must have the columns of type"
						   " interactions_v1.%s as the extension makes it.",
						   type->singular)));
	return tupdesc;
}

/* Columns as those of a row. */
TupleDesc
ColumnsDesc(const NeededColumn *columns, int ncolumns)
{
	TupleDesc tupdesc = CreateTemplateTupleDesc(ncolumns);

	for (int i = 0; i < ncolumns; i++)
		TupleDescInitEntry(tupdesc, i + 1, columns[i].name, columns[i].typid,
						   -1, 0);
	TupleDescFinalize(tupdesc);
	return tupdesc;
}

/* Raise where one of the first columns that a statement reads is null. */
void
RequireNoNulls(TupleTableSlot *slot, int ncolumns, const InteractionType *type)
{
	for (int i = 1; i <= ncolumns; i++)
	{
		if (slot_attisnull(slot, i))
			ereport(ERROR,
					(errcode(ERRCODE_NOT_NULL_VIOLATION),
					 errmsg("column \"%s\" of table \"%s\" must not be null",
							NameStr(
								TupleDescAttr(slot->tts_tupleDescriptor, i - 1)
									->attname),
							type->plural)));
	}
}

/* Raise where a table's columns, as a statement reads them, are of other types. */
void
RequireColumnTypes(TupleDesc tupdesc, const InteractionType *type)
{
	for (int i = 0; i < type->ncolumns; i++)
	{
		if (TupleDescAttr(tupdesc, i)->atttypid != type->columns[i].typid)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column \"%s\" of table \"%s\" must be of type %s,"
							" not %s",
							type->columns[i].name, type->plural,
							format_type_be(type->columns[i].typid),
							format_type_be(
								TupleDescAttr(tupdesc, i)->atttypid))));
	}
}

/* The columns of a type's table, as a list in SQL. */
const char *
ColumnNames(const InteractionType *type)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < type->ncolumns; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "",
						 quote_identifier(type->columns[i].name));
	return names.data;
}

/* The expressions that make a row in wire format, as a list in SQL. */
const char *
WireColumns(const InteractionType *type)
{
	StringInfoData columns;

	initStringInfo(&columns);
	for (int i = 0; i < WireColumnCount(type); i++)
	{
		const char *name = quote_identifier(type->columns[i].name);

		appendStringInfoString(&columns, i > 0 ? ", " : "");
		if (i == COLUMN_TIMESTAMP)
			appendStringInfo(&columns, "interactions.timestamp_to_ms(%s) AS ",
							 name);
		appendStringInfoString(&columns, name);
	}
	return columns.data;
}

/* Append counts by type as an object in JSON. */
void
AppendCounts(StringInfo result, const int64 *counts)
{
	for (int i = 0; i < NUM_TYPES; i++)
		appendStringInfo(result, "%s\"%s\": " INT64_FORMAT, i > 0 ? ", " : "{",
						 InteractionTypes[i].plural, counts[i]);
	appendStringInfoChar(result, '}');
}
