/*
 * create.c
 *	  Stores interactions given as JSON: one, a batch, or what is good in one.
 *
 * A batch is read and checked as a whole before any of it is stored.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "json.h"
#include "library.h"
#include "miscadmin.h"
#include "store.h"
#include "store_batch.h"
#include "timestamp.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/memutils.h"

#define MAX_NAMED_ELEMENTS 10

/* an array of interactions as far as it has been read */
typedef struct Body
{
	const InteractionType *type;
	Batch				  *batch; /* the good elements */
	int64				   nelements;
	int64				   nerrors;
	int64				   nseconds;   /* good ones that look like seconds */
	int					   sqlerrcode; /* of the first error */
	StringInfoData		   errors;	   /* sentences, or elements of JSON */
} Body;

/* The json argument; null is no body. */
static JsonLexContext *
OpenBody(FunctionCallInfo fcinfo, const char *expected)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the body must be %s, not null", expected)));
	return OpenJson(PG_GETARG_DATUM(0));
}

/* create_TYPE(json) returns interactions_v1.TYPE */
PG_FUNCTION_INFO_V1(create_interaction);
Datum
create_interaction(PG_FUNCTION_ARGS)
{
	const InteractionType *type = TypeOfFunction(fcinfo);
	TupleDesc			   tupdesc = ResultDesc(fcinfo, type);
	JsonLexContext		  *lex = OpenBody(fcinfo, "an interaction");
	StoreResult			   result;
	Row					   row;
	Interaction			   interaction;
	Violation			   violation;

	if (!ReadInteraction(lex, type, &interaction, &violation))
		ReportViolation(&violation);
	result = StoreInteraction(type, &interaction, &row);
	SetStatus(result == STORE_CREATED ? "201" : "200");
	if (LooksLikeSeconds(interaction.timestamp))
		AddWarningHeader(WarnOfSeconds(1));
	if (result == STORE_SKIPPED)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(HeapTupleGetDatum(
		heap_form_tuple(BlessTupleDesc(tupdesc), row.values, row.isnull)));
}

/* Note a bad element, in JSON or as a sentence. */
static void
NoteError(Body *body, const Violation *violation, bool as_json)
{
	char *message = WithHint(violation->message, violation->hint);

	if (body->nerrors == 0)
		body->sqlerrcode = violation->sqlerrcode;
	if (as_json)
	{
		appendStringInfo(&body->errors,
						 "%s{\"index\": " INT64_FORMAT
						 ", \"code\": \"%s\", \"message\": ",
						 body->nerrors > 0 ? ", " : "", body->nelements,
						 unpack_sql_state(violation->sqlerrcode));
		escape_json(&body->errors, message);
		appendStringInfoChar(&body->errors, '}');
	}
	else if (body->nerrors < MAX_NAMED_ELEMENTS)
		appendStringInfo(&body->errors, "%selement " INT64_FORMAT ": %s",
						 body->nerrors > 0 ? "\n" : "", body->nelements,
						 message);
	body->nerrors++;
}

/* Read the array that is the body, its good elements and its bad ones. */
static void
ReadBody(Body *body, JsonLexContext *lex, bool errors_as_json)
{
	MemoryContext element;
	MemoryContext oldcontext;
	Interaction	  interaction;
	Violation	  violation;

	if (lex->token_type != JSON_TOKEN_ARRAY_START)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the body must be an array of interactions, not %s",
						DescribeToken(lex))));

	initStringInfo(&body->errors);
	body->batch = BeginBatch(body->type);
	element = AllocSetContextCreate(CurrentMemoryContext,
									"interactions element",
									ALLOCSET_SMALL_SIZES);
	oldcontext = MemoryContextSwitchTo(element);
	NextToken(lex);
	while (lex->token_type != JSON_TOKEN_ARRAY_END)
	{
		CHECK_FOR_INTERRUPTS();
		CheckBatchSize(body->nelements + 1);
		/* numbers, strings with escapes, and what is wrong */
		MemoryContextReset(element);
		if (ReadInteraction(lex, body->type, &interaction, &violation))
		{
			AddToBatch(body->batch, &interaction);
			if (LooksLikeSeconds(interaction.timestamp))
				body->nseconds++;
		}
		else
			NoteError(body, &violation, errors_as_json);
		body->nelements++;
		if (NextToken(lex) == JSON_TOKEN_COMMA)
			NextToken(lex);
	}
	MemoryContextSwitchTo(oldcontext);
}

/* Read, check and store a batch: all of it, or what is good where skip. */
static Datum
CreateBatch(FunctionCallInfo fcinfo, bool skip)
{
	Body		   body = {.type = TypeOfFunction(fcinfo)};
	MemoryContext  context;
	MemoryContext  oldcontext;
	StringInfoData result;
	uint64		   given;
	uint64		   created;
	text		  *json;

	/* a batch is freed here, not when the caller's query ends */
	context = AllocSetContextCreate(CurrentMemoryContext, "interactions body",
									ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(context);

	ReadBody(&body, OpenBody(fcinfo, "an array of interactions"), skip);
	if (body.nerrors > 0 && !skip)
		ereport(ERROR,
				(errcode(body.sqlerrcode),
				 errmsg_plural("%lld of %lld elements is invalid",
							   "%lld of %lld elements are invalid",
							   body.nerrors, (long long) body.nerrors,
							   (long long) body.nelements),
				 errdetail_internal("%s", body.errors.data),
				 errhint("Nothing was stored. import_%s, or ?on_error=skip over REST, stores the valid elements and reports the rest.",
						 body.type->plural)));

	given = body.batch->nrows;
	created = StoreBatch(body.batch);
	SetStatus(skip ? "200" : "201");

	initStringInfo(&result);
	appendStringInfo(&result,
					 "{\"created\": " UINT64_FORMAT
					 ", \"duplicates\": " UINT64_FORMAT,
					 created, given - created);
	if (skip)
		appendStringInfo(&result, ", \"errors\": [%s]", body.errors.data);
	if (body.nseconds > 0)
		appendStringInfo(&result,
						 ", \"warnings\": [{\"code\": \"%s\", \"message\": \"%s\"}]",
						 unpack_sql_state(ERRCODE_WARNING),
						 WarnOfSeconds(body.nseconds));
	appendStringInfoChar(&result, '}');

	MemoryContextSwitchTo(oldcontext);
	json = cstring_to_text_with_len(result.data, result.len);
	MemoryContextDelete(context);
	PG_RETURN_TEXT_P(json);
}

/* create_TYPEs(json) returns json */
PG_FUNCTION_INFO_V1(create_interactions);
Datum
create_interactions(PG_FUNCTION_ARGS)
{
	return CreateBatch(fcinfo, false);
}

/* import_TYPEs(json) returns json */
PG_FUNCTION_INFO_V1(import_interactions);
Datum
import_interactions(PG_FUNCTION_ARGS)
{
	return CreateBatch(fcinfo, true);
}
