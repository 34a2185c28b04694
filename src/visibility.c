/*
 * visibility.c
 *	  Whether a snapshot shows a table, with its partitions, as it is now.
 *
 * Core keeps rows that are changed for older snapshots, and not the table that
 * they were in: who has the snapshot of his statement and then waits for others
 * to change a table finds other partitions, or another file, than it knows of.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "own_tables.h"
#include "partitions.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "visibility.h"

static uint32 nchanges = 1; /* see TableChanges */

/* Note that any relation has changed. */
static void
/* NOLINTNEXTLINE(misc-unused-parameters): core passes them */
NoteChange(Datum arg, Oid relid)
{
	nchanges++;
}

/* Watch what happens to tables, as long as the library is loaded. */
void
WatchTables(void)
{
	CacheRegisterRelcacheCallback(NoteChange, (Datum) 0);
}

/* How many changes of any relation this backend has noticed, and one. */
uint32
TableChanges(void)
{
	return nchanges;
}

/* The transaction that made a relation what it is: attached it, mostly. */
static TransactionId
ChangedBy(Oid relid, CommandId *command)
{
	HeapTuple	  tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	TransactionId xmin;

	if (!HeapTupleIsValid(tuple))
		return InvalidTransactionId;
	xmin = HeapTupleHeaderGetXmin(tuple->t_data);
	if (TransactionIdIsCurrentTransactionId(xmin))
		*command = HeapTupleHeaderGetCmin(tuple->t_data);
	ReleaseSysCache(tuple);
	return xmin;
}

static TransactionId
Later(TransactionId one, TransactionId other)
{
	return TransactionIdFollows(other, one) ? other : one;
}

/* Whether a relation has the file, and the place, that a snapshot shows. */
static bool
IsSame(Oid relid, Snapshot snapshot)
{
	Relation	classes = table_open(RelationRelationId, AccessShareLock);
	HeapTuple	now = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	bool		result = false;
	HeapTuple	before;
	SysScanDesc scan;
	ScanKeyData key;

	ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	scan =
		systable_beginscan(classes, ClassOidIndexId, true, snapshot, 1, &key);
	before = systable_getnext(scan);
	if (HeapTupleIsValid(now) && HeapTupleIsValid(before))
	{
		Form_pg_class is = (Form_pg_class) GETSTRUCT(now);
		Form_pg_class was = (Form_pg_class) GETSTRUCT(before);

		result = is->relfilenode == was->relfilenode &&
				 is->relispartition == was->relispartition;
	}
	systable_endscan(scan);
	if (HeapTupleIsValid(now))
		ReleaseSysCache(now);
	table_close(classes, AccessShareLock);
	return result;
}

/* Whether a snapshot shows what a transaction has made of a relation. */
static bool
Shows(Snapshot snapshot, Oid relid, TransactionId xid, CommandId command)
{
	if (TransactionIdIsCurrentTransactionId(xid)
			? command < snapshot->curcid
			: !TransactionIdIsNormal(xid) || !XidInMVCCSnapshot(xid, snapshot))
		return true;
	return IsSame(relid, snapshot);
}

/* A table, and its partitions and children at any depth. */
static List *
PartsOf(Relation rel, TimePartitions *partitions)
{
	List *parts = list_make1_oid(RelationGetRelid(rel));

	if (partitions == NULL)
		return rel->rd_rel->relhassubclass
				   ? find_all_inheritors(RelationGetRelid(rel), NoLock, NULL)
				   : parts;
	for (int i = 0; i < partitions->nparts; i++)
	{
		Oid part = partitions->oids[i];

		if (get_rel_relkind(part) == RELKIND_PARTITIONED_TABLE)
			parts = list_concat(parts, find_all_inheritors(part, NoLock, NULL));
		else
			parts = lappend_oid(parts, part);
	}
	return parts;
}

/*
 * A transaction that took a part from a table, or is about to, which a snapshot
 * does not show; invalid if there is none.
 */
static TransactionId
TakenBy(Oid relid, Snapshot snapshot)
{
	Relation	  inherits = table_open(InheritsRelationId, AccessShareLock);
	TransactionId result = InvalidTransactionId;
	SysScanDesc	  scan;
	ScanKeyData	  key;
	HeapTuple	  tuple;

	ScanKeyInit(&key, Anum_pg_inherits_inhparent, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(inherits, InheritsParentIndexId, true, snapshot,
							  1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		HeapTupleHeader header = tuple->t_data;
		TransactionId	xid;

		if ((header->t_infomask & HEAP_XMAX_INVALID) != 0 ||
			HEAP_XMAX_IS_LOCKED_ONLY(header->t_infomask))
			continue;
		xid = HeapTupleHeaderGetUpdateXid(header);
		if (TransactionIdIsCurrentTransactionId(xid) ||
			TransactionIdDidCommit(xid))
			result = xid;
	}
	systable_endscan(scan);
	table_close(inherits, AccessShareLock);
	return result;
}

/*
 * A transaction that made a table, or a part of it, what it is now, which the
 * active snapshot does not show; invalid if there is none.  An older snapshot
 * has the rows that moved into a partition that was attached later where they
 * were before: in the default one, which is not looked into for the times of the
 * new one, or in one that is gone.  And it has none of a table that was written
 * anew.  newest is for this function alone, one for each table.
 */
static TransactionId
UnseenChange(Relation rel, NewestChange *newest)
{
	Snapshot	  snapshot = GetActiveSnapshot();
	TransactionId xid = InvalidTransactionId;
	CommandId	  command = 0;
	List		 *parts;
	ListCell	 *cell;

	if (newest->nchanges == nchanges &&
		TransactionIdPrecedes(newest->xid, snapshot->xmin))
		return xid;
	newest->nchanges = nchanges;
	newest->xid = FrozenTransactionId;
	parts = PartsOf(rel, FindTimePartitions(rel));
	foreach (cell, parts)
	{
		Oid			  part = lfirst_oid(cell);
		TransactionId change = ChangedBy(part, &command);
		TransactionId taken = get_rel_relkind(part) == RELKIND_PARTITIONED_TABLE
								  ? TakenBy(part, snapshot)
								  : InvalidTransactionId;

		newest->xid = Later(newest->xid, Later(change, taken));
		if (!Shows(snapshot, part, change, command))
			xid = change;
		if (TransactionIdIsValid(taken))
			xid = taken;
	}
	list_free(parts);
	return xid;
}

/*
 * Whether the active snapshot shows a table as it is now.  Where others have
 * changed that since, a newer one is pushed, which the caller has to pop, instead
 * of the one that was pushed before where renewed: who has waited for them has
 * the snapshot of his statement, which is from before.
 */
bool
SnapshotShows(Relation rel, NewestChange *newest, bool *renewed)
{
	TransactionId unseen = UnseenChange(rel, newest);

	if (!TransactionIdIsValid(unseen))
		return true;
	if (IsolationUsesXactSnapshot() ||
		TransactionIdIsCurrentTransactionId(unseen))
		return false;
	if (IsInParallelMode())
		ReportConcurrentChange(RelationGetRelationName(rel), "statement");
	if (*renewed)
		PopActiveSnapshot();
	PushActiveSnapshot(GetLatestSnapshot());
	*renewed = true;
	return true;
}
