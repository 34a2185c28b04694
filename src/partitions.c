/*
 * partitions.c
 *	  Tables that are partitioned by time.
 *
 * What is found here helps to come to rows quickly, or to bring them into the
 * order in which core comes to them.  It says nothing of where a row belongs:
 * that is for core to decide.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "miscadmin.h"
#include "partitioning/partbounds.h"
#include "partitions.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* Whether a table is partitioned by range of one timestamptz, its timestamp. */
static bool
IsPartitionedByTime(Relation rel)
{
	PartitionKey key;

	if (rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		return false;
	key = RelationGetPartitionKey(rel);
	return key->strategy == PARTITION_STRATEGY_RANGE && key->partnatts == 1 &&
		   key->partattrs[0] > 0 && key->parttypid[0] == TIMESTAMPTZOID &&
		   key->partsupfunc[0].fn_oid == F_TIMESTAMPTZ_CMP &&
		   strcmp(NameStr(TupleDescAttr(RelationGetDescr(rel),
										key->partattrs[0] - 1)
							  ->attname),
				  "timestamp") == 0;
}

/*
 * The partitions of a table, as long as it is open; NULL where it is not
 * partitioned by time.  Asked for again, they are the same unless one was
 * attached or detached meanwhile.
 */
TimePartitions *
FindTimePartitions(Relation rel)
{
	return IsPartitionedByTime(rel)
			   ? RelationGetPartitionDesc(rel, !IsolationUsesXactSnapshot())
			   : NULL;
}

static int
CountBounds(TimePartitions *partitions)
{
	return partitions->boundinfo == NULL ? 0 : partitions->boundinfo->ndatums;
}

/* A bound by its number, infinite where it is none. */
static TimestampTz
Bound(TimePartitions *partitions, int i)
{
	PartitionBoundInfo info = partitions->boundinfo;

	switch (info->kind[i][0])
	{
		case PARTITION_RANGE_DATUM_MINVALUE:
			return DT_NOBEGIN;
		case PARTITION_RANGE_DATUM_MAXVALUE:
			return DT_NOEND;
		default:
			return DatumGetTimestampTz(info->datums[i][0]);
	}
}

/* How many bounds are before a time; they are in ascending order. */
static int
BoundsBefore(TimePartitions *partitions, TimestampTz time)
{
	int low = 0;
	int high = CountBounds(partitions);

	while (low < high)
	{
		int middle = (low + high) / 2;

		if (Bound(partitions, middle) < time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The number of the partition that a timestamp falls into; -1 is none. */
int
PartitionAt(TimePartitions *partitions, TimestampTz timestamp)
{
	PartitionBoundInfo info = partitions->boundinfo;
	int				   number;

	if (info == NULL)
		return -1;
	number = info->indexes[BoundsBefore(partitions, timestamp + 1)];
	return number >= 0 ? number : info->default_index;
}

/* Start of the count-th partition before a time; infinite if there are fewer. */
TimestampTz
PartitionsStart(TimePartitions *partitions, TimestampTz before, int count)
{
	int nbounds = BoundsBefore(partitions, before);

	return count <= nbounds ? Bound(partitions, nbounds - count) : DT_NOBEGIN;
}

/* The times that a partition holds; all of them for the default one. */
void
PartitionRange(TimePartitions *partitions, Oid partition, TimestampTz *from,
			   TimestampTz *to)
{
	*from = DT_NOBEGIN;
	*to = DT_NOEND;
	for (int i = 1; i < CountBounds(partitions); i++)
	{
		int number = partitions->boundinfo->indexes[i];

		if (number < 0 || partitions->oids[number] != partition)
			continue;
		*from = Bound(partitions, i - 1);
		*to = Bound(partitions, i);
	}
}

/* Whether an index has an entry for each row, in the order of a column. */
static bool
HasOrderOf(Relation index, AttrNumber column)
{
	return index->rd_rel->relkind == RELKIND_INDEX &&
		   index->rd_index->indisvalid && !index->rd_index->indcheckxmin &&
		   index->rd_index->indkey.values[0] == column &&
		   index->rd_opfamily[0] == TEXT_BTREE_FAM_OID &&
		   index->rd_indcollation[0] == C_COLLATION_OID &&
		   heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL);
}

/* Whether an index has an entry for an id. */
static bool
HasEntry(Relation rel, Relation index, Datum id)
{
	IndexScanDesc scan =
		index_beginscan(rel, index, GetActiveSnapshot(), ONE_KEY);
	ScanKeyData key;
	bool		found;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_TEXTEQ, id);
	key.sk_collation = C_COLLATION_OID;
	index_rescan(scan, &key, 1, NULL, 0);
	found = index_getnext_tid(scan, ForwardScanDirection) != NULL;
	index_endscan(scan);
	return found;
}

/*
 * Whether a partition may have a row whose id, in a column, is the given one:
 * not where its index has no entry.  One that is gone, or cannot be read on a
 * standby, is for a statement to refuse.
 */
static bool
MayHold(Oid partition, const char *column, Datum id)
{
	Relation  rel = try_table_open(partition, AccessShareLock);
	bool	  found = true;
	List	 *oids;
	ListCell *cell;

	if (rel == NULL)
		return true;
	oids = RelationIsPermanent(rel) ? RelationGetIndexList(rel) : NIL;
	foreach (cell, oids)
	{
		Relation index = index_open(lfirst_oid(cell), AccessShareLock);
		bool	 ordered = HasOrderOf(index, get_attnum(partition, column));

		if (ordered)
			found = HasEntry(rel, index, id);
		index_close(index, AccessShareLock);
		if (ordered)
			break;
	}
	list_free(oids);
	table_close(rel, AccessShareLock);
	return found;
}

/*
 * Whether a partition that has times from one to another, or the default one, may
 * have a row whose id, in a column, is the given one.  To ask an index is a
 * fraction of what it takes to run a statement on its table.
 */
bool
PartitionsMayHold(TimePartitions *partitions, TimestampTz from, TimestampTz to,
				  const char *column, Datum id)
{
	PartitionBoundInfo info = partitions->boundinfo;

	for (int i = BoundsBefore(partitions, to); i >= 0; i--)
	{
		CHECK_FOR_INTERRUPTS();
		if (i < CountBounds(partitions) && Bound(partitions, i) <= from)
			break;
		if (info->indexes[i] >= 0 &&
			MayHold(partitions->oids[info->indexes[i]], column, id))
			return true;
	}
	return info != NULL && info->default_index >= 0 &&
		   MayHold(partitions->oids[info->default_index], column, id);
}
