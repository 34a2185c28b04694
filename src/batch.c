/*
 * batch.c
 *	  Stores many interactions of one type with one statement.
 *
 * The rows are sorted by the primary key.  The order makes the index cheap to
 * extend, and is the same for every batch, so that two of them cannot
 * deadlock.
 */
#include "postgres.h"

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
	const Interaction *row;
} SortItem;

static int
CompareSpans(Span a, Span b)
{
	int result = memcmp(a.data, b.data, Min(a.len, b.len));

	return result != 0 ? result : a.len - b.len;
}

/* Order by the primary key. */
static int
CompareRows(const Interaction *a, const Interaction *b)
{
	int result = CompareSpans(a->user_id, b->user_id);

	if (result == 0 && a->timestamp != b->timestamp)
		result = a->timestamp < b->timestamp ? -1 : 1;
	if (result == 0)
		result = CompareSpans(a->item_id, b->item_id);
	if (result == 0 && a->fingerprint != b->fingerprint)
		result = a->fingerprint < b->fingerprint ? -1 : 1;
	return result;
}

static inline int
CompareItems(const SortItem *x, const SortItem *y)
{
	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	return CompareRows(x->row, y->row);
}

/* qsort without a call for each comparison */
#define ST_SORT SortItems
#define ST_ELEMENT_TYPE SortItem
#define ST_COMPARE(a, b) CompareItems(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Length of what the user_id of all rows begins with. */
static int
CommonPrefix(const Interaction *rows, int64 nrows)
{
	Span first = rows[0].user_id;
	int common = first.len;

	for (int64 i = 1; i < nrows; i++)
	{
		Span id = rows[i].user_id;
		int len = 0;

		while (len < Min(common, id.len) && id.data[len] == first.data[len])
			len++;
		common = len;
	}
	return common;
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

/* The rows in the order of the key, each once. */
static Tuplestorestate *
SortRows(const InteractionType *type, const Interaction *rows, int64 nrows,
		 TupleDesc tupdesc)
{
	Tuplestorestate *tuples = tuplestore_begin_heap(false, false, work_mem);
	int common = CommonPrefix(rows, nrows);
	SortItem *items;
	IdBuffer ids[NUM_IDS];
	Datum values[MAX_COLUMNS];
	bool isnull[MAX_COLUMNS];

	items = MemoryContextAllocHuge(CurrentMemoryContext,
								   mul_size(sizeof(*items), nrows));
	for (int64 i = 0; i < nrows; i++)
	{
		items[i].prefix = PrefixOf(rows[i].user_id, common);
		items[i].row = &rows[i];
	}
	SortItems(items, nrows);

	/* the tuplestore copies what it is given */
	for (int64 i = 0; i < nrows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (i > 0 && CompareItems(&items[i - 1], &items[i]) == 0)
			continue;
		InteractionDatums(type, items[i].row, ids, values, isnull);
		tuplestore_putvalues(tuples, tupdesc, values, isnull);
	}
	pfree(items);
	return tuples;
}

/* Store one interaction: nothing to sort, and no subtransaction to pay for. */
static uint64
StoreOne(const InteractionType *type, const Interaction *row)
{
	IdBuffer ids[NUM_IDS];
	Datum values[MAX_COLUMNS];
	bool isnull[MAX_COLUMNS];
	uint64 created;

	InteractionDatums(type, row, ids, values, isnull);
	SPI_connect();
	created = RunQuery(GetQuery(type, QUERY_INSERT), ColumnCount(type), values,
					   isnull, SPI_OK_INSERT);
	SPI_finish();
	return created;
}

/*
 * Store complete interactions, which stay the caller's; returns how many were
 * not stored already.
 */
uint64
StoreBatch(const InteractionType *type, Interaction *rows, int64 nrows)
{
	TupleDesc tupdesc = CreateTemplateTupleDesc(ColumnCount(type));
	EphemeralNamedRelationData relation;
	Tuplestorestate *tuples;
	uint64 created;

	if (nrows == 0)
		return 0;
	if (nrows == 1)
		return StoreOne(type, rows);

	for (int i = 0; i < ColumnCount(type); i++)
		TupleDescInitEntry(tupdesc, i + 1, ColumnName(type, i),
						   ColumnType(type, i), -1, 0);
	tuples = SortRows(type, rows, nrows, tupdesc);

	memset(&relation, 0, sizeof(relation));
	relation.md.name = BATCH_RELATION;
	relation.md.tupdesc = tupdesc;
	relation.md.enrtype = ENR_NAMED_TUPLESTORE;
	relation.md.enrtuples = tuplestore_tuple_count(tuples);
	relation.reldata = tuples;

	SPI_connect();
	if (SPI_register_relation(&relation) != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register the batch");

	/*
	 * As if all rows were new, which spares the index half of its work; where
	 * that fails, for whatever reason, the careful way.  A distributed table
	 * reports a duplicate key in words of its own.
	 */
	if (TryQuery(GetQuery(type, QUERY_INSERT_NEW), 0, NULL, SPI_OK_INSERT))
		created = SPI_processed;
	else
	{
		RunQuery(GetQuery(type, QUERY_INSERT_BATCH), 0, NULL, NULL,
				 SPI_OK_SELECT);
		created = ResultInt64(1);
	}
	SPI_finish();
	tuplestore_end(tuples);
	return created;
}
