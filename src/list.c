/*
 * list.c
 *	  Pages of the interactions of a user or an item, newest first.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "distribution.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "library.h"
#include "nodes/execnodes.h"
#include "own_tables.h"
#include "partitions.h"
#include "plans.h"
#include "rules.h"
#include "timestamp.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"
#include "visibility.h"

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

/* the nth spans 2^n partitions, so that 32 cover any table */
#define MAX_WINDOWS 32
#define PROBED_WINDOW 2 /* first whose indexes are asked before */

/*
 * A part of time in which rows are looked for.  A table that is not
 * partitioned, or was partitioned otherwise for the caller, has one, of all.
 */
typedef struct Window
{
	int			number; /* 0 has the newest rows */
	TimestampTz from;
	TimestampTz to; /* is not in it */
} Window;

/* a statement for a window, as long as the backend lives */
typedef struct WindowPlan
{
	SPIPlanPtr plan;
	Window	   window;
	int		   running; /* how many calls run it */
} WindowPlan;

/*
 * The rows of an owner, user or item; the other id completes the cursor.  Of
 * each set of conditions there is a statement, since one that is not given is
 * best left out: an open range costs time, and misleads the planner.
 */
static const char *
ListStatement(const InteractionType *type, bool of_item, int conditions,
			  const Window *window)
{
	const char	  *other = of_item ? "user_id" : "item_id";
	const char	  *newest;
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql,
					 "SELECT %s FROM interactions.%s"
					 " WHERE %s OPERATOR(pg_catalog.=) $3",
					 ColumnNames(type), type->plural,
					 of_item ? "item_id" : "user_id");
	/* as constants, which tell the planner what the partitions are */
	if (!TIMESTAMP_IS_NOBEGIN(window->from))
		appendStringInfo(&sql,
						 " AND \"timestamp\" OPERATOR(pg_catalog.>=)"
						 " pg_catalog.timestamptz '%s'",
						 timestamptz_to_str(window->from));
	if (!TIMESTAMP_IS_NOEND(window->to))
		appendStringInfo(&sql,
						 " AND \"timestamp\" OPERATOR(pg_catalog.<)"
						 " pg_catalog.timestamptz '%s'",
						 timestamptz_to_str(window->to));
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
	if (!of_item)
		return sql.data;

	/* the item's index has the order of time only: sort what it gives */
	newest = sql.data;
	return psprintf("SELECT * FROM (%s) AS newest ORDER BY %d DESC, %d DESC"
					" FETCH FIRST $6 ROWS WITH TIES",
					newest, COLUMN_TIMESTAMP + 1, COLUMN_USER_ID + 1);
}

/*
 * The statement that lists what a window has.  Where the table is partitioned
 * its plan knows only of the partitions in the window: one for all times would
 * lock each partition, whichever are looked into.
 */
static WindowPlan *
ListPlan(const InteractionType *type, bool of_item, int conditions,
		 const Window *window)
{
	static WindowPlan plans[NUM_TYPES][2][NUM_LIST_KINDS][MAX_WINDOWS];
	const Oid		  argtypes[] = {TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID,
									TIMESTAMPTZOID, TEXTOID,		INT8OID};
	WindowPlan		 *plan =
		&plans[TypeIndex(type)][of_item][conditions][window->number];

	/* windows move as time goes by, and partitions come and go */
	if (plan->window.from != window->from || plan->window.to != window->to)
	{
		if (plan->plan != NULL && plan->running == 0)
			SPI_freeplan(plan->plan);
		plan->plan = NULL;
	}
	/*
	 * The owner's index is right for every owner and page.  Where an owner is
	 * frequent core would rather plan each call, which takes longer than the
	 * page.
	 */
	if (!PlanIsKept(plan->plan, type->plural))
		KeepPlan(&plan->plan, ListStatement(type, of_item, conditions, window),
				 lengthof(argtypes), argtypes, CURSOR_OPT_GENERIC_PLAN);
	plan->window = *window;
	return plan;
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
	MinimalTuple tuple;
	char		*row;
	Size		 item_id;
	Size		 end;
	int64		*timestamp;

	RequireNoNulls(slot, COLUMN_TIMESTAMP + 1, receiver->type);
	tuple = ExecCopySlotMinimalTuple(slot);
	row = (char *) tuple - MINIMAL_TUPLE_OFFSET + tuple->t_hoff;
	item_id = att_align_pointer(VARSIZE_ANY(row), TYPALIGN_INT, -1,
								row + VARSIZE_ANY(row));
	end = item_id + VARSIZE_ANY(row + item_id);
	timestamp = (int64 *) (row + DOUBLEALIGN(end));
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

/* what a list is asked for */
typedef struct ListRequest
{
	const InteractionType *type;
	bool				   of_item;
	const char			  *owner_column;
	Datum				   owner;
	int64				   page_size;
	bool				   has_after;
	TimestampTz			   after;
	Span				   after_id;
	TimestampTz			   from;
	TimestampTz			   to;
} ListRequest;

/* Read the arguments, and hold them to the rules. */
static void
ReadRequest(FunctionCallInfo fcinfo, bool of_item, ListRequest *request)
{
	memset(request, 0, sizeof(ListRequest));
	request->type = TypeOfFunction(fcinfo);
	request->of_item = of_item;
	request->owner_column = of_item ? "item_id" : "user_id";
	IdArgument(fcinfo, ARG_OWNER, request->owner_column);
	request->owner = PG_GETARG_DATUM(ARG_OWNER);
	request->page_size = CheckedPageSize(PG_ARGISNULL(ARG_PAGE_SIZE),
										 PG_GETARG_INT32(ARG_PAGE_SIZE));
	request->after = DT_NOEND;
	request->after_id = (Span){"", 0};
	request->has_after = !PG_ARGISNULL(ARG_AFTER);
	if (request->has_after)
		ReadCursor(PG_GETARG_DATUM(ARG_AFTER), of_item ? "user_id" : "item_id",
				   &request->after, &request->after_id);
	request->from = TimestampArgument(fcinfo, ARG_FROM_TIMESTAMP,
									  "from_timestamp", DT_NOBEGIN);
	request->to =
		TimestampArgument(fcinfo, ARG_TO_TIMESTAMP, "to_timestamp", DT_NOEND);
}

/*
 * Put the newest rows of a window into a receiver, limit at most but for ties.
 * Returns how many they are.
 */
static int64
ListWindow(const ListRequest *request, RowReceiver *receiver,
		   const Window *window, int64 limit)
{
	Datum			  values[] = {TimestampTzGetDatum(request->from),
								  TimestampTzGetDatum(request->to),
								  request->owner,
								  TimestampTzGetDatum(request->after),
								  SpanDatum(request->after_id),
								  Int64GetDatum(limit)};
	SPIExecuteOptions options = {.read_only = true, .dest = &receiver->pub};
	WindowPlan		 *plan;
	int				  conditions = request->has_after ? LIST_AFTER : 0;
	int				  nestlevel = 0;

	if (request->from > window->from || request->to < window->to)
		conditions |= LIST_IN_RANGE;
	/* a user's rows are in one shard */
	if (request->of_item)
		nestlevel = BeginOnShards(request->type->plural);
	plan = ListPlan(request->type, request->of_item, conditions, window);
	options.params = makeParamList(lengthof(values));
	for (int i = 0; i < (int) lengthof(values); i++)
		options.params->params[i] =
			(ParamExternData){.value = values[i],
							  .pflags = PARAM_FLAG_CONST,
							  .ptype = SPI_getargtypeid(plan->plan, i)};
	plan->running++;
	PG_TRY();
	{
		(void) SPI_execute_plan_extended(plan->plan, &options);
	}
	PG_FINALLY();
	{
		plan->running--;
	}
	PG_END_TRY();
	EndOnShards(nestlevel);
	return SPI_processed;
}

/*
 * List the rows of a table: where it is partitioned by time, first those of the
 * newest partition, or a later one, and while the page is not full, of twice as
 * many older ones, since to open a partition takes longer than to find a row in
 * it; those whose indexes know nothing of the owner are passed over.  Rows that
 * share a timestamp are of one partition, so that ties stay together.
 */
static void
ListWindows(ListRequest *request, RowReceiver *receiver,
			TimePartitions *partitions)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	Window		window = {.from = DT_NOBEGIN, .to = DT_NOEND};
	int64		found = 0;
	bool		ran = false; /* a statement, which is what checks rights */

	/* no partition after the cursor's is opened */
	if (partitions != NULL && request->has_after)
		request->to = Min(request->to, request->after + 1);
	/* of no time at all a statement has to say who may read */
	if (request->from >= request->to)
		partitions = NULL;
	do
	{
		if (partitions != NULL)
			window.from =
				PartitionsStart(partitions,
								window.number == 0 ? now + 1 : window.to,
								1 << window.number);
		if (window.from < request->to &&
			(!ran || partitions == NULL || window.number < PROBED_WINDOW ||
			 PartitionsMayHold(partitions, window.from, window.to,
							   request->owner_column, request->owner)))
		{
			found += ListWindow(request, receiver, &window,
								request->page_size - found);
			ran = true;
		}
		window.to = window.from;
		window.number++;
		Assert(window.number < MAX_WINDOWS);
	} while (found < request->page_size && window.to > request->from);
}

/* List what a snapshot shows of a table that others may change meanwhile. */
static void
ListTable(ListRequest *request, RowReceiver *receiver)
{
	static NewestChange	   newest[NUM_TYPES];
	const InteractionType *type = request->type;
	Relation			   rel = OpenTable(type->plural, AccessShareLock);
	bool				   renewed = false;
	bool				   shown;
	uint32				   before;

	do
	{
		shown = SnapshotShows(rel, &newest[TypeIndex(type)], &renewed);
		before = TableChanges();
		tuplestore_clear(receiver->tuples);
		ListWindows(request, receiver, shown ? FindTimePartitions(rel) : NULL);
		/* it may have waited for what changed a partition */
	} while (shown && TableChanges() != before);
	if (renewed)
		PopActiveSnapshot();
	table_close(rel, NoLock);
}

/* Put the page that the arguments ask for into the function's result. */
static Datum
ListPage(FunctionCallInfo fcinfo, bool of_item)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	RowReceiver	   receiver = {
		   .pub = {ReceiveRow, StartRows, EndRows, EndRows, DestTuplestore}};
	ListRequest request;

	ReadRequest(fcinfo, of_item, &request);
	ResultDesc(fcinfo, request.type);
	InitMaterializedSRF(fcinfo, 0);
	receiver.type = request.type;
	receiver.tuples = rsinfo->setResult;
	receiver.slot =
		MakeSingleTupleTableSlot(rsinfo->setDesc, &TTSOpsMinimalTuple);

	SPI_connect();
	ListTable(&request, &receiver);
	ExecDropSingleTupleTableSlot(receiver.slot);
	SPI_finish();
	return (Datum) 0;
}

/* list_user_TYPEs(user_id, page_size, after, from_timestamp, to_timestamp) */
PG_FUNCTION_INFO_V1(list_user_interactions);
Datum
list_user_interactions(PG_FUNCTION_ARGS)
{
	return ListPage(fcinfo, false);
}

/* list_item_TYPEs(item_id, page_size, after, from_timestamp, to_timestamp) */
PG_FUNCTION_INFO_V1(list_item_interactions);
Datum
list_item_interactions(PG_FUNCTION_ARGS)
{
	return ListPage(fcinfo, true);
}
