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
	double llr;
} OtherItem;

/* takes the others of an item, in the order of their ids */
typedef void (*TakeOthers)(void *arg, uint32 number, const OtherItem *others,
						   uint32 nothers);

extern double LogLikelihoodRatio(int64 both, int64 one, int64 other,
								 int64 total);
extern void CountPairs(Baskets *baskets, int kept, TakeOthers take, void *arg);

#endif /* INTERACTIONS_PAIRS_H */
