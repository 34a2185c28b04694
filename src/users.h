/*
 * users.h
 *	  Registers, names, renames and merges users.
 */
#ifndef INTERACTIONS_USERS_H
#define INTERACTIONS_USERS_H

#include "commands/trigger.h"
#include "span.h"

/* columns of interactions.users and, in this order, of interactions_v1.users */
enum
{
	USER_ID,
	NAME,
	CREATED_AT,
	NUM_COLUMNS
};

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

#endif /* INTERACTIONS_USERS_H */
