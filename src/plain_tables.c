/*
 * plain_tables.c
 *	  When a batch may be stored past the executor.
 *
 * What INSERT does for a row on its way through the executor holds past it, too,
 * since a batch is stored so only where none of it is due:
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
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "compat.h"
#include "distribution.h"
#include "executor/executor.h"
#include "parser/parsetree.h"
#include "plain_tables.h"
#include "table_trigger.h"
#include "utils/plancache.h"
#include "utils/rel.h"
#include "utils/resowner.h"

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
		if (TupleDescAttr(tupdesc, i)->attnotnull && type != NULL &&
			!type->columns[i].not_null)
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

/* Close tables and their indexes; the locks stay until the transaction ends. */
void
ClosePlainTables(List *tables)
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
 * Open a table for some rows of a batch and add it to tables; false where it
 * is not plain, or its columns are not those of the table that the batch is for.
 */
static bool
AddPlainTable(List **tables, Oid relid, Relation target, const Batch *batch,
			  int64 start, int64 nrows)
{
	PlainTable *table = palloc0(sizeof(PlainTable));

	table->rel = table_open(relid, RowExclusiveLock);
	table->rows = *batch;
	table->rows.items += start;
	table->rows.nrows = nrows;
	*tables = lappend(*tables, table);
	return table->rel->rd_rel->relkind == RELKIND_RELATION &&
		   SameColumns(RelationGetDescr(target),
					   RelationGetDescr(table->rel)) &&
		   IsPlain(batch->type, table->rel) && OpenIndexes(table);
}

/* Open the partitions that the rows, grouped by them, fall into. */
static bool
AddPartitions(List **tables, const Batch *batch, Relation target,
			  TimePartitions *partitions)
{
	for (int64 start = 0, end; start < batch->nrows; start = end)
	{
		int number = PartitionAt(partitions, batch->items[start].timestamp);

		end = start + 1;
		while (end < batch->nrows &&
			   PartitionAt(partitions, batch->items[end].timestamp) == number)
			end++;
		if (number < 0 || !AddPlainTable(tables, partitions->oids[number],
										 target, batch, start, end - start))
			return false;
	}
	/* one that was attached meanwhile has taken times of the default one */
	return FindTimePartitions(target) == partitions;
}

/*
 * Open the tables that the rows go to, with their indexes, in the current
 * memory context; NIL where INSERT, as which insert is prepared, has to do it.
 */
List *
OpenPlainTables(const Batch *batch, Relation target, TimePartitions *partitions,
				SPIPlanPtr insert)
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
		plain = AddPlainTable(&tables, RelationGetRelid(target), target, batch,
							  0, batch->nrows);
	else
		plain = IsPlain(batch->type, target) &&
				AddPartitions(&tables, batch, target, partitions);
	if (plain)
		return tables;
	ClosePlainTables(tables);
	return NIL;
}
