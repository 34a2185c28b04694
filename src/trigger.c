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
#include "utils/rel.h"

/* what a trigger needs to know of its relation; lives in fn_extra */
typedef struct TriggerState
{
	const InteractionType *type;
	int attnum[MAX_COLUMNS];
	Datum *values; /* workspace for one row */
	bool *isnull;
} TriggerState;

static void
pg_attribute_noreturn() ProtocolViolated(const char *name, const char *expected)
{
	ereport(ERROR,
			(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
			 errmsg("trigger function \"%s\" was called %s", name, expected)));
}

/* Find the columns of the trigger's relation, once in a statement. */
static TriggerState *
GetTriggerState(FunctionCallInfo fcinfo, const char *name, bool wire)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	TriggerState *state = fcinfo->flinfo->fn_extra;
	TupleDesc tupdesc;
	int ncolumns;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ProtocolViolated(name, "other than as a trigger");
	if (wire ? !TRIGGER_FIRED_INSTEAD(trigdata->tg_event) ||
				   !TRIGGER_FIRED_BY_INSERT(trigdata->tg_event)
			 : !TRIGGER_FIRED_BEFORE(trigdata->tg_event) ||
				   !TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
				   !(TRIGGER_FIRED_BY_INSERT(trigdata->tg_event) ||
					 TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event)))
		ProtocolViolated(
			name, wire ? "other than INSTEAD OF INSERT"
					   : "other than BEFORE INSERT OR UPDATE FOR EACH ROW");
	if (state != NULL)
		return state;
	if (trigdata->tg_trigger->tgnargs != 1)
		ProtocolViolated(name, "without the type as its only argument");

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
RowSpan(const TriggerState *state, Property column)
{
	int i = state->attnum[column] - 1;

	if (state->isnull[i])
		return (Span){NULL, 0};
	return TextSpan(state->values[i]);
}

/* Read a row, but for its timestamp. */
static void
ReadRow(TriggerState *state, HeapTuple tuple, TupleDesc tupdesc,
		Interaction *interaction)
{
	heap_deform_tuple(tuple, tupdesc, state->values, state->isnull);
	memset(interaction, 0, sizeof(Interaction));
	interaction->user_id = RowSpan(state, USER_ID);
	interaction->item_id = RowSpan(state, ITEM_ID);
	interaction->recommendation_id = RowSpan(state, RECOMMENDATION_ID);
	for (int i = 0; i < state->type->nown; i++)
	{
		int att = state->attnum[FIRST_OWN + i] - 1;

		interaction->own[i] = state->values[att];
		interaction->own_isnull[i] = state->isnull[att];
	}
	interaction->timestamp_isnull = state->isnull[state->attnum[TIMESTAMP] - 1];
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
	TriggerState *state = GetTriggerState(fcinfo, "check_interaction", false);
	TupleDesc tupdesc = RelationGetDescr(trigdata->tg_relation);
	HeapTuple tuple = TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event)
						  ? trigdata->tg_newtuple
						  : trigdata->tg_trigtuple;
	int columns[] = {state->attnum[TIMESTAMP],
					 state->attnum[FIRST_OWN + state->type->nown]};
	Datum values[2];
	bool isnull[2] = {false, false};
	Interaction interaction;
	Violation violation;

	ReadRow(state, tuple, tupdesc, &interaction);
	interaction.timestamp = DatumGetTimestampTz(state->values[columns[0] - 1]);
	if (!CompleteInteraction(state->type, &interaction, &violation))
		ReportViolation(&violation);

	if (!state->isnull[columns[0] - 1] && !state->isnull[columns[1] - 1] &&
		DatumGetTimestampTz(state->values[columns[0] - 1]) ==
			interaction.timestamp &&
		DatumGetInt64(state->values[columns[1] - 1]) == interaction.fingerprint)
		return PointerGetDatum(tuple);

	values[0] = TimestampTzGetDatum(interaction.timestamp);
	values[1] = Int64GetDatum(interaction.fingerprint);
	return PointerGetDatum(heap_modify_tuple_by_cols(tuple, tupdesc,
													 lengthof(columns), columns,
													 values, isnull));
}

/*
 * INSTEAD OF INSERT on a view in wire format, the type its argument: stores
 * the row, unless it is stored already.
 */
PG_FUNCTION_INFO_V1(insert_interaction);
Datum
insert_interaction(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	TriggerState *state = GetTriggerState(fcinfo, "insert_interaction", true);
	TupleDesc tupdesc = RelationGetDescr(trigdata->tg_relation);
	HeapTuple tuple = trigdata->tg_trigtuple;
	int column = state->attnum[TIMESTAMP];
	Datum values[MAX_COLUMNS];
	bool isnull[MAX_COLUMNS];
	Interaction interaction;
	Violation violation;

	ReadRow(state, tuple, tupdesc, &interaction);
	if (!interaction.timestamp_isnull &&
		!TimestampFromMs("timestamp", DatumGetInt64(state->values[column - 1]),
						 NULL, &interaction.timestamp, &violation))
		ReportViolation(&violation);
	if (!CompleteInteraction(state->type, &interaction, &violation))
		ReportViolation(&violation);

	InteractionDatums(state->type, &interaction, values, isnull);
	SPI_connect();
	RunQuery(GetQuery(state->type, QUERY_INSERT), ColumnCount(state->type),
			 values, isnull, SPI_OK_INSERT);
	SPI_finish();

	if (state->isnull[column - 1])
	{
		values[0] = Int64GetDatum(TimestampToMs(interaction.timestamp));
		isnull[0] = false;
		tuple = heap_modify_tuple_by_cols(tuple, tupdesc, 1, &column, values,
										  isnull);
	}
	return PointerGetDatum(tuple);
}
