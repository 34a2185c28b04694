/*
 * user_tables.h
 *	  The tables whose rows bear a user, what ties these rows to each other, and
 *	  locks on them.
 */
#ifndef INTERACTIONS_USER_TABLES_H
#define INTERACTIONS_USER_TABLES_H

#include "types.h"

/* the tables of which each row bears a user_id: first those of the types */
enum
{
	TABLE_RECOMMENDATIONS = NUM_TYPES,
	TABLE_USERS,
	NUM_USER_TABLES
};

extern const char *TableName(int table);
extern int TableOf(Oid relid);
extern bool AreTied(void);
extern int64 LockRowsOf(int table, Datum user_id);

#endif /* INTERACTIONS_USER_TABLES_H */
