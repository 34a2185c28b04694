/*
 * pairs.c
 *	  Counts the pairs of items in baskets, and keeps the best of each item.
 *
 * A pass over the baskets writes down what each item is found with; then the
 * others are counted item by item.  Where maintenance_work_mem does not hold
 * what is found of all items, some are done in one pass, others in the next.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "pairs.h"
#include "utils/builtins.h"

/* an item that is found in a basket of another */
typedef struct Found
{
	uint32 other;
	uint32 user; /* whose basket it is */
} Found;

/* what a pass over the baskets finds, of some items */
typedef struct Pass
{
	uint32	end;   /* the item after the last of them */
	Found  *found; /* of one item after another, in the order of users */
	uint64 *ends;  /* of what is found of each item */
} Pass;

/* counts the others of an item */
typedef struct Counter
{
	OtherItem *others;
	uint32	   nothers;
	uint32	  *places; /* of each item among the others, from 1; 0 is nowhere */
} Counter;

/*
 * Dunning's ratio: how little two items that are in so many of the baskets,
 * and together in so many, look as if they had nothing to do with each other.
 *
 * It is twice the sum, over the four cells of the table, of k ln(k / e), where
 * e is the count to expect.  All four differ from what is to be expected by the
 * same, so that no digits are lost where k / e is near 1.
 */
static double
LogLikelihoodRatio(int64 both, int64 one, int64 other, int64 total)
{
	double rows[] = {one, (double) total - one};
	double columns[] = {other, (double) total - other};
	double cells[2][2] = {{both, (double) one - both},
						  {(double) other - both,
						   (double) total - one - other + both}};
	double excess = (double) both * total - (double) one * other;
	double sum = 0;

	for (int i = 0; i < 2; i++)
	{
		for (int j = 0; j < 2; j++)
		{
			if (cells[i][j] > 0)
				sum += cells[i][j] * log1p((i == j ? excess : -excess) /
										   (rows[i] * columns[j]));
		}
	}
	return Max(2 * sum, 0);
}

/* The best first; of equals the one whose id comes first. */
static inline int
CompareScores(const OtherItem *a, const OtherItem *b)
{
	if (a->llr != b->llr)
		return a->llr > b->llr ? -1 : 1;
	return a->number < b->number ? -1 : 1;
}

#define ST_SORT SortByScore
#define ST_ELEMENT_TYPE OtherItem
#define ST_COMPARE(a, b) CompareScores(a, b)
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* Count the others of an item. */
static void
CountOthers(Counter *counter, const Found *found, uint64 nfound)
{
	for (uint64 i = 0; i < nfound; i++)
	{
		uint32	  *place = &counter->places[found[i].other];
		OtherItem *other;

		if (*place == 0)
		{
			counter->others[counter->nothers++] =
				(OtherItem){.number = found[i].other};
			*place = counter->nothers;
		}
		other = &counter->others[*place - 1];
		other->baskets++;
		if (other->last_user != found[i].user)
		{
			other->last_user = found[i].user;
			other->users++;
		}
	}
}

/*
 * Of the others of an item keep those that are in more baskets than chance
 * would have it, and of these the best.
 */
static void
KeepBest(Counter *counter, const Baskets *baskets, uint32 item, uint32 kept)
{
	OtherItem *others = counter->others;
	uint64	   one = baskets->items[item].baskets;
	uint32	   nothers = 0;

	for (uint32 i = 0; i < counter->nothers; i++)
	{
		OtherItem other = others[i];
		uint64	  other_baskets = baskets->items[other.number].baskets;

		counter->places[other.number] = 0;
		if ((uint64) other.baskets * baskets->nbaskets <= one * other_baskets)
			continue;
		other.llr = LogLikelihoodRatio(other.baskets, one, other_baskets,
									   baskets->nbaskets);
		others[nothers++] = other;
	}
	if (nothers > kept)
	{
		SortByScore(others, nothers);
		nothers = kept;
	}
	counter->nothers = nothers;
}

/*
 * Find what the items from first on are together with: as many items as
 * maintenance_work_mem holds that of, at least one.
 */
static void
ReadPass(Pass *pass, Baskets *baskets, uint32 first)
{
	const ItemCount *items = baskets->items;
	uint64 max_found = maintenance_work_mem * UINT64CONST(1024) / sizeof(Found);
	uint64 nfound = 0;
	const Basket *basket;

	pass->end = first;
	do
		nfound += items[pass->end++].found;
	while (pass->end < baskets->nitems &&
		   nfound + items[pass->end].found <= max_found);
	pass->found = AllocateHuge(nfound, sizeof(Found));
	pass->ends = AllocateHuge(pass->end - first, sizeof(uint64));
	nfound = 0;
	for (uint32 item = first; item < pass->end; item++)
	{
		pass->ends[item - first] = nfound;
		nfound += items[item].found;
	}

	RewindBaskets(baskets);
	while ((basket = NextBasket(baskets)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		for (uint32 i = 0; i < basket->nitems; i++)
		{
			uint32 item = basket->items[i];

			if (item < first || item >= pass->end)
				continue;
			for (uint32 j = 0; j < basket->nitems; j++)
			{
				if (j != i)
					pass->found[pass->ends[item - first]++] =
						(Found){basket->items[j], basket->user};
			}
		}
	}
}

/* Count the pairs, and give away the best of each item. */
void
CountPairs(Baskets *baskets, int kept, TakePair take, void *arg)
{
	uint32	nitems = baskets->nitems;
	Counter counter = {.others = AllocateHuge(nitems, sizeof(OtherItem)),
					   .places = AllocateHuge(nitems, sizeof(uint32))};
	Pass	pass;

	memset(counter.places, 0, nitems * sizeof(uint32));
	for (uint32 first = 0; first < nitems; first = pass.end)
	{
		uint64 begin = 0;

		ReadPass(&pass, baskets, first);
		for (uint32 item = first; item < pass.end; item++)
		{
			uint64 end = pass.ends[item - first];

			CHECK_FOR_INTERRUPTS();
			counter.nothers = 0;
			CountOthers(&counter, pass.found + begin, end - begin);
			KeepBest(&counter, baskets, item, kept);
			for (uint32 i = 0; i < counter.nothers; i++)
				take(arg, &baskets->items[item], &counter.others[i]);
			begin = end;
			if (TimeToTell(baskets))
				ereport(NOTICE,
						(errmsg("counted the pairs of %u of %u items so far",
								item + 1, nitems)));
		}
		pfree(pass.found);
		pfree(pass.ends);
	}
}

/* log_likelihood_ratio(baskets, item_baskets, other_baskets, total_baskets) */
PG_FUNCTION_INFO_V1(log_likelihood_ratio);
Datum
log_likelihood_ratio(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(LogLikelihoodRatio(PG_GETARG_INT64(0), PG_GETARG_INT64(1),
										PG_GETARG_INT64(2),
										PG_GETARG_INT64(3)));
}
