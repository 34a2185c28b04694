/*
 * locks.h
 *	  The advisory locks on users.
 */
#ifndef INTERACTIONS_LOCKS_H
#define INTERACTIONS_LOCKS_H

#include "span.h"

extern void LockUsers(Span one, Span other);
extern void LockAllUsers(void);

#endif /* INTERACTIONS_LOCKS_H */
