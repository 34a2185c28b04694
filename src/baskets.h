/*
 * baskets.h
 *	  What a type's table holds, as baskets of items.
 */
#ifndef INTERACTIONS_BASKETS_H
#define INTERACTIONS_BASKETS_H

#include "datatype/timestamp.h"
#include "storage/buffile.h"
#include "types.h"

typedef struct ItemCount
{
	text *id;
	uint32 number;	/* as the file has it */
	uint32 baskets; /* without those that are left out */
	uint32 users;
	int64 interactions;
	double score;
	uint64 found; /* items of its baskets but itself, so many Found are written */
	uint32 last_user;
	uint32 last_basket;
} ItemCount;

/* how to make baskets of interactions */
typedef struct BasketRules
{
	const InteractionType *type;
	TimestampTz from; /* older interactions do not count */
	int64 gap;		  /* largest within a basket, in microseconds */
	int max_items;	  /* of a basket; larger ones are left out */
	TimestampTz now;  /* of the scores */
	double half_life; /* of the scores, in microseconds */
} BasketRules;

/* a basket, its items by number */
typedef struct Basket
{
	uint32 user;
	uint32 nitems;
	uint32 *items;
} Basket;

typedef struct Baskets
{
	ItemCount *items; /* in the order of their ids */
	uint32 nitems;
	int64 ninteractions;
	uint32 nbaskets; /* without those that are left out */
	uint32 nleft_out;
	BufFile *file;	  /* those of two items or more, in the order of users */
	uint32 *places;	  /* of the items, by the numbers that the file has */
	Basket basket;	  /* the one that was read last */
	TimestampTz told; /* when it was last told how far the work is */
} Baskets;

extern Baskets *ReadBaskets(const BasketRules *rules);
extern void RewindBaskets(Baskets *baskets);
extern const Basket *NextBasket(Baskets *baskets);
extern void *AllocateHuge(uint64 count, Size size);
extern bool TimeToTell(Baskets *baskets);

#endif /* INTERACTIONS_BASKETS_H */
