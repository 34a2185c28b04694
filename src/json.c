/*
 * json.c
 *	  Reads interactions from JSON, in one pass over core's lexer.
 *
 * The argument is of type json, so its syntax has been checked; escapes have
 * not.  Strings are used where they stand in the input, and copied only where
 * an escape has to be resolved.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "json.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "rules.h"
#include "subxact.h"
#include "timestamp.h"
#include "utils/builtins.h"

/* Begin to read a json datum; the first token is the current one. */
JsonLexContext *
OpenJson(Datum json)
{
	Span			text = TextSpan(json);
	JsonLexContext *lex = JsonLexer(text.data, text.len, false);

	NextToken(lex);
	return lex;
}

/* Go to the next token; raises where the text is no JSON. */
JsonTokenType
NextToken(JsonLexContext *lex)
{
	JsonParseErrorType result = json_lex(lex);

	if (result != JSON_SUCCESS)
		json_report_error(result, lex);
	return lex->token_type;
}

/* The current token, as a message names it. */
const char *
DescribeToken(const JsonLexContext *lex)
{
	Span token = {lex->token_start, lex->token_terminator - lex->token_start};

	switch (lex->token_type)
	{
		case JSON_TOKEN_OBJECT_START:
			return "an object";
		case JSON_TOKEN_ARRAY_START:
			return "an array";
		default:
			return Clip(token);
	}
}

/* Move from the first token of a value to its last. */
static void
SkipValue(JsonLexContext *lex)
{
	int depth = 0;

	for (;;)
	{
		switch (lex->token_type)
		{
			case JSON_TOKEN_OBJECT_START:
			case JSON_TOKEN_ARRAY_START:
				depth++;
				break;
			case JSON_TOKEN_OBJECT_END:
			case JSON_TOKEN_ARRAY_END:
				depth--;
				break;
			case JSON_TOKEN_END:
				elog(ERROR, "malformed value of type json");
			default:
				break;
		}
		if (depth == 0)
			return;
		CHECK_FOR_INTERRUPTS();
		NextToken(lex);
	}
}

typedef struct LexJob
{
	JsonLexContext	  *lex;
	JsonParseErrorType error;
} LexJob;

static void
LexString(void *arg)
{
	LexJob *job = arg;

	job->error = json_lex(job->lex);
}

/* Whether core says that the encoding has no such character. */
static bool
IsUntranslatable(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_UNTRANSLATABLE_CHARACTER ||
		   error->sqlerrcode == ERRCODE_FEATURE_NOT_SUPPORTED;
}

/* Lex one string, resolving escapes. */
static JsonParseErrorType
ResolveEscapes(JsonLexContext *lex)
{
	LexJob job = {lex, JSON_UNICODE_HIGH_ESCAPE};

	/* before 16, core raises where the encoding has no such character */
	if (PG_VERSION_NUM >= 160000 || GetDatabaseEncoding() == PG_UTF8)
		LexString(&job);
	else
		Attempt(LexString, &job, IsUntranslatable);
	return job.error;
}

/* The string that is the current token, its escapes resolved. */
static bool
ReadString(JsonLexContext *lex, const char *property, Span *result,
		   Violation *violation)
{
	JsonLexContext	  *inner;
	JsonParseErrorType error;
	char			  *detail;

	result->data = lex->token_start + 1;
	result->len = lex->token_terminator - lex->token_start - 2;
	if (memchr(result->data, '\\', result->len) == NULL)
		return true;

	inner = JsonLexer(lex->token_start, result->len + 2, true);
	error = ResolveEscapes(inner);
	if (error == JSON_SUCCESS)
	{
		result->data = inner->strval->data;
		result->len = inner->strval->len;
		return true;
	}

	/* the sentence becomes a part of one */
	detail = pstrdup(json_errdetail(error, inner));
	if (detail[0] != '\0' && detail[strlen(detail) - 1] == '.')
		detail[strlen(detail) - 1] = '\0';
	return Violate(violation,
				   JsonUntranslatable(error)
					   ? ERRCODE_UNTRANSLATABLE_CHARACTER
					   : ERRCODE_INVALID_TEXT_REPRESENTATION,
				   NULL,
				   psprintf("invalid string in \"%s\": %s", property, detail));
}

/* The id that is the current token: a string, or an integer. */
static bool
ReadId(JsonLexContext *lex, const char *property, Span *id,
	   Violation *violation)
{
	if (lex->token_type == JSON_TOKEN_STRING)
		return ReadString(lex, property, id, violation);

	id->data = lex->token_start;
	id->len = lex->token_terminator - lex->token_start;
	if (lex->token_type == JSON_TOKEN_NUMBER &&
		(int) strspn(id->data, "-0123456789") >= id->len)
		return true;
	return Violate(violation, ERRCODE_INVALID_PARAMETER_VALUE, NULL,
				   psprintf("\"%s\" must be a string or an integer, not %s",
							property, DescribeToken(lex)));
}

/* The number that is the current token, or in the string that is. */
static bool
ReadNumber(JsonLexContext *lex, const char *property, Oid typid,
		   const char *hint, Number *number, Violation *violation)
{
	Span text;

	if (lex->token_type == JSON_TOKEN_STRING)
	{
		if (!ReadString(lex, property, &text, violation))
			return false;
	}
	else
	{
		text.data = lex->token_start;
		text.len = lex->token_terminator - lex->token_start;
	}
	return ScanNumber(text, number) ||
		   ViolateSyntax(property, typid, hint, text, violation);
}

/*
 * Find a property of a type by its name; -1 where it has none.  Most objects
 * have their properties in the same order, so the search begins at from.
 */
static int
FindProperty(const InteractionType *type, Span name, int from)
{
	/* all but the fingerprint, which is ours alone */
	int count = WireColumnCount(type);

	for (int i = 0; i < count; i++)
	{
		int			property = (from + i) % count;
		const char *candidate = type->columns[property].name;

		if (strncmp(candidate, name.data, name.len) == 0 &&
			candidate[name.len] == '\0')
			return property;
	}
	return -1;
}

static const char *
PropertiesHint(const InteractionType *type)
{
	StringInfoData hint;

	initStringInfo(&hint);
	appendStringInfo(&hint, "The properties of %s are", type->plural);
	for (int i = 0; i < WireColumnCount(type); i++)
		appendStringInfo(&hint, "%s %s", i > 0 ? "," : "",
						 type->columns[i].name);
	appendStringInfoChar(&hint, '.');
	return hint.data;
}

/* Read the property whose value is the current token, and not null. */
static bool
ReadProperty(JsonLexContext *lex, const InteractionType *type, int property,
			 Interaction *interaction, Violation *violation)
{
	const NeededColumn *column = &type->columns[property];
	const char		   *name = column->name;
	int					own = property - COLUMN_FIRST_OWN;
	bool				scalar = lex->token_type == JSON_TOKEN_STRING ||
				  lex->token_type == JSON_TOKEN_NUMBER;
	Number number;

	switch (property)
	{
		case COLUMN_USER_ID:
			return ReadId(lex, name, &interaction->user_id, violation);
		case COLUMN_ITEM_ID:
			return ReadId(lex, name, &interaction->item_id, violation);
		case COLUMN_RECOMMENDATION_ID:
			return ReadId(lex, name, &interaction->recommendation_id,
						  violation);
		case COLUMN_TIMESTAMP:
			if (!scalar)
				return Violate(violation, ERRCODE_INVALID_PARAMETER_VALUE,
							   TIMESTAMP_HINT,
							   psprintf("\"%s\" must be " TIMESTAMP_RULE
										", not %s",
										name, DescribeToken(lex)));
			interaction->timestamp_isnull = false;
			return ReadNumber(lex, name, INT8OID, TIMESTAMP_HINT, &number,
							  violation) &&
				   TimestampFromNumber(name, &number, &interaction->timestamp,
									   violation);
		default:
			if (!scalar)
				return ViolateOwn(column, DescribeToken(lex), violation);
			if (!ReadNumber(lex, name, column->typid, NULL, &number, violation))
				return false;
			interaction->own_isnull[own] = false;
			return NumberToDatum(&number, column->typid,
								 &interaction->own[own]) ||
				   ViolateOwn(column, Clip(number.text), violation);
	}
}

/* Read the property whose name is the current token. */
static bool
ReadMember(JsonLexContext *lex, const InteractionType *type, uint32 *seen,
		   Interaction *interaction, Violation *violation)
{
	Span name;
	int	 property;
	bool ok = ReadString(lex, "name of a property", &name, violation);

	NextToken(lex); /* the colon */
	NextToken(lex);
	if (!ok)
		return false;

	property = FindProperty(type, name,
							*seen != 0 ? pg_leftmost_one_pos32(*seen) + 1 : 0);
	if (property < 0)
		return Violate(violation, ERRCODE_INVALID_PARAMETER_VALUE,
					   PropertiesHint(type),
					   psprintf("\"%s\" is not a property of %s", Clip(name),
								type->plural));
	if (*seen & (1 << property))
		return Violate(violation, ERRCODE_INVALID_PARAMETER_VALUE, NULL,
					   psprintf("\"%s\" is given twice",
								type->columns[property].name));
	*seen |= 1 << property;

	return lex->token_type == JSON_TOKEN_NULL ||
		   ReadProperty(lex, type, property, interaction, violation);
}

/*
 * Read the interaction whose first token is the current one, up to its last
 * token, whatever is wrong with it.  False where it breaks a rule.
 */
bool
ReadInteraction(JsonLexContext *lex, const InteractionType *type,
				Interaction *interaction, Violation *violation)
{
	uint32 seen = 0;
	bool   ok = true;

	memset(interaction, 0, sizeof(Interaction));
	memset(interaction->own_isnull, true, sizeof(interaction->own_isnull));
	interaction->timestamp_isnull = true;

	if (lex->token_type != JSON_TOKEN_OBJECT_START)
	{
		Violate(violation, ERRCODE_INVALID_PARAMETER_VALUE, NULL,
				psprintf("an interaction must be an object, not %s",
						 DescribeToken(lex)));
		SkipValue(lex);
		return false;
	}

	NextToken(lex);
	while (lex->token_type != JSON_TOKEN_OBJECT_END)
	{
		CHECK_FOR_INTERRUPTS();
		if (ok)
			ok = ReadMember(lex, type, &seen, interaction, violation);
		else
		{
			NextToken(lex); /* the colon */
			NextToken(lex);
		}
		SkipValue(lex);
		if (NextToken(lex) == JSON_TOKEN_COMMA)
			NextToken(lex);
	}
	return ok && CompleteInteraction(type, interaction, violation);
}
