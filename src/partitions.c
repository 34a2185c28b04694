/*
 * partitions.c
 *	  Tables that are partitioned by time.
 *
 * What is found here helps to come to rows quickly, or to bring them into the
 * order in which core comes to them.  It says nothing of where a row belongs:
 * that is for core to decide.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "partitioning/partbounds.h"
#include "partitions.h"
#include "storage/shmem.h"
#include "utils/fmgroids.h"
#include "utils/partcache.h"
#include "utils/rel.h"
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

/* When the last so many partitions before a time begin. */
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
