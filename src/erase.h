/*
 * erase.h
 *	  Erases a person's data.
 */
#ifndef INTERACTIONS_ERASE_H
#define INTERACTIONS_ERASE_H

extern bool EraseUser(Datum user_id, int64 *erased);

#endif /* INTERACTIONS_ERASE_H */
