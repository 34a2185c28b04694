/*
 * subxact.c
 *	  Attempts: jobs that may fail in one expected way.
 *
 * What core promises after an error is that the subtransaction is aborted
 * before anything else is run: locks, buffers and snapshots that the job took
 * are still held, and its rows are half written.  So whatever the error is, it
 * is copied out of the way, the subtransaction rolled back, and memory context
 * and resource owner are put back; only then is it looked at.  One that was
 * expected is forgotten.  Any other is thrown on as it was: a cancel, a
 * time-out, a deadlock or a full disk is the caller's, and the caller finds
 * the transaction in the state in which any failed statement leaves it, so
 * that a block of PL/pgSQL may catch it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_index.h"
#include "subxact.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/syscache.h"

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

/*
 * The same of rows that are in shards.  COPY, as which INSERT takes many there,
 * raises all errors of a shard as XX000, and refuses policies; what the error
 * is, another statement has to find out.
 */
bool
IsShardViolation(const ErrorData *error)
{
	return IsUniqueViolation(error) ||
		   error->sqlerrcode == ERRCODE_INTERNAL_ERROR ||
		   error->sqlerrcode == ERRCODE_FEATURE_NOT_SUPPORTED;
}

/* Whether it is the primary key of a table; a shard does not tell which. */
bool
IsKeyViolation(const ErrorData *error)
{
	HeapTuple tuple;
	Oid		  index;
	bool	  result;

	if (!IsUniqueViolation(error) || error->schema_name == NULL ||
		error->constraint_name == NULL)
		return false;
	index = get_relname_relid(error->constraint_name,
							  get_namespace_oid(error->schema_name, true));
	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
	if (!HeapTupleIsValid(tuple))
		return false;
	result = ((Form_pg_index) GETSTRUCT(tuple))->indisprimary;
	ReleaseSysCache(tuple);
	return result;
}
