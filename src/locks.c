/*
 * locks.c
 *	  The advisory locks on users and on counts, and who takes which in which
 *	  order.
 *
 * They are held to the end of the transaction.
 *
 *	  a transfer, update_user		both users
 *	  a deletion that names a user	that user
 *	  erase_user, delete_user		that user
 *	  any other deletion			all users
 *	  UPDATE or DELETE of the view	all users, since a statement comes to its
 *	  interactions_v1.users			users in any order
 *
 * The lock on all users is taken before that on one: whoever locks one shares
 * it, and whoever locks all has it alone.  Of two users the one with the lower key
 * comes first.  So two calls never wait for each other in a circle; two
 * transactions of several calls may.  Whoever only stores interactions takes
 * none of these locks.
 *
 * A refresh of what is counted of a type locks that type, and nothing else.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "locks.h"
#include "utils/fmgrprotos.h"

/* of our locks, so that they do not meet those of an application */
#define LOCK_SEED UINT64CONST(0x696e746572616374)

static void
Lock(uint64 key)
{
	DirectFunctionCall1(pg_advisory_xact_lock_int8, Int64GetDatum((int64) key));
}

static uint64
LockKey(Span user)
{
	return hash_bytes_extended((const unsigned char *) user.data, user.len,
							   LOCK_SEED);
}

/* Lock two users, or one that is given twice. */
void
LockUsers(Span one, Span other)
{
	uint64 a = LockKey(one);
	uint64 b = LockKey(other);

	DirectFunctionCall1(pg_advisory_xact_lock_shared_int8,
						Int64GetDatum((int64) LOCK_SEED));
	Lock(Min(a, b));
	if (a != b)
		Lock(Max(a, b));
}

/* Lock every user. */
void
LockAllUsers(void)
{
	Lock(LOCK_SEED);
}

/* Lock what is counted of a type. */
void
LockCounts(Span type)
{
	Lock(hash_bytes_extended((const unsigned char *) type.data, type.len,
							 ~LOCK_SEED));
}
