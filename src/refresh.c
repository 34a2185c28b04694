/*
 * refresh.c
 *	  Counts which items go together and which are popular, and replaces what
 *	  the tables say of it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "baskets.h"
#include "catalog/pg_type.h"
#include "datatype/timestamp.h"
#include "locks.h"
#include "own_tables.h"
#include "pairs.h"
#include "refresh.h"
#include "store_batch.h"
#include "timestamp.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "violation.h"

#define ROWS_AT_ONCE 10000 /* that are stored */

CountsTable ItemPairs = {
	.name = "item_pairs",
	.ncolumns = 8,
	.columns =
		{COLUMN("interaction_type", TEXTOID, true, true, "What was counted"),
		 COLUMN("item_id", TEXTOID, true, true, "The item"),
		 COLUMN("other_item_id", TEXTOID, true, true,
				"One that goes together with it"),
		 COLUMN("baskets", INT8OID, true, false, "Baskets that hold both"),
		 COLUMN("users", INT8OID, true, false, "Users who have such a basket"),
		 COLUMN("item_baskets", INT8OID, true, false,
				"Baskets that hold the item"),
		 COLUMN("other_baskets", INT8OID, true, false,
				"Baskets that hold the other"),
		 COLUMN("total_baskets", INT8OID, true, false,
				"All baskets that were counted")},
};

CountsTable ItemPopularity = {
	.name = "item_popularity",
	.ncolumns = 6,
	.columns =
		{COLUMN("interaction_type", TEXTOID, true, true, "What was counted"),
		 COLUMN("item_id", TEXTOID, true, true, "The item"),
		 COLUMN("interactions", INT8OID, true, false, "Interactions with it"),
		 COLUMN("baskets", INT8OID, true, false,
				"Baskets that hold it, but those left out as too large"),
		 COLUMN("users", INT8OID, true, false,
				"Users who have an interaction with it"),
		 COLUMN("score", FLOAT8OID, true, false,
				"Interactions, one as old as the half-life counting half")},
};

/* what is stored in a table of counts, some rows at a time */
typedef struct Output
{
	CountsTable	  *table;
	const Baskets *baskets;
	Datum		   type;
	Batch		  *rows;
	int64		   nstored;
} Output;

/* Remove what a table says of a type, all of it. */
static void
RemoveCounts(const char *table, Datum type)
{
	const char *const sql[] =
		{"DELETE FROM interactions.%s"
		 " WHERE interaction_type OPERATOR(pg_catalog.=) $1",
		 "SELECT FROM interactions.%s"
		 " WHERE interaction_type OPERATOR(pg_catalog.=) $1"
		 " LIMIT 1"};
	Oid argtypes[] = {TEXTOID};

	RequireTable(table);
	for (int i = 0; i < (int) lengthof(sql); i++)
	{
		if (SPI_execute_with_args(psprintf(sql[i], table), lengthof(argtypes),
								  argtypes, &type, NULL, false, 0) < 0)
			elog(ERROR, "could not remove counts: %s",
				 SPI_result_code_string(SPI_result));
	}
	if (SPI_processed > 0)
		ReportWithheldRows(table);
}

/* Begin to replace what a table says of a type. */
static Output
BeginOutput(CountsTable *table, const InteractionType *type,
			const Baskets *baskets)
{
	Datum name = CStringGetTextDatum(type->plural);

	RemoveCounts(table->name, name);
	return (Output){table, baskets, name,
					BeginRows(ColumnsDesc(table->columns, table->ncolumns)), 0};
}

static void
StoreCounts(Output *output)
{
	output->nstored += (int64) StoreNewRows(output->rows, output->table->name,
											&output->table->insert);
}

static void
PutRow(Output *output, const Datum *values)
{
	static const bool isnull[MAX_COLUMNS];

	AddRow(output->rows, values, isnull);
	if (output->rows->nrows == ROWS_AT_ONCE)
		StoreCounts(output);
}

static void
PutPair(void *arg, const ItemCount *item, const OtherItem *pair)
{
	Output			*output = arg;
	const Baskets	*baskets = output->baskets;
	const ItemCount *other = &baskets->items[pair->number];
	const Datum		 row[] = {output->type,
							  PointerGetDatum(item->id),
							  PointerGetDatum(other->id),
							  Int64GetDatum(pair->baskets),
							  Int64GetDatum(pair->users),
							  Int64GetDatum(item->baskets),
							  Int64GetDatum(other->baskets),
							  Int64GetDatum(baskets->nbaskets)};

	PutRow(output, row);
}

/* Count the pairs, and store them; returns how many. */
static int64
StorePairs(const InteractionType *type, Baskets *baskets, int kept)
{
	Output output = BeginOutput(&ItemPairs, type, baskets);

	CountPairs(baskets, kept, PutPair, &output);
	StoreCounts(&output);
	return output.nstored;
}

/* Store the items; returns how many. */
static int64
StoreItems(const InteractionType *type, const Baskets *baskets)
{
	Output output = BeginOutput(&ItemPopularity, type, baskets);

	for (uint32 i = 0; i < baskets->nitems; i++)
	{
		const ItemCount *item = &baskets->items[i];
		const Datum		 row[] = {output.type,
								  PointerGetDatum(item->id),
								  Int64GetDatum(item->interactions),
								  Int64GetDatum(item->baskets),
								  Int64GetDatum(item->users),
								  Float8GetDatum(item->score)};

		PutRow(&output, row);
	}
	StoreCounts(&output);
	return output.nstored;
}

/* arguments of the procedure; all but the period must not be null */
enum
{
	ARG_TYPE,
	ARG_GAP,
	ARG_PERIOD,
	ARG_MAX_ITEMS,
	ARG_KEPT,
	ARG_HALF_LIFE,
	NUM_ARGS
};

static const char *const arg_names[NUM_ARGS] = {"interaction_type",
												"basket_gap",
												"period",
												"max_basket_items",
												"items_kept",
												"half_life"};

/* An argument that is a length of time, in microseconds: a month is 30 days. */
static int64
ReadInterval(FunctionCallInfo fcinfo, int arg, int64 min)
{
	const Interval *interval = PG_GETARG_INTERVAL_P(arg);
	double length = (interval->month * 30.0 + interval->day) * USECS_PER_DAY +
					interval->time;

	if (length < min || length > (double) PG_INT64_MAX / 2)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"%s\" must be %s, and less than 100000 years",
							   arg_names[arg],
							   min > 0 ? "more than 0" : "0 or more")));
	return (int64) length;
}

static int
ReadCount(FunctionCallInfo fcinfo, int arg)
{
	int count = PG_GETARG_INT32(arg);

	if (count < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"%s\" must be at least 1, not %d",
							   arg_names[arg], count)));
	return count;
}

/*
 * refresh_items(interaction_type, basket_gap, period, max_basket_items,
 * items_kept, half_life)
 */
PG_FUNCTION_INFO_V1(refresh_items);
Datum
refresh_items(PG_FUNCTION_ARGS)
{
	TimestampTz begin = GetCurrentTimestamp();
	BasketRules rules = {.from = DT_NOBEGIN};
	Baskets	   *baskets;
	int64		npairs;
	int64		nitems;
	int			kept;

	for (int i = 0; i < NUM_ARGS; i++)
	{
		if (i != ARG_PERIOD)
			RequireArgument(fcinfo, i, arg_names[i]);
	}
	rules.type = TypeByName(text_to_cstring(PG_GETARG_TEXT_PP(ARG_TYPE)));
	rules.gap = ReadInterval(fcinfo, ARG_GAP, 0);
	rules.max_items = ReadCount(fcinfo, ARG_MAX_ITEMS);
	kept = ReadCount(fcinfo, ARG_KEPT);
	rules.half_life = ReadInterval(fcinfo, ARG_HALF_LIFE, 1);
	rules.now = GetCurrentTransactionStartTimestamp();
	/* no row is older than 1970: a longer period is all */
	if (!PG_ARGISNULL(ARG_PERIOD) &&
		ReadInterval(fcinfo, ARG_PERIOD, 0) / 1000 < TimestampToMs(rules.now))
		rules.from = DatumGetTimestampTz(
			DirectFunctionCall2(timestamptz_mi_interval,
								TimestampTzGetDatum(rules.now),
								PG_GETARG_DATUM(ARG_PERIOD)));

	/* of two at once the second waits, and then counts what is there */
	LockCounts(TextSpan(PG_GETARG_DATUM(ARG_TYPE)));
	SPI_connect();
	baskets = ReadBaskets(&rules);
	npairs = StorePairs(rules.type, baskets, kept);
	nitems = StoreItems(rules.type, baskets);
	BufFileClose(baskets->file);
	ereport(NOTICE,
			(errmsg("%s: %u baskets, %u larger ones left out; " INT64_FORMAT
					" items, " INT64_FORMAT " pairs; %.1f seconds",
					rules.type->plural, baskets->nbaskets, baskets->nleft_out,
					nitems, npairs,
					(double) (GetCurrentTimestamp() - begin) / USECS_PER_SEC)));
	SPI_finish();
	PG_RETURN_VOID();
}
