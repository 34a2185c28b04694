/*
 * batch.c
 *	  Collects interactions of one type, and stores them.
 *
 * The rows are sorted by the primary key.  The order makes the index cheap to
 * extend, and is the same for every batch, so that two of them cannot
 * deadlock.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "interactions.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/memutils.h"
#include "utils/queryenvironment.h"
#include "utils/tuplestore.h"

/* rows that are added to the table at once, which are about a page of it */
#define MAX_ROWS_AT_ONCE 128

/* a row to be sorted, with what mostly decides */
typedef struct SortItem
{
	uint64 prefix; /* of the leading id, after what all rows have in common */
	TimestampTz timestamp;
	HeapTuple tuple;
} SortItem;

/* of the ids that one column has in the rows of a batch */
typedef struct IdRange
{
	int common;	 /* bytes that each begins with */
	int longest; /* bytes of the longest */
} IdRange;

struct Batch
{
	const InteractionType *type;
	TupleDesc tupdesc;
	MemoryContext context; /* of the tuples, emptied when they are stored */
	SortItem *items;
	int64 nrows;
	int64 maxrows;
	IdRange ids[2]; /* by Property, USER_ID and ITEM_ID */
	Property lead;	/* which of them leads in the order of the rows */
};

static int
CompareSpans(Span a, Span b)
{
	int result = memcmp(a.data, b.data, Min(a.len, b.len));

	return result != 0 ? result : a.len - b.len;
}

/* The user or the item of a row; the first two columns are never toasted. */
static inline Span
IdOf(const SortItem *item, Property column)
{
	HeapTupleHeader header = item->tuple->t_data;
	const char *id = (char *) header + header->t_hoff;

	if (column == ITEM_ID)
		id += AlignText(id, VARSIZE_ANY(id));
	return (Span){VARDATA_ANY(id), VARSIZE_ANY_EXHDR(id)};
}

/* Order by the primary key, with either id in front. */
static inline int
CompareItems(const SortItem *a, const SortItem *b, const Batch *batch)
{
	const IdRange *ids = &batch->ids[batch->lead];
	Property other = batch->lead == USER_ID ? ITEM_ID : USER_ID;
	int result = 0;

	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	/* no id has a NUL byte, so a prefix that holds all of the rest tells all */
	if (ids->longest - ids->common > (int) sizeof(a->prefix))
		result = CompareSpans(IdOf(a, batch->lead), IdOf(b, batch->lead));
	if (result == 0 && a->timestamp != b->timestamp)
		result = a->timestamp < b->timestamp ? -1 : 1;
	if (result == 0)
		result = CompareSpans(IdOf(a, other), IdOf(b, other));
	if (result == 0)
	{
		int fingerprint = batch->tupdesc->natts;
		bool isnull;
		int64 x = DatumGetInt64(
			heap_getattr(a->tuple, fingerprint, batch->tupdesc, &isnull));
		int64 y = DatumGetInt64(
			heap_getattr(b->tuple, fingerprint, batch->tupdesc, &isnull));

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
	item->tuple = heap_form_tuple(batch->tupdesc, values, isnull);
	MemoryContextSwitchTo(oldcontext);
	item->timestamp = interaction->timestamp;
	for (int i = USER_ID; i <= ITEM_ID; i++)
	{
		IdRange *range = &batch->ids[i];
		Span id = IdOf(item, i);

		if (batch->nrows == 0)
			range->common = range->longest = id.len;
		range->longest = Max(range->longest, id.len);
		range->common =
			CommonPrefix(IdOf(&batch->items[0], i), id, range->common);
	}
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

/* Bring the rows into the order of the key, with one of the ids in front. */
static void
SortRows(Batch *batch, Property lead)
{
	SortItem *items = batch->items;

	batch->lead = lead;
	for (int64 i = 0; i < batch->nrows; i++)
		items[i].prefix =
			PrefixOf(IdOf(&items[i], lead), batch->ids[lead].common);
	SortItems(items, batch->nrows, batch);
}

/* Keep one of each group of equal rows, which follow each other. */
static void
DropDuplicates(Batch *batch)
{
	SortItem *items = batch->items;
	int64 nrows = 1;

	for (int64 i = 1; i < batch->nrows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (CompareItems(&items[nrows - 1], &items[i], batch) != 0)
			items[nrows++] = items[i];
	}
	batch->nrows = nrows;
}

/* The rows, as a statement reads them. */
static Tuplestorestate *
CopyRows(const Batch *batch)
{
	Tuplestorestate *tuples = tuplestore_begin_heap(false, false, work_mem);
	TupleTableSlot *slot =
		MakeSingleTupleTableSlot(batch->tupdesc, &TTSOpsHeapTuple);

	for (int64 i = 0; i < batch->nrows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		ExecStoreHeapTuple(batch->items[i].tuple, slot, false);
		tuplestore_puttupleslot(tuples, slot);
	}
	ExecDropSingleTupleTableSlot(slot);
	return tuples;
}

/* Store the only row: no sorting, and no subtransaction to pay for. */
static uint64
StoreOne(Batch *batch)
{
	TupleTableSlot *slot =
		MakeSingleTupleTableSlot(batch->tupdesc, &TTSOpsHeapTuple);
	uint64 created;

	ExecStoreHeapTuple(batch->items[0].tuple, slot, false);
	slot_getallattrs(slot);
	created = RunQuery(GetQuery(batch->type, QUERY_INSERT),
					   batch->tupdesc->natts, slot->tts_values,
					   slot->tts_isnull, SPI_OK_INSERT);
	ExecDropSingleTupleTableSlot(slot);
	return created;
}

/* what storing rows past the executor needs */
typedef struct PlainInsert
{
	Batch *batch;
	PlainTable *table;
	MemoryContext context; /* emptied after each row, or some */
	TupleTableSlot *slots[MAX_ROWS_AT_ONCE];
} PlainInsert;

/* Add some rows to the table, and note where they lie. */
static void
InsertIntoTable(PlainInsert *insert, const SortItem *items, int nrows)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(insert->context);

	for (int i = 0; i < nrows; i++)
		ExecStoreHeapTuple(items[i].tuple, insert->slots[i], false);
	table_multi_insert(insert->table->rel, insert->slots, nrows,
					   GetCurrentCommandId(true), 0, NULL);
	for (int i = 0; i < nrows; i++)
		items[i].tuple->t_self = insert->slots[i]->tts_tid;
	MemoryContextReset(insert->context);
	MemoryContextSwitchTo(oldcontext);
}

/* Add rows that lie in the table to one of its indexes. */
static void
InsertIntoIndex(PlainInsert *insert, const PlainIndex *index,
				const SortItem *items, int64 nrows)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(insert->context);
	IndexUniqueCheck check =
		index->rel->rd_index->indisunique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO;
	TupleTableSlot *slot = insert->slots[0];
	Datum values[INDEX_MAX_KEYS];
	bool isnull[INDEX_MAX_KEYS];

	for (int64 i = 0; i < nrows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		/* in the order of a key they lie here and there in memory */
		if (i + 1 < nrows)
			__builtin_prefetch(items[i + 1].tuple);
		ExecStoreHeapTuple(items[i].tuple, slot, false);
		/* an index on expressions, which needs an EState, is not plain */
		FormIndexDatum(index->info, slot, NULL, values, isnull);
		index_insert(index->rel, values, isnull, &items[i].tuple->t_self,
					 insert->table->rel, check, false, index->info);
		MemoryContextReset(insert->context);
	}
	MemoryContextSwitchTo(oldcontext);
}

/*
 * Store the rows past the executor, as COPY does: many at once in the table,
 * and then in the indexes.  A unique one follows the table closely, since a
 * row that is stored already is found there; any other has all rows at the
 * end, in an order that makes it cheap to extend.
 */
static void
InsertPlainly(void *arg)
{
	PlainInsert *insert = arg;
	Batch *batch = insert->batch;
	PlainTable *table = insert->table;
	int64 nrows = batch->nrows;
	int nslots = Min(nrows, MAX_ROWS_AT_ONCE);

	for (int i = 0; i < nslots; i++)
		insert->slots[i] =
			MakeSingleTupleTableSlot(batch->tupdesc, &TTSOpsHeapTuple);
	/* few at first: what is stored already shows early, and leaves little */
	for (int64 done = 0, count = 1; done < nrows; done += count)
	{
		const SortItem *items = batch->items + done;

		count = Min(Min(count * 2, nslots), nrows - done);
		InsertIntoTable(insert, items, count);
		for (int i = 0; i < table->nindexes; i++)
		{
			if (table->indexes[i].rel->rd_index->indisunique)
				InsertIntoIndex(insert, &table->indexes[i], items, count);
		}
	}
	for (int i = 0; i < table->nindexes; i++)
	{
		PlainIndex *index = &table->indexes[i];
		int column = index->info->ii_IndexAttrNumbers[0] - 1;

		if (!index->rel->rd_index->indisunique)
		{
			SortRows(batch, column == ITEM_ID ? ITEM_ID : USER_ID);
			InsertIntoIndex(insert, index, batch->items, nrows);
		}
		index_insert_cleanup(index->rel, index->info);
	}
}

/* Try to store the rows past the executor, as if all were new. */
static bool
StorePlainly(Batch *batch, PlainTable *table)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "interactions insert",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	PlainInsert insert = {.batch = batch, .table = table};
	bool stored;

	insert.context = AllocSetContextCreate(context, "interactions insert row",
										   ALLOCSET_DEFAULT_SIZES);
	stored = Attempt(InsertPlainly, &insert);
	ClosePlainTable(table);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context); /* the slots, too */
	return stored;
}

/*
 * Store several rows: as if all were new, which spares the index half of its
 * work, and where that fails, for whatever reason, the careful way.  A
 * distributed table reports a duplicate key in words of its own.
 */
static uint64
StoreRows(Batch *batch)
{
	EphemeralNamedRelationData relation;
	Tuplestorestate *tuples;
	PlainTable *table;
	uint64 created;

	SortRows(batch, USER_ID);
	DropDuplicates(batch);
	memset(&relation, 0, sizeof(relation));
	relation.md.name = BATCH_RELATION;
	relation.md.tupdesc = batch->tupdesc;
	relation.md.enrtype = ENR_NAMED_TUPLESTORE;
	relation.md.enrtuples = batch->nrows;
	if (SPI_register_relation(&relation) != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register the batch");

	table = OpenPlainTable(batch->type);
	if (table != NULL)
	{
		if (StorePlainly(batch, table))
			return batch->nrows;
		SortRows(batch, USER_ID);
	}
	relation.reldata = tuples = CopyRows(batch);
	if (table == NULL && TryQuery(GetQuery(batch->type, QUERY_INSERT_NEW), 0,
								  NULL, SPI_OK_INSERT))
		created = SPI_processed;
	else
	{
		RunQuery(GetQuery(batch->type, QUERY_INSERT_BATCH), 0, NULL, NULL,
				 SPI_OK_SELECT);
		created = ResultInt64(1);
	}
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
