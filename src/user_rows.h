/*
 * user_rows.h
 *	  Changes to all rows of a user, of which none is kept back unseen.
 */
#ifndef INTERACTIONS_USER_ROWS_H
#define INTERACTIONS_USER_ROWS_H

#include "datatype/timestamp.h"

#include "user_rows_sql.h"
#include "compat.h"

typedef struct UserChange
{
	Datum users[2]; /* whose rows, and who gets them */
	RowsChange changes[NUM_USER_TABLES];
	/* of a type that moves, the times between which the rows lie: so the change
	 * comes only to the partitions of these, unless tables are tied */
	TimestampTz oldest[NUM_TYPES];
	TimestampTz newest[NUM_TYPES];
	int64 moved[NUM_USER_TABLES];
	int64 removed[NUM_USER_TABLES]; /* of what moves, the duplicates */
} UserChange;

extern bool HasRows(int table, Datum user);
extern void ChangeRows(UserChange *change);

#endif /* INTERACTIONS_USER_ROWS_H */
