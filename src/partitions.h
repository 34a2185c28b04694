/*
 * partitions.h
 *	  Tables that are partitioned by time.
 */
#ifndef INTERACTIONS_PARTITIONS_H
#define INTERACTIONS_PARTITIONS_H

#include "datatype/timestamp.h"
#include "partitioning/partdesc.h"
#include "utils/relcache.h"

/* as core describes them; numbered in the order of time, the default one last */
typedef const struct PartitionDescData TimePartitions;

extern TimePartitions *FindTimePartitions(Relation rel);
extern int PartitionAt(TimePartitions *partitions, TimestampTz timestamp);
extern TimestampTz PartitionsStart(TimePartitions *partitions,
								   TimestampTz before, int count);
extern void PartitionRange(TimePartitions *partitions, Oid partition,
						   TimestampTz *from, TimestampTz *to);
extern bool PartitionsMayHold(TimePartitions *partitions, TimestampTz from,
							  TimestampTz to, const char *column, Datum id);

#endif /* INTERACTIONS_PARTITIONS_H */
