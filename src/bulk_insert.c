/*
 * bulk_insert.c
 *	  Stores a batch past the executor, as COPY does.
 *
 * To pass each row through the executor costs a fifth more than to store many
 * at once.  What INSERT does for a row on its way through the executor holds
 * past it, too, since a batch is stored so only where none of it is due:
 *
 *	  privileges, column privileges	the planned INSERT is checked for them
 *	  audit by a hook on that check	left to INSERT
 *	  row-level security, rules		show in the plan, which is then no bare
 *									INSERT of the rows as they are
 *	  defaults, generated and		show in the plan, too: their columns are
 *	  identity columns, typmods		not those of the batch
 *	  shards						left to INSERT
 *	  foreign tables				have another plan, or are no plain table
 *	  partitions by time			each row goes where core would put it; a
 *									table that is a partition itself, or is
 *									partitioned otherwise, is left to INSERT
 *	  triggers of rows and of		left to INSERT, and with them foreign keys
 *	  statements					and deferred constraints; but ours have
 *									nothing to do, since the batch is checked
 *	  CHECK, NOT NULL				left to INSERT where they are not ours
 *	  unique indexes				checked for each row, as by INSERT
 *	  exclusion constraints,		left to INSERT, as are indexes that are
 *	  partial and expression		being built
 *	  indexes
 *	  READ ONLY transactions		left to INSERT to refuse
 *	  statistics, WAL, logical		are the work of table_multi_insert and
 *	  decoding, predicate locks		index_insert, as for COPY
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/tupconvert.h"
#include "access/xact.h"
#include "bulk_insert.h"
#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "compat.h"
#include "distribution.h"
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

/* a table, and the rows of the batch that go there */
typedef struct PlainTable
{
	Relation	rel;
	PlainIndex *indexes;
	int			nindexes;
	Batch		batch;
} PlainTable;

/* what storing rows past the executor needs */
typedef struct PlainInsert
{
	List		   *tables;	 /* each with its rows */
	MemoryContext	context; /* emptied after each row, or some */
	TupleTableSlot *slots[MAX_ROWS_AT_ONCE];
} PlainInsert;

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
 * Whether a plan inserts the rows of a batch into a table, each as it is, and
 * does nothing else; and whether that is permitted.
 */
static bool
PlansPlainInsert(const PlannedStmt *stmt, Relation target)
{
	const ModifyTable *modify = (const ModifyTable *) stmt->planTree;
	const Plan		  *source;

	if (stmt->commandType != CMD_INSERT || !IsA(modify, ModifyTable) ||
		modify->withCheckOptionLists != NIL ||
		modify->onConflictAction != ONCONFLICT_NONE)
		return false;
	source = outerPlan(modify);
	if (!IsA(source, FunctionScan) || source->qual != NIL ||
		!CopiesColumns(source->targetlist) || !StatementPermitted(stmt))
		return false;
	return rt_fetch(linitial_int(modify->resultRelations), stmt->rtable)
			   ->relid == RelationGetRelid(target);
}

/*
 * Whether nothing is to be checked or done for a row that keeps the rules; one
 * of no type has no rules, and no nulls.
 */
static bool
IsPlain(const InteractionType *type, Relation rel)
{
	TupleDesc tupdesc = RelationGetDescr(rel);

	if (tupdesc->constr != NULL && tupdesc->constr->num_check > 0)
		return false;
	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(tupdesc, i);

		/* a partition may generate a column that its table does not */
		if (column->attgenerated != '\0' || column->attidentity != '\0' ||
			(column->attnotnull && type != NULL && !type->columns[i].not_null))
			return false;
	}
	return !HasOtherTrigger(rel, TRIGGER_TYPE_INSERT, type);
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

/*
 * Open a table for some rows of a batch and add it to tables; false where it
 * is not plain, or its columns are not those of the table that the batch is for.
 */
static bool
AddTable(List **tables, Oid relid, Relation target, const Batch *batch,
		 int64 start, int64 nrows)
{
	PlainTable *table = palloc0(sizeof(PlainTable));

	table->rel = table_open(relid, RowExclusiveLock);
	table->batch = *batch;
	table->batch.rows += start;
	table->batch.nrows = nrows;
	*tables = lappend(*tables, table);
	return table->rel->rd_rel->relkind == RELKIND_RELATION &&
		   convert_tuples_by_name(RelationGetDescr(target),
								  RelationGetDescr(table->rel)) == NULL &&
		   IsPlain(batch->type, table->rel) && OpenIndexes(table);
}

/* Open the partitions that the rows, grouped by them, fall into. */
static bool
AddPartitions(List **tables, const Batch *batch, Relation target,
			  TimePartitions *partitions, const int64 *ends)
{
	if (ends[0] > 0)
		return false;
	for (int i = 0; i < partitions->nparts; i++)
	{
		if (ends[i] < ends[i + 1] &&
			!AddTable(tables, partitions->oids[i], target, batch, ends[i],
					  ends[i + 1] - ends[i]))
			return false;
	}
	/* one that was attached meanwhile has taken times of the default one */
	return FindTimePartitions(target) == partitions;
}

/* Close tables and their indexes; the locks stay until the transaction ends. */
static void
CloseTables(List *tables)
{
	ListCell *cell;

	foreach (cell, tables)
	{
		PlainTable *table = lfirst(cell);

		for (int i = 0; i < table->nindexes; i++)
			index_close(table->indexes[i].rel, NoLock);
		table_close(table->rel, NoLock);
	}
}

/*
 * Open the tables that the rows go to, with their indexes, in the current
 * memory context; NIL where INSERT, as which insert is prepared, has to do it.
 */
static List *
OpenTables(const Batch *batch, Relation target, TimePartitions *partitions,
		   const int64 *ends, SPIPlanPtr insert)
{
	List	   *tables = NIL;
	CachedPlan *plan;
	bool		plain;

	/* the first is for INSERT to refuse, the second to see each statement */
	if (XactReadOnly || ExecutorCheckPerms_hook != NULL ||
		IsDistributed(RelationGetRelationName(target)))
		return NIL;
	plan = SPI_plan_get_cached_plan(insert);
	plain =
		list_length(plan->stmt_list) == 1 &&
		PlansPlainInsert(linitial_node(PlannedStmt, plan->stmt_list), target);
	ReleaseCachedPlan(plan, CurrentResourceOwner);
	/* a child that somebody inserts into by its own name has other rules */
	if (!plain || target->rd_rel->relispartition)
		return NIL;

	if (partitions == NULL)
		plain = AddTable(&tables, RelationGetRelid(target), target, batch, 0,
						 batch->nrows);
	else
		plain = IsPlain(batch->type, target) &&
				AddPartitions(&tables, batch, target, partitions, ends);
	if (plain)
		return tables;
	CloseTables(tables);
	return NIL;
}

/* Add some rows to a table, and note where they lie. */
static void
InsertIntoTable(PlainInsert *insert, Relation rel, const SortRow *rows,
				int nrows)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(insert->context);

	for (int i = 0; i < nrows; i++)
		ExecStoreHeapTuple(rows[i].tuple, insert->slots[i], false);
	table_multi_insert(rel, insert->slots, nrows, GetCurrentCommandId(true), 0,
					   NULL);
	for (int i = 0; i < nrows; i++)
		rows[i].tuple->t_self = insert->slots[i]->tts_tid;
	MemoryContextReset(insert->context);
	MemoryContextSwitchTo(oldcontext);
}

/* Add rows that lie in a table to one of its indexes. */
static void
InsertIntoIndex(PlainInsert *insert, Relation rel, const PlainIndex *index,
				const SortRow *rows, int64 nrows)
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
			PREFETCH(rows[i + 1].tuple);
		ExecStoreHeapTuple(rows[i].tuple, slot, false);
		/* an index on expressions, which needs an EState, is not plain */
		FormIndexDatum(index->info, slot, NULL, values, isnull);
		index_insert(index->rel, values, isnull, &rows[i].tuple->t_self, rel,
					 check, false, index->info);
		MemoryContextReset(insert->context);
	}
	MemoryContextSwitchTo(oldcontext);
}

/*
 * Store the rows of a table: many at once in the table, and then in the
 * indexes.  A unique one follows the table closely, since a row that is stored
 * already is found there; any other has all rows at the end, in an order that
 * makes it cheap to extend.
 */
static void
InsertRows(PlainInsert *insert, PlainTable *table)
{
	Batch *batch = &table->batch;

	/* few at first: what is stored already shows early, and leaves little */
	for (int64 done = 0, count = 1; done < batch->nrows; done += count)
	{
		const SortRow *rows = batch->rows + done;

		count = Min(Min(count * 2, MAX_ROWS_AT_ONCE), batch->nrows - done);
		InsertIntoTable(insert, table->rel, rows, count);
		for (int i = 0; i < table->nindexes; i++)
		{
			if (table->indexes[i].rel->rd_index->indisunique)
				InsertIntoIndex(insert, table->rel, &table->indexes[i], rows,
								count);
		}
	}
	for (int i = 0; i < table->nindexes; i++)
	{
		PlainIndex *index = &table->indexes[i];
		int			column = index->info->ii_IndexAttrNumbers[0] - 1;

		if (!index->rel->rd_index->indisunique)
		{
			if (batch->type != NULL)
				SortBatch(batch, column == COLUMN_ITEM_ID ? COLUMN_ITEM_ID
														  : COLUMN_USER_ID);
			InsertIntoIndex(insert, table->rel, index, batch->rows,
							batch->nrows);
		}
		index_insert_cleanup(index->rel, index->info);
	}
}

/* The attempt of a bulk insert. */
static void
InsertPlainly(void *arg)
{
	PlainInsert *insert = arg;
	ListCell	*cell;

	foreach (cell, insert->tables)
	{
		InsertRows(insert, lfirst(cell));
	}
}

/*
 * Store a batch in a table past the executor, as if all rows were new.  They
 * have no duplicates among them, those of a type are sorted by the key, and
 * grouped by the partitions, if there are any: first those of none, up to
 * ends[0], then those of partition i, up to ends[i + 1].  Their order is another
 * afterwards.  Rows of no type are new, and need no subtransaction.
 */
BulkResult
BulkInsert(Batch *batch, Relation target, TimePartitions *partitions,
		   const int64 *ends, SPIPlanPtr insert)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "interactions insert",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	PlainInsert	  job = {0};
	BulkResult	  result = BULK_IMPOSSIBLE;

	job.tables = OpenTables(batch, target, partitions, ends, insert);
	if (job.tables != NIL)
	{
		job.context = AllocSetContextCreate(context, "interactions insert row",
											ALLOCSET_DEFAULT_SIZES);
		for (int i = 0; i < Min(batch->nrows, MAX_ROWS_AT_ONCE); i++)
			job.slots[i] =
				MakeSingleTupleTableSlot(batch->tupdesc, &TTSOpsHeapTuple);
		result = BULK_STORED;
		if (batch->type == NULL)
			InsertPlainly(&job);
		else if (!Attempt(InsertPlainly, &job, IsUniqueViolation))
			result = BULK_CONFLICT;
		CloseTables(job.tables);
	}
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context); /* the slots, too */
	return result;
}
