/*
 * list.c
 *	  Pages of the interactions of a user or an item, newest first.
 */
#include "postgres.h"

#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "interactions.h"
#include "nodes/execnodes.h"
#include "plans.h"
#include "rules.h"
#include "timestamp.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
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

/* what a list's statement looks for besides the owner; bits */
#define LIST_IN_RANGE (1 << 0)
#define LIST_AFTER (1 << 1)
#define NUM_LIST_KINDS (1 << 2)

/*
 * The rows of an owner, user or item; the other id completes the cursor.  Of
 * each set of conditions there is a statement, since one that is not given is
 * best left out: an open range costs time, and misleads the planner.
 */
static SPIPlanPtr
ListPlan(const InteractionType *type, bool of_item, int conditions)
{
	static SPIPlanPtr plans[NUM_TYPES][2][NUM_LIST_KINDS];
	const Oid		  argtypes[] = {TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID,
									TIMESTAMPTZOID, TEXTOID,		INT8OID};
	const char		 *owner = of_item ? "item_id" : "user_id";
	const char		 *other = of_item ? "user_id" : "item_id";
	SPIPlanPtr		 *plan = &plans[TypeIndex(type)][of_item][conditions];
	StringInfoData	  sql;

	if (PlanIsKept(*plan, type->plural))
		return *plan;
	initStringInfo(&sql);
	appendStringInfo(&sql,
					 "SELECT %s FROM interactions.%s"
					 " WHERE %s OPERATOR(pg_catalog.=) $3",
					 ColumnNames(type), quote_identifier(type->plural), owner);
	if (conditions & LIST_IN_RANGE)
		appendStringInfoString(&sql,
							   " AND \"timestamp\" OPERATOR(pg_catalog.>=) $1"
							   " AND \"timestamp\" OPERATOR(pg_catalog.<) $2");
	if (conditions & LIST_AFTER)
		appendStringInfo(&sql,
						 " AND (\"timestamp\", %s)"
						 " OPERATOR(pg_catalog.<) ($4, $5)",
						 other);
	appendStringInfoString(&sql, " ORDER BY \"timestamp\" DESC");
	if (!of_item)
		appendStringInfo(&sql, ", %s DESC", other);
	appendStringInfoString(&sql, " FETCH FIRST $6 ROWS WITH TIES");

	/* the item's index has the order of time only: sort what it gives */
	if (of_item)
	{
		char *newest = sql.data;

		initStringInfo(&sql);
		appendStringInfo(&sql,
						 "SELECT * FROM (%s) AS newest"
						 " ORDER BY %d DESC, %d DESC"
						 " FETCH FIRST $6 ROWS WITH TIES",
						 newest, COLUMN_TIMESTAMP + 1, COLUMN_USER_ID + 1);
	}

	/*
	 * The owner's index is right for every owner and page.  Where an owner is
	 * frequent core would rather plan each call, which takes longer than the
	 * page.
	 */
	KeepPlan(plan, sql.data, lengthof(argtypes), argtypes,
			 CURSOR_OPT_GENERIC_PLAN);
	return *plan;
}

/* Split a cursor into its timestamp and the id that follows. */
static void
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
		TimestampArgument("after",
						  SpanDatum((Span){cursor.data, colon - cursor.data}));
	id->data = colon + 1;
	id->len = cursor.data + cursor.len - id->data;
	if (!CheckId(other, *id, true, &violation))
		ReportViolation(&violation);
}

/* puts rows of a table into the result of a function, in wire format */
typedef struct RowReceiver
{
	DestReceiver		   pub;
	const InteractionType *type;
	Tuplestorestate		  *tuples;
	TupleTableSlot		  *slot; /* a row in wire format */
} RowReceiver;

/*
 * A row is copied as it lies in the table, which is faster than taking it
 * apart and putting it together anew.  The columns in wire format are those
 * of the statement, in the same order, but for the timestamp, which is as wide,
 * and for the fingerprint, which comes last.
 */
static bool
ReceiveRow(TupleTableSlot *slot, DestReceiver *self)
{
	RowReceiver *receiver = (RowReceiver *) self;
	MinimalTuple tuple = ExecCopySlotMinimalTuple(slot);
	char		*row = (char *) tuple - MINIMAL_TUPLE_OFFSET + tuple->t_hoff;
	Size		 item_id = att_align_pointer(VARSIZE_ANY(row), TYPALIGN_INT, -1,
											 row + VARSIZE_ANY(row));
	Size		 end = item_id + VARSIZE_ANY(row + item_id);
	int64		*timestamp = (int64 *) (row + DOUBLEALIGN(end));

	*timestamp = TimestampToMs(*timestamp);
	HeapTupleHeaderSetNatts(tuple, WireColumnCount(receiver->type));

	ExecStoreMinimalTuple(tuple, receiver->slot, true);
	tuplestore_puttupleslot(receiver->tuples, receiver->slot);
	return true;
}

static void
/* NOLINTNEXTLINE(misc-unused-parameters): core passes it */
StartRows(DestReceiver *self, int operation, TupleDesc tupdesc)
{
	RequireColumnTypes(tupdesc, ((RowReceiver *) self)->type);
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
		 bool of_item)
{
	const InteractionType *type = TypeOfFunction(fcinfo);
	ReturnSetInfo		  *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	TimestampTz			   from = DT_NOBEGIN;
	TimestampTz			   to = DT_NOEND;
	TimestampTz			   after = DT_NOEND;
	Span				   after_id = {"", 0};
	int64		page_size = PG_INT64_MAX; /* the planner then expects a part */
	RowReceiver receiver = {
		.pub = {ReceiveRow, StartRows, EndRows, EndRows, DestTuplestore}};
	SPIExecuteOptions options;
	ParamListInfo	  params;
	SPIPlanPtr		  plan;
	int				  conditions = 0;
	int				  result;
	Datum			  values[6];

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
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"page_size\" must be at most %d", MaxPageSize),
				 errhint(
					 "Ask for the list page by page, or raise interactions.max_page_size.")));
	if (!PG_ARGISNULL(ARG_AFTER))
		ReadCursor(PG_GETARG_DATUM(ARG_AFTER), other, &after, &after_id);
	if (!PG_ARGISNULL(ARG_FROM_TIMESTAMP))
		from = TimestampArgument("from_timestamp",
								 PG_GETARG_DATUM(ARG_FROM_TIMESTAMP));
	if (!PG_ARGISNULL(ARG_TO_TIMESTAMP))
		to = TimestampArgument("to_timestamp",
							   PG_GETARG_DATUM(ARG_TO_TIMESTAMP));

	ResultDesc(fcinfo, type);
	InitMaterializedSRF(fcinfo, 0);
	receiver.type = type;
	receiver.tuples = rsinfo->setResult;
	receiver.slot =
		MakeSingleTupleTableSlot(rsinfo->setDesc, &TTSOpsMinimalTuple);

	values[0] = TimestampTzGetDatum(from);
	values[1] = TimestampTzGetDatum(to);
	values[2] = PG_GETARG_DATUM(ARG_OWNER);
	values[3] = TimestampTzGetDatum(after);
	values[4] = SpanDatum(after_id);
	values[5] = Int64GetDatum(page_size);

	SPI_connect();
	if (!TIMESTAMP_IS_NOBEGIN(from) || !TIMESTAMP_IS_NOEND(to))
		conditions |= LIST_IN_RANGE;
	if (!PG_ARGISNULL(ARG_AFTER))
		conditions |= LIST_AFTER;
	plan = ListPlan(type, of_item, conditions);
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
	result = SPI_execute_plan_extended(plan, &options);
	if (result != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_plan_extended failed: %s",
			 SPI_result_code_string(result));
	ExecDropSingleTupleTableSlot(receiver.slot);
	SPI_finish();
	return (Datum) 0;
}

/* list_user_TYPEs(user_id, page_size, after, from_timestamp, to_timestamp) */
PG_FUNCTION_INFO_V1(list_user_interactions);
Datum
list_user_interactions(PG_FUNCTION_ARGS)
{
	return ListPage(fcinfo, "user_id", "item_id", false);
}

/* list_item_TYPEs(item_id, page_size, after, from_timestamp, to_timestamp) */
PG_FUNCTION_INFO_V1(list_item_interactions);
Datum
list_item_interactions(PG_FUNCTION_ARGS)
{
	return ListPage(fcinfo, "item_id", "user_id", true);
}
