/*
 * list.c
 *	  Pages of the interactions of a user or an item, newest first.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "interactions.h"
#include "nodes/execnodes.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

/* arguments of the functions */
enum
{
	ARG_OWNER,
	ARG_PAGE_SIZE,
	ARG_AFTER,
	ARG_FROM_TIMESTAMP,
	ARG_TO_TIMESTAMP
};

/* Split a cursor into its timestamp and the id that follows. */
static void
ReadCursor(Span cursor, const char *other, TimestampTz *timestamp, Span *id)
{
	const char *colon = memchr(cursor.data, ':', cursor.len);
	Violation violation;

	if (colon == NULL)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"after\" must be <timestamp>:<%s>, not \"%s\"", other,
					Clip(cursor)),
			 errhint(
				 "Use the timestamp and the %s of the last row of the page before.",
				 other)));
	*timestamp =
		TimestampArgument("after", (Span){cursor.data, colon - cursor.data});
	id->data = colon + 1;
	id->len = cursor.data + cursor.len - id->data;
	if (!CheckId(other, *id, true, &violation))
		ReportViolation(&violation);
}

/* puts rows of a table into the result of a function, as rows of its view */
typedef struct RowReceiver
{
	DestReceiver pub;
	int natts; /* of the view */
	Tuplestorestate *tuples;
	TupleTableSlot *slot; /* a row of the view */
} RowReceiver;

/*
 * A row is copied as it lies in the table, which is faster than taking it
 * apart and putting it together anew.  The columns of the view are those of
 * the table, in the same order, but for the timestamp, which is as wide, and
 * for the fingerprint, which comes last.
 */
static bool
ReceiveRow(TupleTableSlot *slot, DestReceiver *self)
{
	RowReceiver *receiver = (RowReceiver *) self;
	MinimalTuple tuple = ExecCopySlotMinimalTuple(slot);
	char *row = (char *) tuple - MINIMAL_TUPLE_OFFSET + tuple->t_hoff;
	Size item_id = AlignText(row, VARSIZE_ANY(row));
	Size end = item_id + VARSIZE_ANY(row + item_id);
	int64 *timestamp = (int64 *) (row + DOUBLEALIGN(end));

	*timestamp = TimestampToMs(*timestamp);
	HeapTupleHeaderSetNatts(tuple, receiver->natts);

	ExecStoreMinimalTuple(tuple, receiver->slot, true);
	tuplestore_puttupleslot(receiver->tuples, receiver->slot);
	return true;
}

static void
StartRows(DestReceiver *self, int operation, TupleDesc tupdesc)
{
}

static void
EndRows(DestReceiver *self)
{
	RowReceiver *receiver = (RowReceiver *) self;

	/* frees the last row, whose memory is that of the statement */
	ExecClearTuple(receiver->slot);
}

/* Put the page that the arguments ask for into the function's result. */
static Datum
ListPage(FunctionCallInfo fcinfo, const char *owner, const char *other,
		 SavedQuery query)
{
	const InteractionType *type = TypeOfFunction(fcinfo);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	TimestampTz from = DT_NOBEGIN;
	TimestampTz to = DT_NOEND;
	TimestampTz after = DT_NOEND;
	Span after_id = {"", 0};
	int64 page_size = PG_INT64_MAX; /* the planner then expects a part */
	RowReceiver receiver = {
		.pub = {ReceiveRow, StartRows, EndRows, EndRows, DestNone}};
	SPIExecuteOptions options;
	ParamListInfo params;
	SPIPlanPtr plan;
	Datum values[6];

	CheckedId(owner, PG_GETARG_DATUM(ARG_OWNER), PG_ARGISNULL(ARG_OWNER));
	if (!PG_ARGISNULL(ARG_PAGE_SIZE))
	{
		page_size = PG_GETARG_INT32(ARG_PAGE_SIZE);
		if (page_size < 1)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("\"page_size\" must be at least 1, not %d",
								   PG_GETARG_INT32(ARG_PAGE_SIZE))));
	}
	if (MaxPageSize > 0 && page_size > MaxPageSize)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"page_size\" must be at most %d", MaxPageSize),
			 errhint(
				 "Ask for the list page by page, or raise interactions.max_page_size.")));
	if (!PG_ARGISNULL(ARG_AFTER))
		ReadCursor(TextSpan(PG_GETARG_DATUM(ARG_AFTER)), other, &after,
				   &after_id);
	if (!PG_ARGISNULL(ARG_FROM_TIMESTAMP))
		from = TimestampArgument("from_timestamp",
								 TextSpan(PG_GETARG_DATUM(ARG_FROM_TIMESTAMP)));
	if (!PG_ARGISNULL(ARG_TO_TIMESTAMP))
		to = TimestampArgument("to_timestamp",
							   TextSpan(PG_GETARG_DATUM(ARG_TO_TIMESTAMP)));

	InitMaterializedSRF(fcinfo, 0);
	receiver.natts = rsinfo->setDesc->natts;
	receiver.tuples = rsinfo->setResult;
	receiver.slot =
		MakeSingleTupleTableSlot(rsinfo->setDesc, &TTSOpsMinimalTuple);

	values[0] = TimestampTzGetDatum(from);
	values[1] = TimestampTzGetDatum(to);
	values[2] = PG_GETARG_DATUM(ARG_OWNER);
	values[3] = TimestampTzGetDatum(after);
	values[4] =
		PointerGetDatum(cstring_to_text_with_len(after_id.data, after_id.len));
	values[5] = Int64GetDatum(page_size);

	SPI_connect();
	if (!TIMESTAMP_IS_NOBEGIN(from) || !TIMESTAMP_IS_NOEND(to))
		query += IN_RANGE;
	if (!PG_ARGISNULL(ARG_AFTER))
		query += AFTER;
	plan = GetQuery(type, query);
	params = makeParamList(lengthof(values));
	for (int i = 0; i < (int) lengthof(values); i++)
	{
		params->params[i].value = values[i];
		params->params[i].isnull = false;
		params->params[i].pflags = PARAM_FLAG_CONST;
		params->params[i].ptype = SPI_getargtypeid(plan, i);
	}

	memset(&options, 0, sizeof(options));
	options.params = params;
	options.read_only = true;
	options.dest = &receiver.pub;
	SPI_execute_plan_extended(plan, &options);
	ExecDropSingleTupleTableSlot(receiver.slot);
	SPI_finish();
	return (Datum) 0;
}

/* list_user_TYPEs(user_id, page_size, after, from_timestamp, to_timestamp) */
PG_FUNCTION_INFO_V1(list_user_interactions);
Datum
list_user_interactions(PG_FUNCTION_ARGS)
{
	return ListPage(fcinfo, "user_id", "item_id", QUERY_LIST_USER);
}

/* list_item_TYPEs(item_id, page_size, after, from_timestamp, to_timestamp) */
PG_FUNCTION_INFO_V1(list_item_interactions);
Datum
list_item_interactions(PG_FUNCTION_ARGS)
{
	return ListPage(fcinfo, "item_id", "user_id", QUERY_LIST_ITEM);
}
