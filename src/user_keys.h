/*
 * user_keys.h
 *	  What refers to the registration of a user by foreign keys.
 */
#ifndef INTERACTIONS_USER_KEYS_H
#define INTERACTIONS_USER_KEYS_H

#include "user_rows_sql.h"

extern void FollowReferences(const Datum *users, const RowsChange *changes);

#endif /* INTERACTIONS_USER_KEYS_H */
