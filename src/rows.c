/*
 * rows.c
 *	  Rows of the tables and of their views, to interactions and back.
 *
 * The columns are found by name: somebody may have added others, or the table
 * may be a partition that has them in another order.  The type is the
 * trigger's argument, since on a shard a table bears another name.
 */
#include "postgres.h"

#include "catalog/partition.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "rows.h"
#include "timestamp.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

/* Find columns of a relation by name, in wire format where wire; raises. */
void
FindColumns(Relation rel, const NeededColumn *columns, int ncolumns, bool wire,
			int *attnums)
{
	TupleDesc tupdesc = RelationGetDescr(rel);

	for (int i = 0; i < ncolumns; i++)
	{
		Oid typid = wire ? WireTypeOf(&columns[i]) : columns[i].typid;

		attnums[i] = SPI_fnumber(tupdesc, columns[i].name);
		if (attnums[i] <= 0 ||
			TupleDescAttr(tupdesc, attnums[i] - 1)->atttypid != typid)
			ereport(ERROR,
					(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
					 errmsg("relation \"%s\" has no column \"%s\" of type %s",
							RelationGetRelationName(rel), columns[i].name,
							format_type_be(typid))));
	}
}

/* Find the columns of the trigger's relation, once in a statement. */
RowColumns *
FindRowColumns(FunctionCallInfo fcinfo, bool wire)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	RowColumns	*columns = fcinfo->flinfo->fn_extra;

	if (columns != NULL)
		return columns;
	columns = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(RowColumns));
	columns->type = TypeByName(trigdata->tg_trigger->tgargs[0]);
	columns->wire = wire;
	FindColumns(trigdata->tg_relation, columns->type->columns,
				wire ? WireColumnCount(columns->type) : columns->type->ncolumns,
				wire, columns->attnum);
	fcinfo->flinfo->fn_extra = columns;
	return columns;
}

/* The row that a trigger is to let pass, which is in a slot, too. */
HeapTuple
NewRow(const TriggerData *trigdata, TupleTableSlot **row)
{
	bool is_update = TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event);

	*row = is_update ? trigdata->tg_newslot : trigdata->tg_trigslot;
	return is_update ? trigdata->tg_newtuple : trigdata->tg_trigtuple;
}

static Span
RowSpan(const RowColumns *columns, TupleTableSlot *row, Column column)
{
	bool  isnull;
	Datum value = slot_getattr(row, columns->attnum[column], &isnull);

	return SpanOrNull(value, isnull);
}

/*
 * Read a row; false where its time in wire format is out of range.  It is read
 * from the executor's slot, so that what comes after the trigger need not take
 * it apart anew.
 */
bool
ReadRow(const RowColumns *columns, TupleTableSlot *row,
		Interaction *interaction, Violation *violation)
{
	const InteractionType *type = columns->type;
	Datum				   timestamp;

	slot_getallattrs(row);
	memset(interaction, 0, sizeof(Interaction));
	interaction->user_id = RowSpan(columns, row, COLUMN_USER_ID);
	interaction->item_id = RowSpan(columns, row, COLUMN_ITEM_ID);
	interaction->recommendation_id =
		RowSpan(columns, row, COLUMN_RECOMMENDATION_ID);
	for (int i = 0; i < OwnColumnCount(type); i++)
	{
		bool *isnull = &interaction->own_isnull[i];
		Datum value =
			slot_getattr(row, columns->attnum[COLUMN_FIRST_OWN + i], isnull);

		/* unpacked once, instead of by each function that looks at it */
		if (!*isnull && type->columns[COLUMN_FIRST_OWN + i].typid == NUMERICOID)
			value = NumericGetDatum(DatumGetNumeric(value));
		interaction->own[i] = value;
	}
	timestamp = slot_getattr(row, columns->attnum[COLUMN_TIMESTAMP],
							 &interaction->timestamp_isnull);
	if (columns->wire && !interaction->timestamp_isnull)
		return TimestampFromMs("timestamp", DatumGetInt64(timestamp), NULL,
							   &interaction->timestamp, violation);
	interaction->timestamp = DatumGetTimestampTz(timestamp);
	return true;
}

static Datum
IdDatum(Span span, IdBuffer *buffer)
{
	SET_VARSIZE(buffer, VARHDRSZ + span.len);
	memcpy(VARDATA(buffer), span.data, span.len);
	return PointerGetDatum(buffer);
}

/*
 * The values of an interaction, in the order of its table's columns; they
 * point into it, and into ids.
 */
void
InteractionDatums(const InteractionType *type, const Interaction *interaction,
				  IdBuffer ids[NUM_IDS], Row *row)
{
	Span recommendation_id = interaction->recommendation_id;

	memset(row->isnull, false, type->ncolumns * sizeof(bool));
	row->values[COLUMN_USER_ID] = IdDatum(interaction->user_id, &ids[0]);
	row->values[COLUMN_ITEM_ID] = IdDatum(interaction->item_id, &ids[1]);
	row->values[COLUMN_TIMESTAMP] = TimestampTzGetDatum(interaction->timestamp);
	row->isnull[COLUMN_RECOMMENDATION_ID] = recommendation_id.data == NULL;
	if (!row->isnull[COLUMN_RECOMMENDATION_ID])
		row->values[COLUMN_RECOMMENDATION_ID] =
			IdDatum(recommendation_id, &ids[2]);
	for (int i = 0; i < OwnColumnCount(type); i++)
	{
		row->values[COLUMN_FIRST_OWN + i] = interaction->own[i];
		row->isnull[COLUMN_FIRST_OWN + i] = interaction->own_isnull[i];
	}
	row->values[type->ncolumns - 1] = Int64GetDatum(interaction->fingerprint);
}

/* Whether two rows agree in the first of such columns. */
bool
SameValues(const NeededColumn *columns, int ncolumns, const Row *one,
		   const Row *other)
{
	for (int i = 0; i < ncolumns; i++)
	{
		TypeCacheEntry *entry =
			lookup_type_cache(columns[i].typid, TYPECACHE_EQ_OPR_FINFO);

		if (one->isnull[i] != other->isnull[i] ||
			(!one->isnull[i] &&
			 !DatumGetBool(FunctionCall2Coll(&entry->eq_opr_finfo,
											 C_COLLATION_OID, one->values[i],
											 other->values[i]))))
			return false;
	}
	return true;
}

/*
 * The table that a relation is a partition of, at any depth, or itself.  One
 * that is being detached is a partition still, and has no ancestors.
 */
Oid
RootOf(Oid relid)
{
	List *ancestors =
		get_rel_relispartition(relid) ? get_partition_ancestors(relid) : NIL;

	return ancestors == NIL ? relid : llast_oid(ancestors);
}

/*
 * The row of a trigger as core shows one that fails a CHECK: no longer than a
 * message should be, and only what the user may read, of a partition by way
 * of the whole table.  NULL where that is nothing.  Up to 17, core keeps its
 * own function for that to itself.
 */
static char *
DescribeRow(Relation rel, TupleTableSlot *row)
{
	Oid			   relid = RootOf(RelationGetRelid(rel));
	TupleDesc	   tupdesc = RelationGetDescr(rel);
	const char	  *separator = "";
	StringInfoData names;
	StringInfoData values;
	bool		   all;

	all = pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
	if (check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED)
		return NULL;
	initStringInfo(&names);
	initStringInfo(&values);
	slot_getallattrs(row);
	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(tupdesc, i);
		char			 *value = "null";
		Oid				  output;
		bool			  varlena;

		if (column->attisdropped ||
			(!all &&
			 pg_attribute_aclcheck(relid,
								   get_attnum(relid, NameStr(column->attname)),
								   GetUserId(), ACL_SELECT) != ACLCHECK_OK))
			continue;
		if (!row->tts_isnull[i])
		{
			getTypeOutputInfo(column->atttypid, &output, &varlena);
			value = OidOutputFunctionCall(output, row->tts_values[i]);
		}
		appendStringInfo(&names, "%s%s", separator, NameStr(column->attname));
		appendStringInfo(&values, "%s%s", separator, ClipString(value));
		separator = ", ";
	}
	if (names.len == 0)
		return NULL;
	return all ? psprintf("(%s)", values.data)
			   : psprintf("(%s) = (%s)", names.data, values.data);
}

/*
 * Raise that a row breaks a rule, and show which it is, where a trigger is
 * what came to it.
 */
void
ReportRow(const Violation *violation, const TriggerData *trigdata)
{
	TupleTableSlot *slot;
	char		   *row;

	if (trigdata == NULL)
		ReportViolation(violation);
	(void) NewRow(trigdata, &slot);
	row = DescribeRow(trigdata->tg_relation, slot);

	ereport(ERROR, (errcode(violation->sqlerrcode),
					errmsg_internal("%s", violation->message),
					row ? errdetail("Failing row contains %s.", row) : 0,
					violation->hint ? errhint("%s", violation->hint) : 0));
}
