/*
 * pairs.c
 *	  Counts the pairs of items in baskets, and keeps the best of each item.
 *
 * What is in the baskets of an item is written down, basket after basket; then
 * the others are counted item by item, in one counter for each.  Where
 * maintenance_work_mem does not hold what is to be written down of all items,
 * some are done in one pass over the baskets, and others in the next.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "pairs.h"
#include "utils/builtins.h"

/* stands between the baskets of one user and those of the next */
#define NEXT_USER PG_UINT32_MAX

/* in what an item is found together with another */
typedef struct Together
{
	uint32 baskets;
	uint32 users;
	uint32 last_user; /* of those of the item, by number */
} Together;

/* counts the others of an item */
typedef struct Counter
{
	Together *together; /* with each item; zeros but for those that were met */
	uint32	 *met;
	uint32	  nmet;
	uint32	  user;
} Counter;

/* what is written down in a pass, of the items from first to last */
typedef struct Pass
{
	uint32	first;
	uint32	last;
	bool	direct;	 /* nothing: the only item is counted at once */
	uint32 *entries; /* the others, by number, and NEXT_USER */
	uint64 *ends;	 /* of the entries of each item */
	uint32 *users;	 /* the last of each item */
} Pass;

static void
CountEntry(Counter *counter, uint32 entry)
{
	Together *together;

	if (entry == NEXT_USER)
	{
		counter->user++;
		return;
	}
	together = &counter->together[entry];
	if (together->baskets++ == 0)
		counter->met[counter->nmet++] = entry;
	if (together->last_user != counter->user)
	{
		together->last_user = counter->user;
		together->users++;
	}
}

/* Write down, or count at once, what an item is with in a basket. */
static void
AddBasket(Pass *pass, Counter *counter, uint32 item, const Basket *basket)
{
	uint32 place = item - pass->first;

	if (pass->users[place] != basket->user)
	{
		pass->users[place] = basket->user;
		if (pass->direct)
			CountEntry(counter, NEXT_USER);
		else
			pass->entries[pass->ends[place]++] = NEXT_USER;
	}
	for (uint32 i = 0; i < basket->nitems; i++)
	{
		if (basket->items[i] == item)
			continue;
		if (pass->direct)
			CountEntry(counter, basket->items[i]);
		else
			pass->entries[pass->ends[place]++] = basket->items[i];
	}
}

/*
 * Dunning's ratio: how little two items that are in so many of the baskets,
 * and together in so many, look as if they had nothing to do with each other.
 *
 * It is twice the sum, over the four cells of the table, of k ln(k / e), where
 * e is the count to expect.  All four differ from what is to be expected by the
 * same, so that no digits are lost where k / e is near 1.
 */
double
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
static int
CompareScores(const void *a, const void *b)
{
	const OtherItem *one = a;
	const OtherItem *other = b;

	if (one->llr != other->llr)
		return one->llr > other->llr ? -1 : 1;
	return one->number < other->number ? -1 : 1;
}

static int
CompareNumbers(const void *a, const void *b)
{
	return ((const OtherItem *) a)->number < ((const OtherItem *) b)->number
			   ? -1
			   : 1;
}

/*
 * Of the others that were met keep those that are in more baskets than chance
 * would have it, and of these the best; forget what was counted.  Returns how
 * many, in the order of ids.
 */
static uint32
KeepBest(const Baskets *baskets, Counter *counter, uint32 item, uint32 kept,
		 OtherItem *others)
{
	uint32 one = baskets->items[item].baskets;
	uint32 nothers = 0;

	for (uint32 i = 0; i < counter->nmet; i++)
	{
		uint32	  number = counter->met[i];
		uint32	  other = baskets->items[number].baskets;
		Together *together = &counter->together[number];

		if ((uint64) together->baskets * baskets->nbaskets >
			(uint64) one * other)
			others[nothers++] =
				(OtherItem){.number = number,
							.baskets = together->baskets,
							.users = together->users,
							.llr = LogLikelihoodRatio(together->baskets, one,
													  other,
													  baskets->nbaskets)};
		*together = (Together){0};
	}
	counter->nmet = counter->user = 0;
	if (nothers > kept)
	{
		qsort(others, nothers, sizeof(OtherItem), CompareScores);
		nothers = kept;
	}
	qsort(others, nothers, sizeof(OtherItem), CompareNumbers);
	return nothers;
}

/*
 * Begin a pass with an item: as many as memory holds what is written down of,
 * or one.  Returns whether there is an item left.
 */
static bool
BeginPass(Pass *pass, const Baskets *baskets, uint32 first)
{
	uint64 max_entries = maintenance_work_mem * UINT64CONST(1024) /
						 sizeof(uint32);
	uint64 nentries = 0;

	if (first == baskets->nitems)
		return false;
	pass->first = pass->last = first;
	for (uint32 i = first; i < baskets->nitems; i++)
	{
		nentries += baskets->items[i].entries;
		if (nentries > max_entries && i > first)
			break;
		pass->last = i;
	}
	pass->direct = baskets->items[first].entries > max_entries;
	if (pass->direct)
		nentries = 0;

	pass->entries = AllocateHuge(nentries, sizeof(uint32));
	pass->ends = AllocateHuge(pass->last - first + 1, sizeof(uint64));
	pass->users = AllocateHuge(pass->last - first + 1, sizeof(uint32));
	nentries = 0;
	for (uint32 i = first; i <= pass->last; i++)
	{
		pass->ends[i - first] = nentries;
		pass->users[i - first] = 0;
		nentries += baskets->items[i].entries;
	}
	return true;
}

/* Go through the baskets. */
static void
ReadPass(Pass *pass, Baskets *baskets, Counter *counter)
{
	const Basket *basket;

	RewindBaskets(baskets);
	while ((basket = NextBasket(baskets)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		for (uint32 i = 0; i < basket->nitems; i++)
		{
			if (basket->items[i] >= pass->first &&
				basket->items[i] <= pass->last)
				AddBasket(pass, counter, basket->items[i], basket);
		}
	}
}

/* Count the pairs, and give away the best others of each item. */
void
CountPairs(Baskets *baskets, int kept, TakeOthers take, void *arg)
{
	uint32	   nitems = baskets->nitems;
	Counter	   counter = {.together = AllocateHuge(nitems, sizeof(Together)),
						  .met = AllocateHuge(nitems, sizeof(uint32))};
	OtherItem *others = AllocateHuge(nitems, sizeof(OtherItem));
	Pass	   pass;

	memset(counter.together, 0, nitems * sizeof(Together));
	for (uint32 next = 0; BeginPass(&pass, baskets, next); next = pass.last + 1)
	{
		uint64 entry = 0;

		ReadPass(&pass, baskets, &counter);
		for (uint32 item = next; item <= pass.last; item++)
		{
			CHECK_FOR_INTERRUPTS();
			/* there is room for more than were written down */
			for (uint64 i = entry; i < pass.ends[item - next]; i++)
				CountEntry(&counter, pass.entries[i]);
			if (!pass.direct)
				entry += baskets->items[item].entries;
			if (counter.nmet > 0)
				take(arg, item, others,
					 KeepBest(baskets, &counter, item, kept, others));
			if (TimeToTell(baskets))
				ereport(NOTICE,
						(errmsg("counted the pairs of %u of %u items so far",
								item + 1, nitems)));
		}
		pfree(pass.entries);
		pfree(pass.ends);
		pfree(pass.users);
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
