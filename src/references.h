/*
 * references.h
 *	  What refers to the registration of a user by foreign keys.
 */
#ifndef INTERACTIONS_REFERENCES_H
#define INTERACTIONS_REFERENCES_H

#include "change_statement.h"

extern void FollowReferences(const Datum *users, const RowsChange *changes);

#endif /* INTERACTIONS_REFERENCES_H */
