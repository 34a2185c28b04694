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
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "own_tables.h"
#include "rows.h"
#include "rules.h"
#include "running.h"
#include "store.h"
#include "store_batch.h"
#include "table_trigger.h"
#include "timestamp.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "view_insert.h"
#include "visibility.h"

/* rows to begin with; see StoreBuffered */
#define BUFFERED_ROWS 10000

/* bytes: so few rows that an array of their ids, of 512 bytes each, stays below
 * 1 GB; see FormArrays */
#define MAX_BUFFER_SIZE ((Size) 128 * 1024 * 1024)

/* what one statement inserts into a view, until it is stored */
typedef struct RowBuffer
{
	Running			 running;
	SubTransactionId subid; /* in which the statement began */
	Batch			*batch;
	int64			 max_rows; /* that are stored at once */
	bool			 as_given; /* whether rows are stored as they are given */
	int64			 nseconds; /* rows that look like seconds */
} RowBuffer;

static Running *buffers = NULL;

/*
 * Whether a type's rows are stored as they are given, and the tables of which
 * that was found; as long as these stay as they are.
 */
typedef struct Finding
{
	bool  known;
	bool  as_given;
	List *tables;
} Finding;

static Finding findings[NUM_TYPES];

/* Forget what was found of a table that has changed, or of all. */
static void
/* NOLINTNEXTLINE(misc-unused-parameters): core passes them */
ForgetFindings(Datum arg, Oid relid)
{
	for (int i = 0; i < NUM_TYPES; i++)
	{
		if (!OidIsValid(relid) || list_member_oid(findings[i].tables, relid))
			findings[i].known = false;
	}
}

/*
 * Whether a table stores a row with the values that it is given: no trigger of
 * the user's comes before, and no column rounds its value.
 */
static bool
TableStoresAsGiven(Relation rel, const InteractionType *type)
{
	TupleDesc tupdesc = RelationGetDescr(rel);

	if ((rel->rd_rel->relkind != RELKIND_RELATION &&
		 rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE) ||
		rel->rd_rules != NULL)
		return false;
	for (int i = 0; i < type->ncolumns; i++)
	{
		int attnum = SPI_fnumber(tupdesc, type->columns[i].name);

		if (attnum <= 0 ||
			TupleDescAttr(tupdesc, attnum - 1)->atttypmod != -1 ||
			TupleDescAttr(tupdesc, attnum - 1)->attgenerated != '\0')
			return false;
	}
	return !HasOtherTrigger(rel,
							TRIGGER_TYPE_BEFORE | TRIGGER_TYPE_INSERT |
								TRIGGER_TYPE_ROW,
							type);
}

/*
 * Whether a type's table and all of its partitions store rows as given.  To
 * look at them for each statement would lock each partition for a row in one.
 */
static bool
StoresAsGiven(const InteractionType *type)
{
	Finding *finding = &findings[TypeIndex(type)];
	/* before its partitions, as whoever changes them locks it */
	Relation	  table = OpenTable(type->plural, RowExclusiveLock);
	Oid			  relid = RelationGetRelid(table);
	uint32		  before = TableChanges();
	List		 *tables;
	List		 *last = finding->tables;
	ListCell	 *cell;
	MemoryContext oldcontext;

	table_close(table, NoLock);
	if (finding->known)
		return finding->as_given;
	tables = find_all_inheritors(relid, AccessShareLock, NULL);
	oldcontext = MemoryContextSwitchTo(TopMemoryContext);
	finding->tables = list_copy(tables);
	list_free(last);
	MemoryContextSwitchTo(oldcontext);
	finding->as_given = true;
	foreach (cell, tables)
	{
		Relation rel = table_open(lfirst_oid(cell), NoLock);

		finding->as_given = finding->as_given && TableStoresAsGiven(rel, type);
		table_close(rel, NoLock);
	}
	finding->known = TableChanges() == before;
	return finding->as_given;
}

/* Begin to collect what a statement inserts into a view. */
static void
OpenBuffer(const InteractionType *type, Oid relid)
{
	RowBuffer *buffer =
		BeginRunning(&buffers, relid, sizeof(RowBuffer), CurTransactionContext);
	MemoryContext oldcontext = MemoryContextSwitchTo(buffer->running.context);

	buffer->subid = GetCurrentSubTransactionId();
	buffer->batch = BeginBatch(type);
	buffer->max_rows = BUFFERED_ROWS;
	buffer->as_given = StoresAsGiven(type);
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

/* Watch what happens to rows and tables, as long as the library is loaded. */
void
WatchViewInserts(void)
{
	CacheRegisterRelcacheCallback(ForgetFindings, (Datum) 0);
	RegisterXactCallback(AtEndOfTransaction, NULL);
	RegisterSubXactCallback(AtEndOfSubtransaction, NULL);
}

/* Store a row by itself; what is stored, or NULL where it was skipped. */
static HeapTuple
StoreAlone(RowColumns *columns, const Interaction *interaction, HeapTuple tuple,
		   TupleDesc tupdesc)
{
	Row row;

	if (StoreInteraction(columns->type, interaction, &row) == STORE_SKIPPED)
		return NULL;
	return heap_modify_tuple_by_cols(tuple, tupdesc,
									 WireColumnCount(columns->type),
									 columns->attnum, row.values, row.isnull);
}

/*
 * Store the rows that are there so far.  That takes a subtransaction, and many
 * of these make all other sessions slower until the transaction ends; so each
 * time twice as many are collected, as long as memory allows.
 */
static void
StoreBuffered(RowBuffer *buffer)
{
	if (MemoryContextMemAllocated(buffer->running.context, true) <
		Min((Size) maintenance_work_mem * 1024, MAX_BUFFER_SIZE) / 2)
		buffer->max_rows *= 2;
	StoreBatch(buffer->batch);
}

/* INSTEAD OF INSERT: check the row, and collect it. */
static HeapTuple
CollectRow(FunctionCallInfo fcinfo)
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

	/* a trigger of somebody's on the same view may be for another type */
	if (buffer != NULL && buffer->batch->type != columns->type)
		buffer = NULL;
	if (!ReadRow(columns, row, &interaction, &violation) ||
		!CompleteInteraction(columns->type, &interaction, &violation))
		ReportRow(&violation, trigdata);
	if (buffer != NULL && LooksLikeSeconds(interaction.timestamp))
		buffer->nseconds++;

	if (buffer == NULL || !buffer->as_given)
		return StoreAlone(columns, &interaction, trigdata->tg_trigtuple,
						  tupdesc);
	AddToBatch(buffer->batch, &interaction);
	if (buffer->batch->nrows == buffer->max_rows)
		StoreBuffered(buffer);
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
		return PointerGetDatum(CollectRow(fcinfo));

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
