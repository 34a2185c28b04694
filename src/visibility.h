/*
 * visibility.h
 *	  Whether a snapshot shows a table, with its partitions, as it is now.
 */
#ifndef INTERACTIONS_VISIBILITY_H
#define INTERACTIONS_VISIBILITY_H

#include "utils/relcache.h"

/* what changed a table or its partitions last, as long as nothing changes */
typedef struct NewestChange
{
	uint32 nchanges;
	TransactionId xid;
} NewestChange;

extern void WatchTables(void);
extern uint32 TableChanges(void);
extern bool SnapshotShows(Relation rel, NewestChange *newest, bool *renewed);

#endif /* INTERACTIONS_VISIBILITY_H */
