/*
 * transfer.h
 *	  Moves all that one user did to another.
 */
#ifndef INTERACTIONS_TRANSFER_H
#define INTERACTIONS_TRANSFER_H

#include "user_rows.h"

#define ERRCODE_UNKNOWN_USER MAKE_SQLSTATE('P', 'T', '4', '0', '4')

extern bool TransferInteractions(UserChange *change, bool delete_user);

#endif /* INTERACTIONS_TRANSFER_H */
