/*
 * batch.c
 *	  Collects interactions of one type, and sorts them.
 *
 * The order is that of the primary key.  It makes the index cheap to extend,
 * and is the same for every batch, so that two of them cannot deadlock.  An
 * index that begins with the item gets the rows in an order of its own.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/tupmacs.h"
#include "batch.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "rows.h"
#include "utils/memutils.h"

/* The user or the item of a row; the first two columns are never toasted. */
static inline Span
IdOf(const SortRow *row, Column column)
{
	HeapTupleHeader header = row->tuple->t_data;
	const char	   *id = (char *) header + header->t_hoff;

	if (column == COLUMN_ITEM_ID)
		id += att_align_pointer(VARSIZE_ANY(id), TYPALIGN_INT, -1,
								id + VARSIZE_ANY(id));
	return (Span){VARDATA_ANY(id), VARSIZE_ANY_EXHDR(id)};
}

/* Order by the primary key, with either id in front. */
static inline int
CompareRows(const SortRow *a, const SortRow *b, const Batch *batch)
{
	const IdRange *ids = &batch->ids[batch->lead];
	Column		   other = batch->lead == COLUMN_USER_ID ? COLUMN_ITEM_ID
														 : COLUMN_USER_ID;
	int			   result = 0;

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
		int	  fingerprint = batch->tupdesc->natts;
		bool  isnull;
		int64 x = DatumGetInt64(
			heap_getattr(a->tuple, fingerprint, batch->tupdesc, &isnull));
		int64 y = DatumGetInt64(
			heap_getattr(b->tuple, fingerprint, batch->tupdesc, &isnull));

		result = x == y ? 0 : x < y ? -1 : 1;
	}
	return result;
}

/*
 * qsort without a call for each comparison.  Core's tuplesort in its place,
 * for the first of the two orders alone, made a batch take 11 % longer: it
 * copies each row when it gets it, and again when it gives it back.
 */
#define ST_SORT SortRows
#define ST_ELEMENT_TYPE SortRow
#define ST_COMPARE(a, b, batch) CompareRows(a, b, batch)
#define ST_COMPARE_ARG_TYPE const Batch
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Begin to collect rows, in the current memory context. */
Batch *
BeginRows(TupleDesc tupdesc)
{
	Batch *batch = palloc0(sizeof(Batch));

	batch->context = GenerationContextCreate(CurrentMemoryContext,
											 "interactions batch",
											 ALLOCSET_DEFAULT_SIZES);
	batch->tupdesc = tupdesc;
	batch->maxrows = 16;
	batch->rows = palloc(mul_size(sizeof(SortRow), batch->maxrows));
	return batch;
}

/* Add a row, as a tuple. */
SortRow *
AddRow(Batch *batch, const Datum *values, const bool *isnull)
{
	MemoryContext oldcontext;
	SortRow		 *row;

	if (batch->nrows == batch->maxrows)
	{
		batch->maxrows *= 2;
		batch->rows = repalloc_huge(batch->rows,
									mul_size(sizeof(SortRow), batch->maxrows));
	}
	row = &batch->rows[batch->nrows++];
	oldcontext = MemoryContextSwitchTo(batch->context);
	row->tuple = heap_form_tuple(batch->tupdesc, unconstify(Datum *, values),
								 unconstify(bool *, isnull));
	MemoryContextSwitchTo(oldcontext);
	return row;
}

/* Begin to collect interactions of a type, in the current memory context. */
Batch *
BeginBatch(const InteractionType *type)
{
	Batch *batch = BeginRows(ColumnsDesc(type->columns, type->ncolumns));

	batch->type = type;
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
 * still in the processor's caches.
 */
void
AddToBatch(Batch *batch, const Interaction *interaction)
{
	IdBuffer ids[NUM_IDS];
	Row		 row;
	SortRow *added;

	InteractionDatums(batch->type, interaction, ids, &row);
	added = AddRow(batch, row.values, row.isnull);
	added->timestamp = interaction->timestamp;
	for (int i = COLUMN_USER_ID; i <= COLUMN_ITEM_ID; i++)
	{
		IdRange *range = &batch->ids[i];
		Span	 id = IdOf(added, i);

		if (batch->nrows == 1)
			range->common = range->longest = id.len;
		range->longest = Max(range->longest, id.len);
		range->common =
			CommonPrefix(IdOf(&batch->rows[0], i), id, range->common);
	}
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
void
SortBatch(Batch *batch, Column lead)
{
	SortRow *rows = batch->rows;

	batch->lead = lead;
	for (int64 i = 0; i < batch->nrows; i++)
		rows[i].prefix =
			PrefixOf(IdOf(&rows[i], lead), batch->ids[lead].common);
	SortRows(rows, batch->nrows, batch);
}

/*
 * Keep one of each group of rows that are the same interaction, which follow
 * each other once the batch is sorted.
 */
void
DropDuplicates(Batch *batch)
{
	SortRow *rows = batch->rows;
	int64	 nrows = 1;

	for (int64 i = 1; i < batch->nrows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (CompareRows(&rows[nrows - 1], &rows[i], batch) != 0)
			rows[nrows++] = rows[i];
	}
	batch->nrows = nrows;
}

/* Forget the rows. */
void
EmptyBatch(Batch *batch)
{
	MemoryContextReset(batch->context);
	batch->nrows = 0;
}
