/*
 * users.h
 *	  Registers, names, renames, merges and erases users.
 */
#ifndef INTERACTIONS_USERS_H
#define INTERACTIONS_USERS_H

#include "changes.h"
#include "commands/trigger.h"
#include "span.h"
#include "types.h"

/* columns of interactions.users and, in this order, of interactions_v1.users */
enum
{
	USER_ID,
	NAME,
	CREATED_AT,
	NUM_COLUMNS
};

extern const NeededColumn UserColumns[NUM_COLUMNS];		 /* of the table */
extern const NeededColumn KnownUserColumns[NUM_COLUMNS]; /* of the view */

/* a row of the view */
typedef struct UserRow
{
	Datum values[NUM_COLUMNS];
	bool isnull[NUM_COLUMNS];
} UserRow;

static inline Span
UserId(const UserRow *row)
{
	return TextSpan(row->values[USER_ID]);
}

extern bool LookUpUser(UserRow *row);
extern bool SameUser(const UserRow *a, const UserRow *b);
extern bool ChangeUser(const TriggerData *trigdata, const UserRow *old,
					   UserRow *new, const bool *named);
extern bool InsertUser(const TriggerData *trigdata, UserRow *row);
extern UserChange EraseUser(Datum user_id);

#endif /* INTERACTIONS_USERS_H */
