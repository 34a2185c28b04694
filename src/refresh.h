/*
 * refresh.h
 *	  The tables of counts.
 */
#ifndef INTERACTIONS_REFRESH_H
#define INTERACTIONS_REFRESH_H

#include "executor/spi.h"
#include "types.h"

typedef struct CountsTable
{
	const char *name;
	int ncolumns;
	NeededColumn columns[MAX_COLUMNS];
	SPIPlanPtr insert;
} CountsTable;

extern CountsTable ItemPairs;
extern CountsTable ItemPopularity;

#endif /* INTERACTIONS_REFRESH_H */
