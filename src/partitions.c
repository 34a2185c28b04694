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
#include "partitioning/partdesc.h"
#include "partitions.h"
#include "storage/shmem.h"
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
		   strcmp(NameStr(TupleDescAttr(RelationGetDescr(rel),
										key->partattrs[0] - 1)
							  ->attname),
				  "timestamp") == 0;
}

/*
 * The partitions of a table, in the current memory context, as long as it is
 * open; NULL where it is not partitioned by time.
 */
TimePartitions *
FindTimePartitions(Relation rel)
{
	TimePartitions *result;
	PartitionDesc	desc;

	if (!IsPartitionedByTime(rel))
		return NULL;
	desc = RelationGetPartitionDesc(rel, !IsolationUsesXactSnapshot());
	result = palloc0(sizeof(TimePartitions));
	result->desc = desc;
	result->npartitions = desc->nparts;
	result->oids = desc->oids;
	result->fallback = -1;
	if (desc->boundinfo == NULL)
		return result;
	result->fallback = desc->boundinfo->default_index;
	result->nbounds = desc->boundinfo->ndatums;
	result->bounds = palloc(mul_size(sizeof(TimestampTz), result->nbounds));
	result->numbers = palloc(mul_size(sizeof(int), result->nbounds + 1));
	for (int i = 0; i <= result->nbounds; i++)
	{
		result->numbers[i] = desc->boundinfo->indexes[i];
		if (result->numbers[i] < 0)
			result->numbers[i] = result->fallback;
		if (i == result->nbounds)
			break;
		if (desc->boundinfo->kind[i][0] == PARTITION_RANGE_DATUM_MINVALUE)
			result->bounds[i] = DT_NOBEGIN;
		else if (desc->boundinfo->kind[i][0] == PARTITION_RANGE_DATUM_MAXVALUE)
			result->bounds[i] = DT_NOEND;
		else
			result->bounds[i] =
				DatumGetTimestampTz(desc->boundinfo->datums[i][0]);
	}
	return result;
}

/* Whether the partitions of a table are still those that were found. */
bool
PartitionsAreCurrent(const TimePartitions *partitions, Relation rel)
{
	return RelationGetPartitionDesc(rel, !IsolationUsesXactSnapshot()) ==
		   partitions->desc;
}

static int
BoundsBefore(const TimePartitions *partitions, TimestampTz time)
{
	int low = 0;
	int high = partitions->nbounds;

	while (low < high)
	{
		int middle = (low + high) / 2;

		if (partitions->bounds[middle] < time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The number of the partition that a timestamp falls into; -1 is none. */
int
PartitionAt(const TimePartitions *partitions, TimestampTz timestamp)
{
	if (partitions->nbounds == 0)
		return partitions->fallback;
	return partitions->numbers[BoundsBefore(partitions, timestamp + 1)];
}

/* When the last so many partitions before a time begin. */
TimestampTz
PartitionsStart(const TimePartitions *partitions, TimestampTz before, int count)
{
	int nbounds = BoundsBefore(partitions, before);

	return count <= nbounds ? partitions->bounds[nbounds - count] : DT_NOBEGIN;
}

/* The times that a partition holds; all of them for the default one. */
void
PartitionRange(const TimePartitions *partitions, Oid partition,
			   TimestampTz *from, TimestampTz *to)
{
	*from = DT_NOBEGIN;
	*to = DT_NOEND;
	for (int i = 1; i < partitions->nbounds; i++)
	{
		int number = partitions->numbers[i];

		if (number < 0 || number == partitions->fallback ||
			partitions->oids[number] != partition)
			continue;
		*from = partitions->bounds[i - 1];
		*to = partitions->bounds[i];
	}
}
