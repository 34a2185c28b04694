/*
 * trigger.c
 *	  The triggers of the tables and of their views in wire format.
 *
 * They read their own row and nothing else, and know their type from their
 * argument, since on a shard a table bears another name.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "interactions.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/rel.h"

#define MAX_BUFFERED_ROWS 10000

/* what a trigger needs to know of its relation; lives in fn_extra */
typedef struct TriggerState
{
	const InteractionType *type;
	int attnum[MAX_COLUMNS];
	Datum *values; /* workspace for one row */
	bool *isnull;
} TriggerState;

/*
 * What one statement inserts into a view, until it is stored.  The memory
 * belongs to the transaction, or the savepoint, in which the statement began,
 * so that a rollback takes the rows along.
 */
typedef struct RowBuffer
{
	struct RowBuffer *outer;
	Oid relid;
	Batch *batch;
	MemoryContext context; /* of all this */
	MemoryContextCallback unlink;
} RowBuffer;

/* of the statements that run now, the innermost first */
static RowBuffer *buffers = NULL;

/* Hold the caller to the protocol of a table's trigger, or a view's. */
static void
CheckTrigger(FunctionCallInfo fcinfo, bool on_view)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	bool ok = CALLED_AS_TRIGGER(fcinfo) && trigdata->tg_trigger->tgnargs == 1;

	if (ok && on_view)
		ok = TRIGGER_FIRED_BY_INSERT(trigdata->tg_event) &&
			 (TRIGGER_FIRED_FOR_STATEMENT(trigdata->tg_event) ||
			  TRIGGER_FIRED_INSTEAD(trigdata->tg_event));
	else if (ok)
		ok = TRIGGER_FIRED_BEFORE(trigdata->tg_event) &&
			 TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) &&
			 !TRIGGER_FIRED_BY_DELETE(trigdata->tg_event);
	if (!ok)
		ReportTriggerProtocol();
}

/* Find the columns of the trigger's relation, once in a statement. */
static TriggerState *
GetTriggerState(FunctionCallInfo fcinfo, bool wire)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	TriggerState *state = fcinfo->flinfo->fn_extra;
	TupleDesc tupdesc;
	int ncolumns;

	if (state != NULL)
		return state;
	tupdesc = RelationGetDescr(trigdata->tg_relation);
	state = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(TriggerState));
	state->type = TypeByName(trigdata->tg_trigger->tgargs[0]);
	ncolumns = ColumnCount(state->type) - (wire ? 1 : 0);
	for (int i = 0; i < ncolumns; i++)
	{
		const char *column = ColumnName(state->type, i);
		Oid typid = wire && i == TIMESTAMP ? INT8OID
										   : ColumnType(state->type, i);

		state->attnum[i] = SPI_fnumber(tupdesc, column);
		if (state->attnum[i] <= 0 ||
			TupleDescAttr(tupdesc, state->attnum[i] - 1)->atttypid != typid)
			ereport(ERROR,
					(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
					 errmsg("relation \"%s\" has no column \"%s\" of type %s",
							RelationGetRelationName(trigdata->tg_relation),
							column, format_type_be(typid))));
	}
	state->values = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt,
									   mul_size(sizeof(Datum), tupdesc->natts));
	state->isnull = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt,
									   mul_size(sizeof(bool), tupdesc->natts));
	fcinfo->flinfo->fn_extra = state;
	return state;
}

static Span
RowSpan(const TriggerState *state, TupleTableSlot *row, Property column)
{
	bool isnull;
	Datum value = slot_getattr(row, state->attnum[column], &isnull);

	return isnull ? (Span){NULL, 0} : TextSpan(value);
}

/*
 * Read a row, but for its timestamp.  It is read from the executor's slot,
 * so that what comes after the trigger need not take it apart anew.
 */
static void
ReadRow(const TriggerState *state, TupleTableSlot *row,
		Interaction *interaction)
{
	slot_getallattrs(row);
	memset(interaction, 0, sizeof(Interaction));
	interaction->user_id = RowSpan(state, row, USER_ID);
	interaction->item_id = RowSpan(state, row, ITEM_ID);
	interaction->recommendation_id = RowSpan(state, row, RECOMMENDATION_ID);
	for (int i = 0; i < state->type->nown; i++)
	{
		bool *isnull = &interaction->own_isnull[i];
		Datum value = slot_getattr(row, state->attnum[FIRST_OWN + i], isnull);

		/* unpacked once, instead of by each function that looks at it */
		if (!*isnull && state->type->own[i].typid == NUMERICOID)
			value = NumericGetDatum(DatumGetNumeric(value));
		interaction->own[i] = value;
	}
	interaction->timestamp_isnull =
		slot_attisnull(row, state->attnum[TIMESTAMP]);
}

/*
 * BEFORE INSERT OR UPDATE on a table, the type its argument: holds the rules,
 * and sets what the database decides.
 */
PG_FUNCTION_INFO_V1(check_interaction);
Datum
check_interaction(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	TriggerState *state;
	HeapTuple tuple;
	TupleTableSlot *row;
	TupleDesc tupdesc;
	int timestamp;
	int fingerprint;
	Interaction interaction;
	Violation violation;

	CheckTrigger(fcinfo, false);
	state = GetTriggerState(fcinfo, false);
	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
	{
		tuple = trigdata->tg_newtuple;
		row = trigdata->tg_newslot;
	}
	else
	{
		tuple = trigdata->tg_trigtuple;
		row = trigdata->tg_trigslot;
	}

	ReadRow(state, row, &interaction);
	timestamp = state->attnum[TIMESTAMP] - 1;
	fingerprint = state->attnum[FIRST_OWN + state->type->nown] - 1;
	interaction.timestamp = DatumGetTimestampTz(row->tts_values[timestamp]);
	if (!CompleteInteraction(state->type, &interaction, &violation))
		ReportViolation(&violation);

	if (!row->tts_isnull[timestamp] && !row->tts_isnull[fingerprint] &&
		DatumGetTimestampTz(row->tts_values[timestamp]) ==
			interaction.timestamp &&
		DatumGetInt64(row->tts_values[fingerprint]) == interaction.fingerprint)
		return PointerGetDatum(tuple);

	tupdesc = RelationGetDescr(trigdata->tg_relation);
	memcpy(state->values, row->tts_values, tupdesc->natts * sizeof(Datum));
	memcpy(state->isnull, row->tts_isnull, tupdesc->natts * sizeof(bool));
	state->values[timestamp] = TimestampTzGetDatum(interaction.timestamp);
	state->values[fingerprint] = Int64GetDatum(interaction.fingerprint);
	state->isnull[timestamp] = state->isnull[fingerprint] = false;
	return PointerGetDatum(
		heap_form_tuple(tupdesc, state->values, state->isnull));
}

/* Whether a function is the trigger above. */
bool
HoldsRules(Oid function)
{
	FmgrInfo flinfo;

	fmgr_info(function, &flinfo);
	return flinfo.fn_addr == check_interaction;
}

static void
UnlinkBuffer(void *arg)
{
	for (RowBuffer **link = &buffers; *link != NULL; link = &(*link)->outer)
	{
		if (*link == arg)
		{
			*link = (*link)->outer;
			return;
		}
	}
}

/* Begin to collect what a statement inserts into a view. */
static void
OpenBuffer(const InteractionType *type, Oid relid)
{
	MemoryContext context = AllocSetContextCreate(CurTransactionContext,
												  "interactions buffer",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	RowBuffer *buffer = palloc0(sizeof(RowBuffer));

	buffer->relid = relid;
	buffer->batch = BeginBatch(type);
	buffer->context = context;
	buffer->outer = buffers;
	buffers = buffer;
	buffer->unlink.func = UnlinkBuffer;
	buffer->unlink.arg = buffer;
	MemoryContextRegisterResetCallback(context, &buffer->unlink);
	MemoryContextSwitchTo(oldcontext);
}

/* The buffer of the innermost statement that inserts into a view, or NULL. */
static RowBuffer *
FindBuffer(Oid relid)
{
	RowBuffer *buffer = buffers;

	while (buffer != NULL && buffer->relid != relid)
		buffer = buffer->outer;
	return buffer;
}

/* INSTEAD OF INSERT: check the row, and collect it. */
static HeapTuple
InsertRow(FunctionCallInfo fcinfo)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	TriggerState *state = GetTriggerState(fcinfo, true);
	TupleTableSlot *row = trigdata->tg_trigslot;
	HeapTuple tuple = trigdata->tg_trigtuple;
	int column = state->attnum[TIMESTAMP];
	RowBuffer *buffer = FindBuffer(RelationGetRelid(trigdata->tg_relation));
	Batch *batch;
	Interaction interaction;
	Violation violation;

	ReadRow(state, row, &interaction);
	if (!interaction.timestamp_isnull &&
		!TimestampFromMs("timestamp",
						 DatumGetInt64(row->tts_values[column - 1]), NULL,
						 &interaction.timestamp, &violation))
		ReportViolation(&violation);
	if (!CompleteInteraction(state->type, &interaction, &violation))
		ReportViolation(&violation);

	batch = buffer != NULL ? buffer->batch : BeginBatch(state->type);
	if (AddToBatch(batch, &interaction) == MAX_BUFFERED_ROWS || buffer == NULL)
		StoreBatch(batch);

	if (row->tts_isnull[column - 1])
	{
		TupleDesc tupdesc = RelationGetDescr(trigdata->tg_relation);
		Datum ms = Int64GetDatum(TimestampToMs(interaction.timestamp));
		bool isnull = false;

		tuple =
			heap_modify_tuple_by_cols(tuple, tupdesc, 1, &column, &ms, &isnull);
	}
	return tuple;
}

/*
 * INSERT on a view in wire format, the type its argument: stores the rows,
 * but those that are stored already.  INSTEAD OF checks a row, so that an
 * error names its line; BEFORE and AFTER the statement open and empty the
 * buffer, so that the rows are stored in bulk.
 */
PG_FUNCTION_INFO_V1(insert_interaction);
Datum
insert_interaction(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	RowBuffer *buffer;
	Oid relid;

	CheckTrigger(fcinfo, true);
	if (!TRIGGER_FIRED_FOR_STATEMENT(trigdata->tg_event))
		return PointerGetDatum(InsertRow(fcinfo));

	relid = RelationGetRelid(trigdata->tg_relation);
	if (TRIGGER_FIRED_BEFORE(trigdata->tg_event))
		OpenBuffer(TypeByName(trigdata->tg_trigger->tgargs[0]), relid);
	else if ((buffer = FindBuffer(relid)) != NULL)
	{
		StoreBatch(buffer->batch);
		MemoryContextDelete(buffer->context);
	}
	return PointerGetDatum(NULL);
}
