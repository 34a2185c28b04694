/*
 * batch.c
 *	  Collects interactions of one type, and stores them with one statement.
 *
 * The rows are sorted by the primary key.  The order makes the index cheap to
 * extend, and is the same for every batch, so that two of them cannot
 * deadlock.
 */
#include "postgres.h"

#include "executor/tuptable.h"
#include "interactions.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/memutils.h"
#include "utils/queryenvironment.h"
#include "utils/tuplestore.h"

/* a row to be sorted, with what mostly decides */
typedef struct SortItem
{
	uint64 prefix; /* of user_id, after what all rows have in common */
	TimestampTz timestamp;
	MinimalTuple tuple;
} SortItem;

struct Batch
{
	const InteractionType *type;
	TupleDesc tupdesc;
	MemoryContext context; /* of the tuples, emptied when they are stored */
	SortItem *items;
	int64 nrows;
	int64 maxrows;
	int64 nsent; /* rows that the statement which stores them has come to */
	int common;	 /* bytes that each user_id begins with */
	int longest; /* bytes of the longest user_id */
};

/* the batch that is being stored; NULL where none is, and after a nested one */
static Batch *storing = NULL;

static int
CompareSpans(Span a, Span b)
{
	int result = memcmp(a.data, b.data, Min(a.len, b.len));

	return result != 0 ? result : a.len - b.len;
}

/* The first column of a row, which is never toasted. */
static inline Span
UserId(const SortItem *item)
{
	const char *datum = TupleData(item->tuple);

	return (Span){VARDATA_ANY(datum), VARSIZE_ANY_EXHDR(datum)};
}

/* Another column of a row, which is not null. */
static Datum
GetColumn(const SortItem *item, int column, TupleDesc tupdesc)
{
	HeapTupleData tuple = {0};
	bool isnull;

	tuple.t_len = item->tuple->t_len + MINIMAL_TUPLE_OFFSET;
	tuple.t_data =
		(HeapTupleHeader) ((char *) item->tuple - MINIMAL_TUPLE_OFFSET);
	return heap_getattr(&tuple, column + 1, tupdesc, &isnull);
}

/* Order by the primary key. */
static inline int
CompareItems(const SortItem *a, const SortItem *b, const Batch *batch)
{
	int result = 0;

	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	/* no id has a NUL byte, so a prefix that holds all of the rest tells all */
	if (batch->longest - batch->common > (int) sizeof(a->prefix))
		result = CompareSpans(UserId(a), UserId(b));
	if (result == 0 && a->timestamp != b->timestamp)
		result = a->timestamp < b->timestamp ? -1 : 1;
	if (result == 0)
		result = CompareSpans(TextSpan(GetColumn(a, ITEM_ID, batch->tupdesc)),
							  TextSpan(GetColumn(b, ITEM_ID, batch->tupdesc)));
	if (result == 0)
	{
		int fingerprint = ColumnCount(batch->type) - 1;
		int64 x = DatumGetInt64(GetColumn(a, fingerprint, batch->tupdesc));
		int64 y = DatumGetInt64(GetColumn(b, fingerprint, batch->tupdesc));

		result = x == y ? 0 : x < y ? -1 : 1;
	}
	return result;
}

/* qsort without a call for each comparison */
#define ST_SORT SortItems
#define ST_ELEMENT_TYPE SortItem
#define ST_COMPARE(a, b, batch) CompareItems(a, b, batch)
#define ST_COMPARE_ARG_TYPE const Batch
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Begin to collect rows of a type, in the current memory context. */
Batch *
BeginBatch(const InteractionType *type)
{
	Batch *batch = palloc0(sizeof(Batch));

	batch->type = type;
	batch->context = GenerationContextCreate(CurrentMemoryContext,
											 "interactions batch",
											 ALLOCSET_DEFAULT_SIZES);
	batch->tupdesc = CreateTemplateTupleDesc(ColumnCount(type));
	for (int i = 0; i < ColumnCount(type); i++)
		TupleDescInitEntry(batch->tupdesc, i + 1, ColumnName(type, i),
						   ColumnType(type, i), -1, 0);
	TupleDescFinalize(batch->tupdesc);
	batch->maxrows = 16;
	batch->items = palloc(mul_size(sizeof(SortItem), batch->maxrows));
	return batch;
}

/* Length of what two strings begin with. */
static int
CommonPrefix(Span a, Span b, int max)
{
	int len = 0;

	max = Min(max, Min(a.len, b.len));
	while (len < max && a.data[len] == b.data[len])
		len++;
	return len;
}

/*
 * Add a complete interaction to a batch, as a tuple: what it points to is
 * still in the processor's caches.  Returns the number of rows.
 */
int64
AddToBatch(Batch *batch, const Interaction *interaction)
{
	MemoryContext oldcontext;
	IdBuffer ids[NUM_IDS];
	Datum values[MAX_COLUMNS];
	bool isnull[MAX_COLUMNS];
	SortItem *item;

	if (batch->nrows == batch->maxrows)
	{
		batch->maxrows *= 2;
		batch->items = repalloc_huge(batch->items, mul_size(sizeof(SortItem),
															batch->maxrows));
	}
	item = &batch->items[batch->nrows];
	InteractionDatums(batch->type, interaction, ids, values, isnull);
	oldcontext = MemoryContextSwitchTo(batch->context);
	item->tuple = FormMinimalTuple(batch->tupdesc, values, isnull);
	MemoryContextSwitchTo(oldcontext);
	item->timestamp = interaction->timestamp;
	if (batch->nrows == 0)
		batch->common = batch->longest = interaction->user_id.len;
	batch->longest = Max(batch->longest, interaction->user_id.len);
	batch->common = CommonPrefix(UserId(&batch->items[0]), interaction->user_id,
								 batch->common);
	return ++batch->nrows;
}

/* Eight bytes from offset on, as a number that compares as they do. */
static uint64
PrefixOf(Span id, int offset)
{
	uint64 prefix = 0;

	memcpy(&prefix, id.data + offset,
		   Min(id.len - offset, (int) sizeof(prefix)));
	return pg_ntoh64(prefix);
}

/* Bring the rows into the order of the key, each once. */
static Tuplestorestate *
SortRows(Batch *batch)
{
	Tuplestorestate *tuples = tuplestore_begin_heap(false, false, work_mem);
	TupleTableSlot *slot =
		MakeSingleTupleTableSlot(batch->tupdesc, &TTSOpsMinimalTuple);
	SortItem *items = batch->items;
	int64 nrows = 0;

	for (int64 i = 0; i < batch->nrows; i++)
		items[i].prefix = PrefixOf(UserId(&items[i]), batch->common);
	SortItems(items, batch->nrows, batch);

	/* the tuplestore copies what it is given */
	for (int64 i = 0; i < batch->nrows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (nrows > 0 && CompareItems(&items[nrows - 1], &items[i], batch) == 0)
			continue;
		ExecStoreMinimalTuple(items[i].tuple, slot, false);
		tuplestore_puttupleslot(tuples, slot);
		items[nrows++] = items[i];
	}
	batch->nrows = nrows;
	ExecDropSingleTupleTableSlot(slot);
	return tuples;
}

/* Store the only row: no sorting, and no subtransaction to pay for. */
static uint64
StoreOne(Batch *batch)
{
	TupleTableSlot *slot =
		MakeSingleTupleTableSlot(batch->tupdesc, &TTSOpsMinimalTuple);
	uint64 created;

	ExecStoreMinimalTuple(batch->items[0].tuple, slot, false);
	slot_getallattrs(slot);
	created = RunQuery(GetQuery(batch->type, QUERY_INSERT),
					   batch->tupdesc->natts, slot->tts_values,
					   slot->tts_isnull, SPI_OK_INSERT);
	ExecDropSingleTupleTableSlot(slot);
	return created;
}

/*
 * Whether a row that comes to the trigger of a type's table is the next one
 * of the batch that is being stored, byte for byte: then it keeps to the
 * rules, whoever sends it, since that has been checked.
 */
bool
IsNextOfBatch(const InteractionType *type, HeapTuple row)
{
	Batch *batch = storing;
	MinimalTuple next;

	if (batch == NULL || batch->type != type || batch->nsent == batch->nrows)
		return false;
	next = batch->items[batch->nsent++].tuple;
	/* in the order of the key they lie here and there in memory */
	if (batch->nsent < batch->nrows)
		__builtin_prefetch(batch->items[batch->nsent].tuple);
	return row->t_len == next->t_len + MINIMAL_TUPLE_OFFSET &&
		   memcmp((char *) row->t_data + MINIMAL_TUPLE_OFFSET +
					  MINIMAL_TUPLE_DATA_OFFSET,
				  (char *) next + MINIMAL_TUPLE_DATA_OFFSET,
				  next->t_len - MINIMAL_TUPLE_DATA_OFFSET) == 0;
}

/* Insert what the relation that is registered holds. */
static uint64
InsertRows(Batch *batch)
{
	/*
	 * As if all rows were new, which spares the index half of its work; where
	 * that fails, for whatever reason, the careful way.  A distributed table
	 * reports a duplicate key in words of its own.
	 */
	batch->nsent = 0;
	if (TryQuery(GetQuery(batch->type, QUERY_INSERT_NEW), 0, NULL,
				 SPI_OK_INSERT))
		return SPI_processed;

	batch->nsent = 0;
	RunQuery(GetQuery(batch->type, QUERY_INSERT_BATCH), 0, NULL, NULL,
			 SPI_OK_SELECT);
	return ResultInt64(1);
}

/* Store several rows. */
static uint64
StoreRows(Batch *batch)
{
	EphemeralNamedRelationData relation;
	Tuplestorestate *tuples = SortRows(batch);
	uint64 created;

	memset(&relation, 0, sizeof(relation));
	relation.md.name = BATCH_RELATION;
	relation.md.tupdesc = batch->tupdesc;
	relation.md.enrtype = ENR_NAMED_TUPLESTORE;
	relation.md.enrtuples = tuplestore_tuple_count(tuples);
	relation.reldata = tuples;
	if (SPI_register_relation(&relation) != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register the batch");

	PG_TRY();
	{
		storing = batch;
		created = InsertRows(batch);
	}
	PG_FINALLY();
	{
		storing = NULL;
	}
	PG_END_TRY();
	tuplestore_end(tuples);
	return created;
}

/*
 * Store the rows of a batch, and empty it; returns how many were not stored
 * already.
 */
uint64
StoreBatch(Batch *batch)
{
	MemoryContext oldcontext;
	uint64 created;

	if (batch->nrows == 0)
		return 0;
	SPI_connect();
	oldcontext = MemoryContextSwitchTo(batch->context);
	created = batch->nrows == 1 ? StoreOne(batch) : StoreRows(batch);
	MemoryContextSwitchTo(oldcontext);
	SPI_finish();
	MemoryContextReset(batch->context);
	batch->nrows = 0;
	return created;
}
