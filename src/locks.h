/*
 * locks.h
 *	  The advisory locks on users and on counts.
 */
#ifndef INTERACTIONS_LOCKS_H
#define INTERACTIONS_LOCKS_H

#include "span.h"

extern void LockUsers(Span one, Span other);
extern void LockAllUsers(void);
extern void LockCounts(Span type);

#endif /* INTERACTIONS_LOCKS_H */
