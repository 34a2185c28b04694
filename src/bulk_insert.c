/*
 * bulk_insert.c
 *	  When a batch may be stored past the executor, and how.
 *
 * INSERT passes each row through the executor, which costs a fifth more than
 * to store many at once as COPY does.  What it does on the way holds here, too,
 * since the batch is stored past it only where none of it is due:
 *
 *	  privileges, column privileges	the planned INSERT is checked for them
 *	  audit by a hook on that check	left to INSERT
 *	  row-level security, rules		show in the plan, which is then no bare
 *									INSERT of the rows as they are
 *	  defaults, generated and		show in the plan, too: their columns are
 *	  identity columns, typmods		not those of the batch
 *	  shards, foreign tables		have another plan, or are no plain table
 *	  partitions					left to INSERT, as parent and as child
 *	  triggers of rows and of		left to INSERT, and with them foreign keys
 *	  statements					and deferred constraints; but ours have
 *									nothing to do, since the batch is checked
 *	  CHECK, NOT NULL				left to INSERT where they are not ours
 *	  unique indexes				checked here for each row, as by INSERT
 *	  exclusion constraints,		left to INSERT, as are indexes that are
 *	  partial and expression		being built
 *	  indexes
 *	  READ ONLY transactions		left to INSERT to refuse
 *	  statistics, WAL, logical		are the work of table_multi_insert and
 *	  decoding, predicate locks		index_insert, as for COPY
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "bulk_insert.h"
#include "catalog/index.h"
#include "catalog/pg_trigger.h"
#include "compat.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "parser/parsetree.h"
#include "subxact.h"
#include "table_trigger.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/rel.h"
#include "utils/resowner.h"

/* rows that are added to the table at once, which are about a page of it */
#define MAX_ROWS_AT_ONCE 128

typedef struct PlainIndex
{
	Relation		  rel;
	struct IndexInfo *info;
} PlainIndex;

typedef struct PlainTable
{
	Relation	rel;
	PlainIndex *indexes;
	int			nindexes;
} PlainTable;

/* Whether each column is given, as it is, by the same column of the source. */
static bool
CopiesColumns(List *targetlist)
{
	ListCell *cell;

	foreach (cell, targetlist)
	{
		Var *source = (Var *) lfirst_node(TargetEntry, cell)->expr;

		if (!IsA(source, Var) ||
			source->varattno != foreach_current_index(cell) + 1)
			return false;
	}
	return true;
}

/*
 * The table that a plan inserts the rows of a batch into, each as it is; 0 if
 * it does anything else, or is not permitted.
 */
static Oid
PlannedTarget(const PlannedStmt *stmt)
{
	const ModifyTable	*modify = (const ModifyTable *) stmt->planTree;
	const Plan			*source;
	const RangeTblEntry *target;

	if (stmt->commandType != CMD_INSERT || !IsA(modify, ModifyTable) ||
		modify->withCheckOptionLists != NIL ||
		modify->onConflictAction != ONCONFLICT_NONE)
		return InvalidOid;
	source = outerPlan(modify);
	if (!IsA(source, NamedTuplestoreScan) || source->qual != NIL ||
		!CopiesColumns(source->targetlist) || !StatementPermitted(stmt))
		return InvalidOid;
	target = rt_fetch(linitial_int(modify->resultRelations), stmt->rtable);
	return target->relkind == RELKIND_RELATION ? target->relid : InvalidOid;
}

/* Whether nothing is to be checked or done for a row that keeps the rules. */
static bool
IsPlain(const InteractionType *type, Relation rel)
{
	TupleDesc		   tupdesc = RelationGetDescr(rel);
	const TriggerDesc *triggers = rel->trigdesc;

	if (rel->rd_rel->relispartition ||
		(tupdesc->constr != NULL && tupdesc->constr->num_check > 0))
		return false;
	for (int i = 0; i < tupdesc->natts; i++)
	{
		if (TupleDescAttr(tupdesc, i)->attnotnull && !ColumnRequired(type, i))
			return false;
	}
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		if (TRIGGER_FOR_INSERT(triggers->triggers[i].tgtype) &&
			!HoldsRulesOf(&triggers->triggers[i], type))
			return false;
	}
	return true;
}

/*
 * Open the indexes of a table; false where one is not as simple as ours.  A
 * deferrable one has a trigger, too.
 */
static bool
OpenIndexes(PlainTable *table)
{
	List	 *oids = RelationGetIndexList(table->rel);
	ListCell *cell;

	table->indexes = palloc(mul_size(sizeof(PlainIndex), list_length(oids)));
	foreach (cell, oids)
	{
		PlainIndex *index = &table->indexes[table->nindexes++];
		IndexInfo  *info;

		index->rel = index_open(lfirst_oid(cell), RowExclusiveLock);
		info = index->info = BuildIndexInfo(index->rel);
		if (!info->ii_ReadyForInserts || info->ii_Expressions != NIL ||
			info->ii_Predicate != NIL || info->ii_ExclusionOps != NULL)
			return false;
	}
	return true;
}

/* Close a table and its indexes; the locks stay until the transaction ends. */
static void
ClosePlainTable(PlainTable *table)
{
	for (int i = 0; i < table->nindexes; i++)
		index_close(table->indexes[i].rel, NoLock);
	table_close(table->rel, NoLock);
}

/*
 * Open the table of a type, with its indexes, in the current memory context;
 * NULL where INSERT, as which insert is prepared, has to do it.
 */
static PlainTable *
OpenPlainTable(const InteractionType *type, SPIPlanPtr insert)
{
	PlainTable *table;
	CachedPlan *plan;
	Oid			relid = InvalidOid;

	/* the first is for INSERT to refuse, the second to see each statement */
	if (XactReadOnly || ExecutorCheckPerms_hook != NULL)
		return NULL;
	plan = SPI_plan_get_cached_plan(insert);
	if (list_length(plan->stmt_list) == 1)
		relid = PlannedTarget(linitial_node(PlannedStmt, plan->stmt_list));
	ReleaseCachedPlan(plan, CurrentResourceOwner);
	if (!OidIsValid(relid))
		return NULL;

	table = palloc0(sizeof(PlainTable));
	table->rel = table_open(relid, RowExclusiveLock);
	if (IsPlain(type, table->rel) && OpenIndexes(table))
		return table;
	ClosePlainTable(table);
	return NULL;
}

/* what storing rows past the executor needs */
typedef struct PlainInsert
{
	Batch		   *batch;
	PlainTable	   *table;
	MemoryContext	context; /* emptied after each row, or some */
	TupleTableSlot *slots[MAX_ROWS_AT_ONCE];
} PlainInsert;

/* Add some rows to the table, and note where they lie. */
static void
InsertIntoTable(PlainInsert *insert, const SortItem *items, int nrows)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(insert->context);

	for (int i = 0; i < nrows; i++)
		ExecStoreHeapTuple(items[i].tuple, insert->slots[i], false);
	table_multi_insert(insert->table->rel, insert->slots, nrows,
					   GetCurrentCommandId(true), 0, NULL);
	for (int i = 0; i < nrows; i++)
		items[i].tuple->t_self = insert->slots[i]->tts_tid;
	MemoryContextReset(insert->context);
	MemoryContextSwitchTo(oldcontext);
}

/* Add rows that lie in the table to one of its indexes. */
static void
InsertIntoIndex(PlainInsert *insert, const PlainIndex *index,
				const SortItem *items, int64 nrows)
{
	MemoryContext	 oldcontext = MemoryContextSwitchTo(insert->context);
	IndexUniqueCheck check =
		index->rel->rd_index->indisunique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO;
	TupleTableSlot *slot = insert->slots[0];
	Datum			values[INDEX_MAX_KEYS];
	bool			isnull[INDEX_MAX_KEYS];

	for (int64 i = 0; i < nrows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		/* in the order of a key they lie here and there in memory */
		if (i + 1 < nrows)
			PREFETCH(items[i + 1].tuple);
		ExecStoreHeapTuple(items[i].tuple, slot, false);
		/* an index on expressions, which needs an EState, is not plain */
		FormIndexDatum(index->info, slot, NULL, values, isnull);
		index_insert(index->rel, values, isnull, &items[i].tuple->t_self,
					 insert->table->rel, check, false, index->info);
		MemoryContextReset(insert->context);
	}
	MemoryContextSwitchTo(oldcontext);
}

/*
 * Store the rows past the executor, as COPY does: many at once in the table,
 * and then in the indexes.  A unique one follows the table closely, since a
 * row that is stored already is found there; any other has all rows at the
 * end, in an order that makes it cheap to extend.
 */
static void
InsertPlainly(void *arg)
{
	PlainInsert *insert = arg;
	Batch		*batch = insert->batch;
	PlainTable	*table = insert->table;
	int64		 nrows = batch->nrows;
	int			 nslots = Min(nrows, MAX_ROWS_AT_ONCE);

	for (int i = 0; i < nslots; i++)
		insert->slots[i] =
			MakeSingleTupleTableSlot(batch->tupdesc, &TTSOpsHeapTuple);
	/* few at first: what is stored already shows early, and leaves little */
	for (int64 done = 0, count = 1; done < nrows; done += count)
	{
		const SortItem *items = batch->items + done;

		count = Min(Min(count * 2, nslots), nrows - done);
		InsertIntoTable(insert, items, count);
		for (int i = 0; i < table->nindexes; i++)
		{
			if (table->indexes[i].rel->rd_index->indisunique)
				InsertIntoIndex(insert, &table->indexes[i], items, count);
		}
	}
	for (int i = 0; i < table->nindexes; i++)
	{
		PlainIndex *index = &table->indexes[i];
		int			column = index->info->ii_IndexAttrNumbers[0] - 1;

		if (!index->rel->rd_index->indisunique)
		{
			SortBatch(batch, column == COLUMN_ITEM_ID ? COLUMN_ITEM_ID
													  : COLUMN_USER_ID);
			InsertIntoIndex(insert, index, batch->items, nrows);
		}
		index_insert_cleanup(index->rel, index->info);
	}
}

/*
 * Store a batch, sorted by the key and without duplicates, past the executor,
 * as if all were new.  Its order is another afterwards.
 */
BulkResult
BulkInsert(Batch *batch, SPIPlanPtr insert)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "interactions insert",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	PlainInsert	  job = {.batch = batch};
	BulkResult	  result = BULK_IMPOSSIBLE;

	job.table = OpenPlainTable(batch->type, insert);
	if (job.table != NULL)
	{
		job.context = AllocSetContextCreate(context, "interactions insert row",
											ALLOCSET_DEFAULT_SIZES);
		result = Attempt(InsertPlainly, &job, IsUniqueViolation)
					 ? BULK_STORED
					 : BULK_CONFLICT;
		ClosePlainTable(job.table);
	}
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context); /* the slots, too */
	return result;
}
