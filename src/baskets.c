/*
 * baskets.c
 *	  Reads a type's interactions, and makes baskets of them.
 *
 * A basket is a run of one user's interactions, each at most a gap of time
 * after the one before.  The rows come by user and time, which is the order of
 * the primary key, and go through a receiver one by one.  Baskets go into a
 * temporary file, so that pairs can be counted in as many passes as memory
 * wants, from rows that were read once.
 */
#include "postgres.h"

#include <math.h>

#include "baskets.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "own_tables.h"
#include "span.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* seconds between two notices of how far the work is */
#define TELL_EVERY 10

/* finds the number of an item by its id */
typedef struct ItemEntry
{
	Span   id;
	uint32 hash;
	uint32 number;
	char   status;
} ItemEntry;

#define HASH_ID(id) hash_bytes((const unsigned char *) (id).data, (id).len)

#define SH_PREFIX itemtable
#define SH_ELEMENT_TYPE ItemEntry
#define SH_KEY_TYPE Span
#define SH_KEY id
#define SH_HASH_KEY(tb, key) HASH_ID(key)
#define SH_EQUAL(tb, a, b) SpansEqual(a, b)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* takes the rows, in order, and puts them into baskets */
typedef struct BasketReceiver
{
	DestReceiver	   pub;
	const BasketRules *rules;
	Baskets			  *baskets;
	itemtable_hash	  *numbers;
	MemoryContext	   context; /* of the baskets, and all that stays */
	MemoryContext	   row;		/* of one row */
	StringInfoData	   user;
	uint32			   nusers;
	TimestampTz		   last;
	uint32			   max_items; /* room for items */
	uint32			   nbaskets;  /* so far, also those left out */
	StringInfoData	   basket;	  /* numbers of items, at most one too many */
} BasketReceiver;

#define BASKET_SIZE(receiver) ((receiver)->basket.len / (int) sizeof(uint32))

/* An array that may be larger than a gigabyte, in the current context. */
void *
AllocateHuge(uint64 count, Size size)
{
	return palloc_extended(mul_size(Max(count, 1), size), MCXT_ALLOC_HUGE);
}

/* Whether it is time to tell how far the work is; to be asked often. */
bool
TimeToTell(Baskets *baskets)
{
	TimestampTz now = GetCurrentTimestamp();

	if (!TimestampDifferenceExceeds(baskets->told, now, TELL_EVERY * 1000))
		return false;
	baskets->told = now;
	return true;
}

/* The item with an id, which is new or was met before. */
static ItemCount *
FindItem(BasketReceiver *receiver, Span id)
{
	Baskets	  *baskets = receiver->baskets;
	bool	   found;
	ItemEntry *entry = itemtable_insert(receiver->numbers, id, &found);
	ItemCount *item;

	if (found)
		return &baskets->items[entry->number];
	if (baskets->nitems == receiver->max_items)
	{
		receiver->max_items *= 2;
		baskets->items =
			repalloc_huge(baskets->items,
						  mul_size(receiver->max_items, sizeof(ItemCount)));
	}
	entry->number = baskets->nitems++;
	item = &baskets->items[entry->number];
	memset(item, 0, sizeof(ItemCount));
	item->number = entry->number;
	item->id = MemoryContextAlloc(receiver->context, VARHDRSZ + id.len);
	SET_VARSIZE(item->id, VARHDRSZ + id.len);
	memcpy(VARDATA(item->id), id.data, id.len);
	entry->id.data = VARDATA(item->id);
	return item;
}

/* End a basket, if one has begun: count it, or leave it out. */
static void
EndBasket(BasketReceiver *receiver)
{
	Baskets *baskets = receiver->baskets;
	uint32	*items = (uint32 *) receiver->basket.data;
	int		 nitems = BASKET_SIZE(receiver);
	uint32	 head[] = {receiver->nusers, nitems};

	if (nitems > receiver->rules->max_items)
		baskets->nleft_out++;
	else if (nitems > 0)
	{
		baskets->nbaskets++;
		for (int i = 0; i < nitems; i++)
		{
			baskets->items[items[i]].baskets++;
			baskets->items[items[i]].found += nitems - 1;
		}
		if (nitems > 1)
		{
			BufFileWrite(baskets->file, head, sizeof(head));
			BufFileWrite(baskets->file, items, nitems * sizeof(uint32));
		}
	}
	resetStringInfo(&receiver->basket);
}

/* Put an item into the basket, unless it is there. */
static void
AddItem(BasketReceiver *receiver, ItemCount *item)
{
	if (item->last_basket == receiver->nbaskets)
		return;
	item->last_basket = receiver->nbaskets;
	if (BASKET_SIZE(receiver) <= receiver->rules->max_items)
		appendBinaryStringInfo(&receiver->basket, (char *) &item->number,
							   sizeof(item->number));
}

/* Take a row: user, time and item. */
static bool
ReceiveInteraction(TupleTableSlot *slot, DestReceiver *self)
{
	BasketReceiver *receiver = (BasketReceiver *) self;
	Baskets		   *baskets = receiver->baskets;
	MemoryContext	oldcontext = MemoryContextSwitchTo(receiver->row);
	TimestampTz		timestamp;
	bool			same_user;
	Span			user;
	ItemCount	   *item;

	slot_getallattrs(slot);
	RequireNoNulls(slot, slot->tts_tupleDescriptor->natts,
				   receiver->rules->type);
	user = TextSpan(slot->tts_values[0]);
	timestamp = DatumGetTimestampTz(slot->tts_values[1]);
	same_user =
		receiver->nusers > 0 &&
		SpansEqual(user, (Span){receiver->user.data, receiver->user.len});

	/* the rows of a user come in order, so that no difference is negative */
	if (!same_user || (uint64) timestamp - (uint64) receiver->last >
						  (uint64) receiver->rules->gap)
	{
		EndBasket(receiver);
		if (receiver->nbaskets++ == PG_UINT32_MAX)
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
							errmsg("too many baskets")));
	}
	if (!same_user)
	{
		resetStringInfo(&receiver->user);
		appendBinaryStringInfo(&receiver->user, user.data, user.len);
		receiver->nusers++;
	}
	receiver->last = timestamp;

	item = FindItem(receiver, TextSpan(slot->tts_values[2]));
	item->interactions++;
	/* what is yet to come counts as what is now */
	item->score += exp2(-Max((double) receiver->rules->now - timestamp, 0) /
						receiver->rules->half_life);
	if (item->last_user != receiver->nusers)
	{
		item->last_user = receiver->nusers;
		item->users++;
	}
	AddItem(receiver, item);

	if (++baskets->ninteractions % 65536 == 0 && TimeToTell(baskets))
		ereport(NOTICE, (errmsg("read " INT64_FORMAT " of %s so far",
								baskets->ninteractions,
								receiver->rules->type->plural)));
	MemoryContextReset(receiver->row);
	MemoryContextSwitchTo(oldcontext);
	return true;
}

/* Send the rows through a receiver. */
static void
ReadRows(BasketReceiver *receiver)
{
	const char		 *table = receiver->rules->type->plural;
	SPIExecuteOptions options = {.dest = &receiver->pub};
	int				  result;

	RequireTable(table);
	options.params = makeParamList(1);
	options.params->params[0] =
		(ParamExternData){.value = TimestampTzGetDatum(receiver->rules->from),
						  .pflags = PARAM_FLAG_CONST,
						  .ptype = TIMESTAMPTZOID};
	result =
		SPI_execute_extended(psprintf("SELECT CAST(user_id AS pg_catalog.text),"
									  " CAST(\"timestamp\" AS pg_catalog.timestamptz),"
									  " CAST(item_id AS pg_catalog.text)"
									  " FROM interactions.%s"
									  " WHERE \"timestamp\" OPERATOR(pg_catalog.>=) $1"
									  " ORDER BY user_id, \"timestamp\"",
									  table),
							 &options);
	if (result != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_extended failed: %s",
			 SPI_result_code_string(result));
}

static int
/* NOLINTNEXTLINE(misc-unused-parameters): core passes it */
CompareItems(const void *a, const void *b, void *arg)
{
	return CompareSpans(TextSpan(PointerGetDatum(((const ItemCount *) a)->id)),
						TextSpan(PointerGetDatum(((const ItemCount *) b)->id)));
}

/* Bring the items into the order of their ids. */
static void
SortItems(Baskets *baskets)
{
	qsort_interruptible(baskets->items, baskets->nitems, sizeof(ItemCount),
						CompareItems, NULL);
	baskets->places = AllocateHuge(baskets->nitems, sizeof(uint32));
	for (uint32 i = 0; i < baskets->nitems; i++)
		baskets->places[baskets->items[i].number] = i;
}

/* Read a type's interactions.  Within SPI. */
Baskets *
ReadBaskets(const BasketRules *rules)
{
	Baskets		  *baskets = palloc0(sizeof(Baskets));
	BasketReceiver receiver =
		{.pub = *None_Receiver,
		 .rules = rules,
		 .baskets = baskets,
		 .numbers = itemtable_create(CurrentMemoryContext, 1024, NULL),
		 .context = CurrentMemoryContext,
		 .row = AllocSetContextCreate(CurrentMemoryContext, "interactions row",
									  ALLOCSET_SMALL_SIZES),
		 .max_items = 1024};

	receiver.pub.receiveSlot = ReceiveInteraction;
	receiver.pub.mydest =
		DestTuplestore; /* of DestNone SPI would say SPI_OK_UTILITY */
	baskets->told = GetCurrentTimestamp();
	baskets->items = AllocateHuge(receiver.max_items, sizeof(ItemCount));
	baskets->file = BufFileCreateTemp(false);
	initStringInfo(&receiver.user);
	initStringInfo(&receiver.basket);
	ReadRows(&receiver);
	EndBasket(&receiver);

	itemtable_destroy(receiver.numbers);
	MemoryContextDelete(receiver.row);
	SortItems(baskets);
	baskets->basket.items = (uint32 *) receiver.basket.data;
	return baskets;
}

/* Begin with the first basket. */
void
RewindBaskets(Baskets *baskets)
{
	if (BufFileSeek(baskets->file, 0, 0, SEEK_SET) != 0)
		ereport(ERROR, (errcode_for_file_access(),
						errmsg("could not rewind a temporary file: %m")));
}

/* Read so many numbers; false where the file has ended before them. */
static bool
ReadFile(BufFile *file, uint32 *data, size_t count)
{
	size_t size = BufFileRead(file, data, count * sizeof(uint32));

	if (size != 0 && size != count * sizeof(uint32))
		ereport(ERROR, (errcode_for_file_access(),
						errmsg("could not read a temporary file: %m")));
	return size != 0;
}

/* The next basket of two items or more, or NULL. */
const Basket *
NextBasket(Baskets *baskets)
{
	Basket *basket = &baskets->basket;
	uint32	head[2];

	if (!ReadFile(baskets->file, head, lengthof(head)))
		return NULL;
	basket->user = head[0];
	basket->nitems = head[1];
	if (!ReadFile(baskets->file, basket->items, basket->nitems))
		elog(ERROR, "unexpected end of a temporary file");
	for (uint32 i = 0; i < basket->nitems; i++)
		basket->items[i] = baskets->places[basket->items[i]];
	return basket;
}
