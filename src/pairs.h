/*
 * pairs.h
 *	  Counts the pairs of items in baskets.
 */
#ifndef INTERACTIONS_PAIRS_H
#define INTERACTIONS_PAIRS_H

#include "baskets.h"

/* what an item goes together with, and how often */
typedef struct OtherItem
{
	uint32 number;
	uint32 baskets;
	uint32 users;
	uint32 last_user;
	double llr;
} OtherItem;

/* takes a pair; the items come in the order of their ids */
typedef void (*TakePair)(void *arg, const ItemCount *item,
						 const OtherItem *other);

extern void CountPairs(Baskets *baskets, int kept, TakePair take, void *arg);

#endif /* INTERACTIONS_PAIRS_H */
