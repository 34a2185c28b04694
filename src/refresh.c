/*
 * refresh.c
 *	  Counts which items go together and which are popular, and replaces what
 *	  the tables say of it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "baskets.h"
#include "catalog/pg_type.h"
#include "changes.h"
#include "datatype/timestamp.h"
#include "locks.h"
#include "pairs.h"
#include "plans.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "violation.h"

#define PAIRS "item_pairs"
#define POPULARITY "item_popularity"

#define MAX_OUT_COLUMNS 6
#define OUT_ROWS 10000 /* of a statement */

/* collects rows of a table, and stores them, many at a time */
typedef struct Output
{
	const char
		 *insert; /* of $1, the type, $2, the number of baskets, and arrays */
	Datum type;
	int64 nbaskets;
	MemoryContext context; /* of one statement */
	int			  ncolumns;
	Oid			  typids[MAX_OUT_COLUMNS];
	Datum		 *columns[MAX_OUT_COLUMNS];
	int			  nrows;
	int64		  nstored;
} Output;

static const Output pairs_output =
	{.insert = "INSERT INTO interactions.item_pairs (interaction_type, item_id,"
			   " other_item_id, baskets, users, item_baskets, other_baskets,"
			   " total_baskets)"
			   " SELECT $1, pg_catalog.unnest($3), pg_catalog.unnest($4),"
			   " pg_catalog.unnest($5), pg_catalog.unnest($6),"
			   " pg_catalog.unnest($7), pg_catalog.unnest($8), $2",
	 .ncolumns = 6,
	 .typids = {TEXTOID, TEXTOID, INT8OID, INT8OID, INT8OID, INT8OID}};

static const Output popularity_output =
	{.insert = "INSERT INTO interactions.item_popularity (interaction_type,"
			   " item_id, interactions, baskets, users, score)"
			   " SELECT $1, pg_catalog.unnest($3), pg_catalog.unnest($4),"
			   " pg_catalog.unnest($5), pg_catalog.unnest($6),"
			   " pg_catalog.unnest($7)",
	 .ncolumns = 5,
	 .typids = {TEXTOID, INT8OID, INT8OID, INT8OID, FLOAT8OID}};

static void
BeginOutput(Output *output, const InteractionType *type, const Baskets *baskets)
{
	output->type = CStringGetTextDatum(type->plural);
	output->nbaskets = baskets->nbaskets;
	output->context = AllocSetContextCreate(CurrentMemoryContext,
											"interactions output",
											ALLOCSET_DEFAULT_SIZES);
	for (int i = 0; i < output->ncolumns; i++)
		output->columns[i] = palloc(OUT_ROWS * sizeof(Datum));
}

/* Store the rows that are collected. */
static void
StoreRows(Output *output)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(output->context);
	Oid			  argtypes[2 + MAX_OUT_COLUMNS] = {TEXTOID, INT8OID};
	Datum		  values[2 + MAX_OUT_COLUMNS] = {output->type,
												 Int64GetDatum(output->nbaskets)};

	for (int i = 0; i < output->ncolumns; i++)
	{
		Oid	  typid = output->typids[i];
		int16 typlen;
		bool  typbyval;
		char  typalign;

		get_typlenbyvalalign(typid, &typlen, &typbyval, &typalign);
		argtypes[i + 2] = get_array_type(typid);
		values[i + 2] =
			PointerGetDatum(construct_array(output->columns[i], output->nrows,
											typid, typlen, typbyval, typalign));
	}
	if (SPI_execute_with_args(output->insert, 2 + output->ncolumns, argtypes,
							  values, NULL, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not store counts: %s",
			 SPI_result_code_string(SPI_result));
	output->nstored += (int64) SPI_processed;
	output->nrows = 0;
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(output->context);
}

static void
AddRow(Output *output, const Datum *values)
{
	for (int i = 0; i < output->ncolumns; i++)
		output->columns[i][output->nrows] = values[i];
	if (++output->nrows == OUT_ROWS)
		StoreRows(output);
}

/* the baskets, and where the pairs in them go */
typedef struct PairsJob
{
	const Baskets *baskets;
	Output		   output;
} PairsJob;

static void
TakePairs(void *arg, uint32 number, const OtherItem *others, uint32 nothers)
{
	PairsJob		*job = arg;
	const ItemCount *item = &job->baskets->items[number];

	for (uint32 i = 0; i < nothers; i++)
	{
		const ItemCount *other = &job->baskets->items[others[i].number];
		Datum			 row[] = {PointerGetDatum(item->id),
								  PointerGetDatum(other->id),
								  Int64GetDatum(others[i].baskets),
								  Int64GetDatum(others[i].users),
								  Int64GetDatum(item->baskets),
								  Int64GetDatum(other->baskets)};

		AddRow(&job->output, row);
	}
}

/* Store the pairs; returns how many. */
static int64
StorePairs(const InteractionType *type, Baskets *baskets, int kept)
{
	PairsJob job = {.baskets = baskets, .output = pairs_output};

	BeginOutput(&job.output, type, baskets);
	CountPairs(baskets, kept, TakePairs, &job);
	StoreRows(&job.output);
	return job.output.nstored;
}

/* Store the items; returns how many. */
static int64
StorePopularity(const InteractionType *type, const Baskets *baskets)
{
	Output output = popularity_output;

	BeginOutput(&output, type, baskets);
	for (uint32 i = 0; i < baskets->nitems; i++)
	{
		const ItemCount *item = &baskets->items[i];
		Datum			 row[] = {PointerGetDatum(item->id),
								  Int64GetDatum(item->interactions),
								  Int64GetDatum(item->baskets), Int64GetDatum(item->users),
								  Float8GetDatum(item->score)};

		AddRow(&output, row);
	}
	StoreRows(&output);
	return output.nstored;
}

/* Remove what a table says of a type, all of it. */
static void
RemoveCounts(const char *table, const InteractionType *type)
{
	const char *const sql[] =
		{"DELETE FROM interactions.%s"
		 " WHERE interaction_type OPERATOR(pg_catalog.=) $1",
		 "SELECT FROM interactions.%s"
		 " WHERE interaction_type OPERATOR(pg_catalog.=) $1"
		 " LIMIT 1"};
	Oid	  argtypes[] = {TEXTOID};
	Datum values[] = {CStringGetTextDatum(type->plural)};

	RequireTable(table);
	for (int i = 0; i < (int) lengthof(sql); i++)
	{
		if (SPI_execute_with_args(psprintf(sql[i], quote_identifier(table)),
								  lengthof(argtypes), argtypes, values, NULL,
								  false, 0) < 0)
			elog(ERROR, "could not remove counts: %s",
				 SPI_result_code_string(SPI_result));
	}
	if (SPI_processed > 0)
		ReportKeptRows(table);
}

/* An argument that is a length of time, in microseconds: a month is 30 days. */
static int64
ReadInterval(FunctionCallInfo fcinfo, int arg, const char *name, int64 min)
{
	const Interval *interval = PG_GETARG_INTERVAL_P(arg);
	double length = (interval->month * 30.0 + interval->day) * USECS_PER_DAY +
					interval->time;

	if (length < min || length > (double) PG_INT64_MAX / 2)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"%s\" must be %s, and less than 100000 years",
							   name, min > 0 ? "more than 0" : "0 or more")));
	return (int64) length;
}

static int
ReadCount(FunctionCallInfo fcinfo, int arg, const char *name)
{
	if (PG_GETARG_INT32(arg) < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"%s\" must be at least 1, not %d", name,
							   PG_GETARG_INT32(arg))));
	return PG_GETARG_INT32(arg);
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
		if (PG_ARGISNULL(i) && i != ARG_PERIOD)
			ReportNull(arg_names[i]);
	}
	rules.type = TypeByName(text_to_cstring(PG_GETARG_TEXT_PP(ARG_TYPE)));
	rules.gap = ReadInterval(fcinfo, ARG_GAP, arg_names[ARG_GAP], 0);
	rules.max_items =
		ReadCount(fcinfo, ARG_MAX_ITEMS, arg_names[ARG_MAX_ITEMS]);
	kept = ReadCount(fcinfo, ARG_KEPT, arg_names[ARG_KEPT]);
	rules.half_life =
		ReadInterval(fcinfo, ARG_HALF_LIFE, arg_names[ARG_HALF_LIFE], 1);
	rules.now = GetCurrentTransactionStartTimestamp();
	if (!PG_ARGISNULL(ARG_PERIOD))
	{
		ReadInterval(fcinfo, ARG_PERIOD, arg_names[ARG_PERIOD], 0);
		rules.from = DatumGetTimestampTz(
			DirectFunctionCall2(timestamptz_mi_interval,
								TimestampTzGetDatum(rules.now),
								PG_GETARG_DATUM(ARG_PERIOD)));
	}

	/* of two at once the second waits, and then counts what is there */
	LockCounts(TextSpan(PG_GETARG_DATUM(ARG_TYPE)));
	SPI_connect();
	baskets = ReadBaskets(&rules);
	RemoveCounts(PAIRS, rules.type);
	RemoveCounts(POPULARITY, rules.type);
	nitems = StorePopularity(rules.type, baskets);
	npairs = StorePairs(rules.type, baskets, kept);
	BufFileClose(baskets->file);
	SPI_finish();
	ereport(NOTICE,
			(errmsg("%s: %u baskets, %u larger ones left out; " INT64_FORMAT
					" items, " INT64_FORMAT " pairs; %.1f seconds",
					rules.type->plural, baskets->nbaskets, baskets->nleft_out,
					nitems, npairs,
					(double) (GetCurrentTimestamp() - begin) / USECS_PER_SEC)));
	PG_RETURN_VOID();
}
