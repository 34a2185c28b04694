/*
 * user_rows_sql.h
 *	  The statements that move or remove all rows of a user, as SQL.
 */
#ifndef INTERACTIONS_USER_ROWS_SQL_H
#define INTERACTIONS_USER_ROWS_SQL_H

#include "user_tables.h"

/* what is to become of a user's rows in a table */
typedef enum RowsChange
{
	ROWS_STAY,
	ROWS_MOVE, /* to the other user, but for what he has already */
	ROWS_GO
} RowsChange;

/* arguments: whose rows, who gets them, between which times interactions lie */
#define NUM_CHANGE_ARGS 4

/* what a statement tells of a table, in its columns */
enum
{
	COUNT_TABLE = 1,
	COUNT_FOUND,
	COUNT_REMOVED,
	COUNT_MOVED,
	COUNT_STRAYED, /* what came back under an id that is not the target's */
	MOVED_KEYS	   /* first of three arrays, where several tables change */
};

extern const char *DuplicateRows(int table, bool copy, const char *end);
extern const char *OtherColumns(const char *table);
extern const char *ChangeStatement(const RowsChange *changes, int first,
								   int last, bool copy);

#endif /* INTERACTIONS_USER_ROWS_SQL_H */
