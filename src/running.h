/*
 * running.h
 *	  What triggers keep of a statement while it runs.
 */
#ifndef INTERACTIONS_RUNNING_H
#define INTERACTIONS_RUNNING_H

#include "utils/palloc.h"

/* the first member of what is kept */
typedef struct Running
{
	struct Running *outer; /* of the statement in which this one runs */
	struct Running **list;
	Oid relid;			   /* of the relation that the statement changes */
	MemoryContext context; /* of all that is kept */
	MemoryContextCallback unlink;
} Running;

extern void *BeginRunning(Running **list, Oid relid, Size size,
						  MemoryContext parent);
extern void *FindRunning(Running *list, Oid relid);
extern void EndRunning(void *running);

#endif /* INTERACTIONS_RUNNING_H */
