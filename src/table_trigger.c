/*
 * table_trigger.c
 *	  The triggers that hold the rules on the tables.
 *
 * They read their own row and nothing else.  Their names make them the last of
 * the BEFORE triggers of a row, so that the rules and the fingerprint are those
 * of what is stored, whatever triggers of the user's have made of the row.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "rows.h"
#include "rules.h"
#include "table_trigger.h"
#include "timestamp.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#define BEFORE_INSERT_OF_ROW                                                   \
	(TRIGGER_TYPE_BEFORE | TRIGGER_TYPE_INSERT | TRIGGER_TYPE_ROW)

/* of the INSERT of one row that runs now, if any; see ExpectRow */
static PassedRow *expected = NULL;

/*
 * Note the next row that the trigger lets pass for the statement that follows,
 * until EndExpectation, which has to be called however that ends.
 */
void
ExpectRow(PassedRow *row)
{
	row->seen = false;
	/* what is run within the statement has later ones */
	CommandCounterIncrement();
	row->command = GetCurrentCommandId(false);
	row->outer = expected;
	expected = row;
}

/* Wait for no row any more. */
void
EndExpectation(PassedRow *row)
{
	expected = row->outer;
}

/* Whether other triggers of the kind come to the row after a trigger. */
static bool
OthersFollow(const TriggerData *trigdata)
{
	const TriggerDesc *triggers = trigdata->tg_relation->trigdesc;
	int				   i = triggers->numtriggers - 1;

	/* they fire in this order */
	while (i > 0 && (triggers->triggers[i].tgtype & BEFORE_INSERT_OF_ROW) !=
						BEFORE_INSERT_OF_ROW)
		i--;
	return triggers->triggers[i].tgoid != trigdata->tg_trigger->tgoid;
}

/* Keep a row that the trigger lets pass, if it is the one that is waited for. */
static void
NoteRow(const TriggerData *trigdata, const InteractionType *type,
		const Interaction *interaction)
{
	MemoryContext oldcontext;
	IdBuffer	  ids[NUM_IDS];

	if (type != expected->type ||
		GetActiveSnapshot()->curcid != expected->command)
		return;
	InteractionDatums(type, interaction, ids, &expected->row);
	oldcontext = MemoryContextSwitchTo(expected->context);
	for (int i = 0; i < type->ncolumns; i++)
	{
		Oid	   typid = type->columns[i].typid;
		Datum *value = &expected->row.values[i];

		if (expected->row.isnull[i])
			continue;
		if (typid == TEXTOID || typid == NUMERICOID)
			*value = datumCopy(*value, false, -1);
		else if (typid != INT4OID)
			*value = datumCopy(*value, FLOAT8PASSBYVAL, sizeof(int64));
	}
	MemoryContextSwitchTo(oldcontext);
	expected->others_follow = OthersFollow(trigdata);
	expected->seen = true;
}

/* Raise unless called by a trigger of a table BEFORE INSERT OR UPDATE of a row. */
static void
RequireBeforeRow(FunctionCallInfo fcinfo, int nargs)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || trigdata->tg_trigger->tgnargs != nargs ||
		!TRIGGER_FIRED_BEFORE(trigdata->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
		ReportTriggerProtocol();
}

/*
 * BEFORE INSERT OR UPDATE on a table of interactions, the type its argument:
 * holds the rules, and sets what the database decides.
 */
PG_FUNCTION_INFO_V1(check_interaction);
Datum
check_interaction(PG_FUNCTION_ARGS)
{
	TriggerData	   *trigdata = (TriggerData *) fcinfo->context;
	RowColumns	   *columns;
	HeapTuple		tuple;
	TupleTableSlot *row;
	int				timestamp;
	int				fingerprint;
	Interaction		interaction;
	Violation		violation;

	RequireBeforeRow(fcinfo, 1);
	columns = FindRowColumns(fcinfo, false);
	tuple = NewRow(trigdata, &row);
	if (!ReadRow(columns, row, &interaction, &violation) ||
		!CompleteInteraction(columns->type, &interaction, &violation))
		ReportRow(&violation, trigdata);
	if (expected != NULL)
		NoteRow(trigdata, columns->type, &interaction);

	timestamp = columns->attnum[COLUMN_TIMESTAMP] - 1;
	fingerprint = columns->attnum[columns->type->ncolumns - 1] - 1;
	if (!row->tts_isnull[timestamp] && !row->tts_isnull[fingerprint] &&
		DatumGetTimestampTz(row->tts_values[timestamp]) ==
			interaction.timestamp &&
		DatumGetInt64(row->tts_values[fingerprint]) == interaction.fingerprint)
		return PointerGetDatum(tuple);

	/* the executor puts the new row into the slot anyway */
	row->tts_values[timestamp] = TimestampTzGetDatum(interaction.timestamp);
	row->tts_values[fingerprint] = Int64GetDatum(interaction.fingerprint);
	row->tts_isnull[timestamp] = row->tts_isnull[fingerprint] = false;
	return PointerGetDatum(
		heap_form_tuple(RelationGetDescr(trigdata->tg_relation),
						row->tts_values, row->tts_isnull));
}

/* Hold a value to the rule of its column; a time that is not given is now. */
static bool
CompleteValue(const NeededColumn *column, Datum *value, bool *isnull,
			  Violation *violation)
{
	TimestampTz timestamp;

	switch (column->typid)
	{
		case TIMESTAMPTZOID:
			timestamp = *isnull ? GetCurrentTransactionStartTimestamp()
								: DatumGetTimestampTz(*value);
			if (!CheckTimestamp(column->name, &timestamp, violation))
				return false;
			*value = TimestampTzGetDatum(timestamp);
			*isnull = false;
			return true;
		case TEXTARRAYOID:
			return *isnull || CheckIds(column->name, *value, 0,
									   MAX_RECOMMENDED_ITEMS, violation);
		default:
			/* ids are what is compared by bytes */
			return !column->bytewise ||
				   CheckId(column->name, SpanOrNull(*value, *isnull),
						   column->not_null, violation);
	}
}

/*
 * BEFORE INSERT OR UPDATE on a table of ours whose rows are no interactions:
 * holds the rules, and completes the time.
 */
Datum
CheckRow(FunctionCallInfo fcinfo, const NeededColumn *columns, int ncolumns)
{
	TriggerData	   *trigdata = (TriggerData *) fcinfo->context;
	int				attnums[MAX_COLUMNS];
	HeapTuple		tuple;
	TupleTableSlot *row;
	Violation		violation;

	RequireBeforeRow(fcinfo, 0);
	FindColumns(trigdata->tg_relation, columns, ncolumns, false, attnums);
	tuple = NewRow(trigdata, &row);
	for (int i = 0; i < ncolumns; i++)
	{
		bool  was_null;
		Datum given = slot_getattr(row, attnums[i], &was_null);
		Datum value = given;
		bool  isnull = was_null;

		if (!CompleteValue(&columns[i], &value, &isnull, &violation))
			ReportRow(&violation, trigdata);
		if (was_null != isnull || value != given)
			tuple = heap_modify_tuple_by_cols(tuple, row->tts_tupleDescriptor,
											  1, &attnums[i], &value, &isnull);
	}
	return PointerGetDatum(tuple);
}

/* Whether a trigger is check_interaction, for a type, and fires as it should. */
static bool
HoldsRulesOf(const Trigger *trigger, const InteractionType *type)
{
	FmgrInfo flinfo;

	if (trigger->tgnargs != 1 || !TRIGGER_FOR_BEFORE(trigger->tgtype) ||
		!TRIGGER_FOR_ROW(trigger->tgtype) ||
		strcmp(trigger->tgargs[0], type->plural) != 0)
		return false;
	fmgr_info(trigger->tgfoid, &flinfo);
	return flinfo.fn_addr == check_interaction;
}

/*
 * Whether a table has a trigger that fires at all that is asked for, in bits of
 * tgtype, besides the one of its type, if it is of any.
 */
bool
HasOtherTrigger(Relation rel, int16 fires, const InteractionType *type)
{
	/* the relation's own may be freed at any look into a catalog */
	TriggerDesc *triggers = CopyTriggerDesc(rel->trigdesc);

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if ((trigger->tgtype & fires) == fires &&
			(type == NULL || !HoldsRulesOf(trigger, type)))
			return true;
	}
	return false;
}
