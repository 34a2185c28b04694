/*
 * changes.h
 *	  Changes to all rows of a user, of which none is kept back unseen.
 */
#ifndef INTERACTIONS_CHANGES_H
#define INTERACTIONS_CHANGES_H

#include "executor/spi.h"

#include "compat.h"

extern const char *MoveStatement(const char *table);
extern const char *RemoveStatement(const char *table);
extern int64 ChangeAll(SPIPlanPtr plan, int nargs, Datum *users,
					   const char *table);
extern bool HidesRows(const char *table);
pg_noreturn extern void ReportKeptRows(const char *table);

#endif /* INTERACTIONS_CHANGES_H */
