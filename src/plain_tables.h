/*
 * plain_tables.h
 *	  Tables in which a batch may be stored past the executor.
 */
#ifndef INTERACTIONS_PLAIN_TABLES_H
#define INTERACTIONS_PLAIN_TABLES_H

#include "batch.h"
#include "executor/spi.h"
#include "nodes/execnodes.h"
#include "partitions.h"

typedef struct PlainIndex
{
	Relation rel;
	struct IndexInfo *info;
} PlainIndex;

/* a table, and the rows of the batch that go there */
typedef struct PlainTable
{
	Relation rel;
	PlainIndex *indexes;
	int nindexes;
	Batch rows;
} PlainTable;

extern List *OpenPlainTables(const Batch *batch, Relation target,
							 TimePartitions *partitions, SPIPlanPtr insert);
extern void ClosePlainTables(List *tables);

#endif /* INTERACTIONS_PLAIN_TABLES_H */
