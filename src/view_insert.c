/*
 * view_insert.c
 *	  INSERT and COPY into the views in wire format.
 *
 * A trigger BEFORE the statement begins a buffer, INSTEAD OF each row checks
 * the row and puts it there, so that an error names its line, and AFTER the
 * statement the rows are stored in bulk.
 *
 * A buffer lives in the memory of the transaction, or savepoint, in which its
 * statement began, so that a rollback takes the rows along.  The trigger at
 * the end frees it.  It does not come where the executor is stopped early,
 * which whoever runs a statement by SPI with a limit of rows can do; then the
 * transaction, or the savepoint, must not commit without the rows.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "rows.h"
#include "rules.h"
#include "running.h"
#include "store.h"
#include "store_batch.h"
#include "timestamp.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "view_insert.h"

#define MAX_BUFFERED_ROWS 10000

/* what one statement inserts into a view, until it is stored */
typedef struct RowBuffer
{
	Running			 running;
	SubTransactionId subid; /* in which the statement began */
	Batch			*batch;
	bool			 given;	   /* whether rows are stored as they are given */
	int64			 nseconds; /* rows that look like seconds */
} RowBuffer;

static Running *buffers = NULL;

/* Begin to collect what a statement inserts into a view. */
static void
OpenBuffer(const InteractionType *type, Oid relid)
{
	RowBuffer *buffer =
		BeginRunning(&buffers, relid, sizeof(RowBuffer), CurTransactionContext);
	MemoryContext oldcontext = MemoryContextSwitchTo(buffer->running.context);

	buffer->subid = GetCurrentSubTransactionId();
	buffer->batch = BeginBatch(type);
	buffer->given = StoresAsGiven(type);
	MemoryContextSwitchTo(oldcontext);
}

/* Raise where rows of a subtransaction, or of any, would not be stored. */
static void
RefuseUnstored(SubTransactionId subid)
{
	for (Running *running = buffers; running != NULL; running = running->outer)
	{
		RowBuffer *buffer = (RowBuffer *) running;

		if (buffer->batch->nrows > 0 &&
			(subid == InvalidSubTransactionId || buffer->subid == subid))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot commit: an INSERT into view \"%s\" was stopped before its end",
							get_rel_name(running->relid)),
					 errdetail("%lld of its rows are not stored, since a view stores them when the statement ends.",
							   (long long) buffer->batch->nrows),
					 errhint("Run the statement without a limit of rows.")));
	}
}

static void
/* NOLINTNEXTLINE(misc-unused-parameters): core passes it */
AtEndOfTransaction(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE)
		RefuseUnstored(InvalidSubTransactionId);
}

/* NOLINTBEGIN(misc-unused-parameters): core passes them */
static void
AtEndOfSubtransaction(SubXactEvent event, SubTransactionId subid,
					  SubTransactionId parent, void *arg)
/* NOLINTEND(misc-unused-parameters) */
{
	if (event == SUBXACT_EVENT_PRE_COMMIT_SUB)
		RefuseUnstored(subid);
}

/* Watch the ends of transactions, as long as the library is loaded. */
void
WatchViewInserts(void)
{
	RegisterXactCallback(AtEndOfTransaction, NULL);
	RegisterSubXactCallback(AtEndOfSubtransaction, NULL);
}

/* Store a row by itself; what is stored, or NULL where it was skipped. */
static HeapTuple
StoreAlone(RowColumns *columns, const Interaction *interaction, HeapTuple tuple,
		   TupleDesc tupdesc)
{
	Datum values[MAX_COLUMNS];
	bool  isnull[MAX_COLUMNS];

	if (StoreInteraction(columns->type, interaction, values, isnull) ==
		STORE_SKIPPED)
		return NULL;
	return heap_modify_tuple_by_cols(tuple, tupdesc,
									 WireColumnCount(columns->type),
									 columns->attnum, values, isnull);
}

/* INSTEAD OF INSERT: check the row, and collect it. */
static HeapTuple
InsertRow(FunctionCallInfo fcinfo)
{
	TriggerData	   *trigdata = (TriggerData *) fcinfo->context;
	RowColumns	   *columns = FindRowColumns(fcinfo, true);
	TupleTableSlot *row = trigdata->tg_trigslot;
	TupleDesc		tupdesc = RelationGetDescr(trigdata->tg_relation);
	int				column = columns->attnum[COLUMN_TIMESTAMP];
	RowBuffer	   *buffer =
		FindRunning(buffers, RelationGetRelid(trigdata->tg_relation));
	Datum		ms;
	bool		isnull = false;
	Interaction interaction;
	Violation	violation;

	ReadRow(columns, row, &interaction);
	if (!interaction.timestamp_isnull &&
		!TimestampFromMs("timestamp",
						 DatumGetInt64(row->tts_values[column - 1]), NULL,
						 &interaction.timestamp, &violation))
		ReportRow(&violation, trigdata);
	if (!CompleteInteraction(columns->type, &interaction, &violation))
		ReportRow(&violation, trigdata);
	if (buffer != NULL && LooksLikeSeconds(interaction.timestamp))
		buffer->nseconds++;

	if (buffer == NULL || !buffer->given)
		return StoreAlone(columns, &interaction, trigdata->tg_trigtuple,
						  tupdesc);
	AddToBatch(buffer->batch, &interaction);
	if (buffer->batch->nrows == MAX_BUFFERED_ROWS)
		StoreBatch(buffer->batch);
	if (!row->tts_isnull[column - 1])
		return trigdata->tg_trigtuple;
	ms = Int64GetDatum(TimestampToMs(interaction.timestamp));
	return heap_modify_tuple_by_cols(trigdata->tg_trigtuple, tupdesc, 1,
									 &column, &ms, &isnull);
}

/*
 * INSERT on a view in wire format, the type its argument: stores the rows,
 * but those that are stored already.  Where a trigger of the user's, or a
 * column, may make something else of a row, each is stored by itself, so that
 * RETURNING has what is stored.
 */
PG_FUNCTION_INFO_V1(insert_interaction);
Datum
insert_interaction(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	RowBuffer	*buffer;
	Oid			 relid;

	if (!CALLED_AS_TRIGGER(fcinfo) || trigdata->tg_trigger->tgnargs != 1 ||
		!TRIGGER_FIRED_BY_INSERT(trigdata->tg_event) ||
		(TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) &&
		 !TRIGGER_FIRED_INSTEAD(trigdata->tg_event)))
		ReportTriggerProtocol();
	if (TRIGGER_FIRED_FOR_ROW(trigdata->tg_event))
		return PointerGetDatum(InsertRow(fcinfo));

	relid = RelationGetRelid(trigdata->tg_relation);
	if (TRIGGER_FIRED_BEFORE(trigdata->tg_event))
		OpenBuffer(TypeByName(trigdata->tg_trigger->tgargs[0]), relid);
	else if ((buffer = FindRunning(buffers, relid)) != NULL)
	{
		StoreBatch(buffer->batch);
		if (buffer->nseconds > 0)
			WarnOfSeconds(buffer->nseconds);
		EndRunning(buffer);
	}
	return PointerGetDatum(NULL);
}
