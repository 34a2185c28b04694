/*
 * plain.c
 *	  Finds out whether INSERT into a type's table does no more than to store
 *	  the rows.
 *
 * It mostly is so, and then a batch need not pass through the executor row by
 * row.  Whatever somebody has added to the table, be it a trigger, a policy, a
 * constraint or shards on other machines, is what INSERT is for.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/pg_trigger.h"
#include "executor/executor.h"
#include "interactions.h"
#include "parser/parsetree.h"
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
 * The table that a plan inserts the rows of a batch into, each as it is; 0 if
 * it does anything else, or is not permitted.
 */
static Oid
PlannedTarget(const PlannedStmt *stmt)
{
	const ModifyTable *modify = (const ModifyTable *) stmt->planTree;
	const Plan *source;
	const RangeTblEntry *target;

	if (stmt->commandType != CMD_INSERT || !IsA(modify, ModifyTable) ||
		modify->withCheckOptionLists != NIL)
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
	TupleDesc tupdesc = RelationGetDescr(rel);
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
			!HoldsRules(triggers->triggers[i].tgfoid))
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
	List *oids = RelationGetIndexList(table->rel);
	ListCell *cell;

	table->indexes = palloc(mul_size(sizeof(PlainIndex), list_length(oids)));
	foreach (cell, oids)
	{
		PlainIndex *index = &table->indexes[table->nindexes++];
		IndexInfo *info;

		index->rel = index_open(lfirst_oid(cell), RowExclusiveLock);
		info = index->info = BuildIndexInfo(index->rel);
		if (!info->ii_ReadyForInserts || info->ii_Expressions != NIL ||
			info->ii_Predicate != NIL || info->ii_ExclusionOps != NULL)
			return false;
	}
	return true;
}

/*
 * Open the table of a type, with its indexes, in the current memory context;
 * NULL where INSERT has to do it.  The rows of a batch must be registered.
 */
PlainTable *
OpenPlainTable(const InteractionType *type)
{
	PlainTable *table;
	CachedPlan *plan;
	Oid relid = InvalidOid;

	/* which INSERT refuses */
	if (XactReadOnly)
		return NULL;
	plan = SPI_plan_get_cached_plan(GetQuery(type, QUERY_INSERT_NEW));
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

/* Close a table and its indexes; the locks stay until the transaction ends. */
void
ClosePlainTable(PlainTable *table)
{
	for (int i = 0; i < table->nindexes; i++)
		index_close(table->indexes[i].rel, NoLock);
	table_close(table->rel, NoLock);
}
