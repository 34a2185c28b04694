/*
 * table_trigger.c
 *	  The trigger that holds the rules on the tables of interactions.
 *
 * It reads its own row and nothing else.  Its name makes it the last of the
 * BEFORE triggers of a row, so that the rules and the fingerprint are those of
 * what is stored, whatever triggers of the user's have made of the row.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "rows.h"
#include "rules.h"
#include "table_trigger.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

/* of the INSERT of one row that runs now, if any; see ExpectRow */
static PassedRow *expected = NULL;

static int
TriggerDepth(void)
{
	return DatumGetInt32(DirectFunctionCall1(pg_trigger_depth, (Datum) 0));
}

/*
 * Note the next row that the trigger lets pass for the statement that follows,
 * until EndExpectation, which has to be called however that ends.
 */
void
ExpectRow(PassedRow *row)
{
	row->seen = false;
	row->depth = TriggerDepth() + 1;
	row->outer = expected;
	expected = row;
}

/* Wait for no row any more. */
void
EndExpectation(PassedRow *row)
{
	expected = row->outer;
}

/* Keep a row that the trigger lets pass, if it is the one that is waited for. */
static void
NoteRow(const InteractionType *type, const Interaction *interaction)
{
	MemoryContext oldcontext;
	IdBuffer	  ids[NUM_IDS];

	/* what other triggers insert meanwhile is deeper, or of another type */
	if (type != expected->type || TriggerDepth() != expected->depth)
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
	expected->seen = true;
}

/*
 * BEFORE INSERT OR UPDATE on a table, the type its argument: holds the rules,
 * and sets what the database decides.
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

	if (!CALLED_AS_TRIGGER(fcinfo) || trigdata->tg_trigger->tgnargs != 1 ||
		!TRIGGER_FIRED_BEFORE(trigdata->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
		ReportTriggerProtocol();
	columns = FindRowColumns(fcinfo, false);
	tuple = NewRow(trigdata, &row);
	if (!ReadRow(columns, row, &interaction, &violation) ||
		!CompleteInteraction(columns->type, &interaction, &violation))
		ReportRow(&violation, trigdata);
	if (expected != NULL)
		NoteRow(columns->type, &interaction);

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

/* Whether a trigger is the one above, for a type, and fires as it should. */
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
