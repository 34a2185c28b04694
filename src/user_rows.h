/*
 * user_rows.h
 *	  Moves or removes the rows of a user; raises where a policy or a trigger
 *	  left one.
 */
#ifndef INTERACTIONS_USER_ROWS_H
#define INTERACTIONS_USER_ROWS_H

#include "datatype/timestamp.h"

#include "compat.h"
#include "user_rows_sql.h"

typedef struct UserChange
{
	Datum users[2]; /* whose rows, and who gets them */
	RowsChange changes[NUM_USER_TABLES];
	/* of a type that moves, the times of the oldest and the newest row: other
	 * partitions are spared, unless tables are tied */
	TimestampTz oldest[NUM_TYPES];
	TimestampTz newest[NUM_TYPES];
	int64 moved[NUM_USER_TABLES];
	int64 removed[NUM_USER_TABLES]; /* of what moves, the duplicates */
} UserChange;

extern bool HasRows(int table, Datum user);
extern void ChangeRows(UserChange *change);

#endif /* INTERACTIONS_USER_ROWS_H */
