/*
 * types.c
 *	  The table of types, the only place in C that names them.
 *
 * A type has one table, one view in wire format and one set of functions, all
 * named after it; the functions find their type by their own name.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "interactions.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#define MAX_DOUBLE "1.7976931348623157e308"
#define VALUE                                                                  \
	{                                                                          \
		"value", FLOAT8OID, true, "a number between 0 and 5", 0, "5"           \
	}
#define PRICE                                                                  \
	{                                                                          \
		"price", NUMERICOID, false, "a finite number of at least 0", 0,        \
			MAX_DOUBLE                                                         \
	}
#define AMOUNT                                                                 \
	{                                                                          \
		"amount", INT4OID, false, "an integer between 1 and 2147483647", 1,    \
			NULL                                                               \
	}
#define DURATION                                                               \
	{                                                                          \
		"duration", INT8OID, false,                                            \
			"an integer between 0 and 9223372036854775807", 0, NULL            \
	}

const InteractionType InteractionTypes[] = {
	{"bookmark", "bookmarks", 0, {{0}}},
	{"rating", "ratings", 1, {VALUE}},
	{"purchase", "purchases", 2, {PRICE, AMOUNT}},
	{"cart_addition", "cart_additions", 2, {PRICE, AMOUNT}},
	{"view", "views", 1, {DURATION}},
};

const int NumInteractionTypes = lengthof(InteractionTypes);

static const char *const shared_names[] = {"user_id", "item_id", "timestamp",
										   "recommendation_id"};

/* Find a type by the name of its table. */
const InteractionType *
TypeByName(const char *plural)
{
	for (int i = 0; i < NumInteractionTypes; i++)
	{
		if (strcmp(InteractionTypes[i].plural, plural) == 0)
			return &InteractionTypes[i];
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("\"%s\" is not a type of interactions", plural)));
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
	char *name;

	if (type != NULL)
		return type;

	name = get_func_name(fcinfo->flinfo->fn_oid);
	for (int i = 0; name != NULL && i < NumInteractionTypes; i++)
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

/* Number of columns of a type's table, the fingerprint included. */
int
ColumnCount(const InteractionType *type)
{
	return FIRST_OWN + type->nown + 1;
}

const char *
ColumnName(const InteractionType *type, int column)
{
	if (column < FIRST_OWN)
		return shared_names[column];
	if (column < FIRST_OWN + type->nown)
		return type->own[column - FIRST_OWN].name;
	return "fingerprint";
}

Oid
ColumnType(const InteractionType *type, int column)
{
	if (column == TIMESTAMP)
		return TIMESTAMPTZOID;
	if (column < FIRST_OWN)
		return TEXTOID;
	if (column < FIRST_OWN + type->nown)
		return type->own[column - FIRST_OWN].typid;
	return INT8OID;
}

/* Whether a column is null in no row. */
bool
ColumnRequired(const InteractionType *type, int column)
{
	if (column >= FIRST_OWN && column < FIRST_OWN + type->nown)
		return type->own[column - FIRST_OWN].required;
	return column != RECOMMENDATION_ID;
}

/* The columns of a type's table, as a list in SQL. */
const char *
ColumnNames(const InteractionType *type)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < ColumnCount(type); i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "",
						 quote_identifier(ColumnName(type, i)));
	return names.data;
}

/* The expressions that make a row of a type's view, as a list in SQL. */
const char *
WireColumns(const InteractionType *type)
{
	StringInfoData columns;

	initStringInfo(&columns);
	for (int i = 0; i < ColumnCount(type) - 1; i++)
	{
		const char *name = quote_identifier(ColumnName(type, i));

		appendStringInfoString(&columns, i > 0 ? ", " : "");
		if (i == TIMESTAMP)
			appendStringInfo(&columns, "interactions.timestamp_to_ms(%s)",
							 name);
		else
			appendStringInfoString(&columns, name);
	}
	return columns.data;
}

/* Append counts by type as an object in JSON. */
void
AppendCounts(StringInfo result, const int64 *counts)
{
	for (int i = 0; i < NumInteractionTypes; i++)
		appendStringInfo(result, "%s\"%s\": " INT64_FORMAT, i > 0 ? ", " : "{",
						 InteractionTypes[i].plural, counts[i]);
	appendStringInfoChar(result, '}');
}
