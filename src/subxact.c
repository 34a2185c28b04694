/*
 * subxact.c
 *	  Attempts: jobs that may fail in one expected way.
 *
 * After an error core wants the subtransaction aborted before anything else is
 * run: locks, buffers and snapshots that the job took
 * are still held, and its rows are half written.  So whatever the error is, it
 * is copied out of the way, the subtransaction rolled back, and memory context
 * and resource owner are put back; only then is it looked at.  One that was
 * expected is forgotten.  Any other is thrown on as it was: a cancel, a
 * time-out, a deadlock or a full disk is the caller's, and the caller finds
 * the transaction in the state in which any failed statement leaves it, so
 * that a block of PL/pgSQL may catch it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "subxact.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

/*
 * Do a job in a subtransaction.  False, and nothing has changed, where it
 * fails with an error that is expected.
 */
bool
Attempt(void (*job)(void *), void *arg,
		bool (*expected)(const ErrorData *error))
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		job(arg);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;

	if (error == NULL)
		return true;
	if (!expected(error))
		ReThrowError(error);
	FreeErrorData(error);
	return false;
}

/* Whether a row, or one that shares a unique key with it, is stored already. */
bool
IsUniqueViolation(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_UNIQUE_VIOLATION;
}
