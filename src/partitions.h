/*
 * partitions.h
 *	  Tables that are partitioned by time.
 */
#ifndef INTERACTIONS_PARTITIONS_H
#define INTERACTIONS_PARTITIONS_H

#include "datatype/timestamp.h"
#include "utils/relcache.h"

/* Partitions are numbered in the order of time, the default one comes last. */
typedef struct TimePartitions
{
	const struct PartitionDescData *desc;
	int npartitions;
	const Oid *oids;
	int fallback; /* the default one, or -1 */
	int nbounds;
	TimestampTz *bounds; /* ascending */
	int *numbers;		 /* of the partition before each bound, and of the one
						  * after the last; -1 is none */
} TimePartitions;

extern TimePartitions *FindTimePartitions(Relation rel);
extern bool PartitionsAreCurrent(const TimePartitions *partitions,
								 Relation rel);
extern int PartitionAt(const TimePartitions *partitions, TimestampTz timestamp);
extern TimestampTz PartitionsStart(const TimePartitions *partitions,
								   TimestampTz before, int count);
extern void PartitionRange(const TimePartitions *partitions, Oid partition,
						   TimestampTz *from, TimestampTz *to);

#endif /* INTERACTIONS_PARTITIONS_H */
