/*
 * transfer.h
 *	  Moves all that one user did to another.
 */
#ifndef INTERACTIONS_TRANSFER_H
#define INTERACTIONS_TRANSFER_H

#include "span.h"

#define ERRCODE_UNKNOWN_USER MAKE_SQLSTATE('P', 'T', '4', '0', '4')

extern bool TransferInteractions(Span from, Span to, bool delete_user,
								 int64 *transferred, int64 *duplicates);

#endif /* INTERACTIONS_TRANSFER_H */
