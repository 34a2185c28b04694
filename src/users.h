/*
 * users.h
 *	  Registers, names, renames, merges and erases users.
 */
#ifndef INTERACTIONS_USERS_H
#define INTERACTIONS_USERS_H

#include "commands/trigger.h"
#include "span.h"
#include "types.h"
#include "user_rows.h"

/* columns of interactions.users and, in this order, of interactions_v1.users */
enum
{
	USERS_ID,
	USERS_NAME,
	USERS_CREATED_AT,
	NUM_USER_COLUMNS
};

extern const NeededColumn UserColumns[NUM_USER_COLUMNS];	  /* of the table */
extern const NeededColumn KnownUserColumns[NUM_USER_COLUMNS]; /* of the view */

/* the id in a row of the view */
static inline Span
UserId(const Row *row)
{
	return TextSpan(row->values[USERS_ID]);
}

extern bool LookUpUser(Row *row);
extern bool ChangeUser(const TriggerData *trigdata, const Row *old, Row *new,
					   const bool *named);
extern bool InsertUser(const TriggerData *trigdata, Row *row);
extern UserChange EraseUser(Datum user_id);

#endif /* INTERACTIONS_USERS_H */
