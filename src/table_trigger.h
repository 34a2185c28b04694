/*
 * table_trigger.h
 *	  The triggers that hold the rules on the tables.
 */
#ifndef INTERACTIONS_TABLE_TRIGGER_H
#define INTERACTIONS_TABLE_TRIGGER_H

#include "fmgr.h"
#include "types.h"
#include "utils/palloc.h"
#include "utils/relcache.h"

/* the row as the trigger let it pass, by which its INSERT finds what it met */
typedef struct PassedRow
{
	const InteractionType *type;
	MemoryContext context; /* of what the values point to */
	bool seen;			   /* whether a row came by */
	bool others_follow;	   /* whether other triggers saw it later */
	Row row;
	CommandId command; /* that is to store it */
	struct PassedRow *outer;
} PassedRow;

extern Datum CheckRow(FunctionCallInfo fcinfo, const NeededColumn *columns,
					  int ncolumns);
extern bool HasOtherTrigger(Relation rel, int16 fires,
							const InteractionType *type);
extern void ExpectRow(PassedRow *row);
extern void EndExpectation(PassedRow *row);

#endif /* INTERACTIONS_TABLE_TRIGGER_H */
