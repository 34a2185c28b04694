/*
 * running.c
 *	  What triggers keep of a statement while it runs.
 *
 * A trigger before the statement begins it, those of its rows find it, and one
 * after the statement may end it.  Statements that run within others, by way
 * of triggers and functions, are in a list of which the innermost comes first.
 *
 * It leaves the list with the memory in which it lives, however that ends.
 */
#include "postgres.h"

#include "running.h"
#include "utils/memutils.h"

static void
Unlink(void *arg)
{
	Running *running = arg;

	for (Running **link = running->list; *link != NULL; link = &(*link)->outer)
	{
		if (*link == running)
		{
			*link = running->outer;
			return;
		}
	}
}

/*
 * Begin to keep something of size bytes, zeros behind its first member, for a
 * statement that changes a relation, as long as the memory context parent.
 */
void *
BeginRunning(Running **list, Oid relid, Size size, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent,
												  "interactions statement",
												  ALLOCSET_SMALL_SIZES);
	Running		 *running = MemoryContextAllocZero(context, size);

	running->outer = *list;
	running->list = list;
	running->relid = relid;
	running->context = context;
	running->unlink.func = Unlink;
	running->unlink.arg = running;
	MemoryContextRegisterResetCallback(context, &running->unlink);
	*list = running;
	return running;
}

/* What is kept of the innermost statement that changes a relation, or NULL. */
void *
FindRunning(Running *list, Oid relid)
{
	while (list != NULL && list->relid != relid)
		list = list->outer;
	return list;
}

/* Forget what is kept. */
void
EndRunning(void *running)
{
	MemoryContextDelete(((Running *) running)->context);
}
