/*
 * query.c
 *	  The statements that the extension runs, prepared once in a backend.
 *
 * A plan lives as long as the backend, and is never freed: an outer call may
 * be running it.  It survives DROP and CREATE of the extension, since core
 * looks its objects up again, by name, when these change; so every name is
 * qualified, operators included, and every value is a parameter.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "interactions.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#define MAX_ARGS MAX_COLUMNS

/* one row a type; allocated with the first statement */
static SPIPlanPtr (*queries)[NUM_QUERIES] = NULL;

static SPIPlanPtr
Keep(SPIPlanPtr *slot, const char *sql, int nargs, const Oid *argtypes,
	 int options)
{
	if (*slot == NULL)
	{
		SPIPlanPtr plan = SPI_prepare_cursor(sql, nargs,
											 unconstify(Oid *, argtypes),
											 options);

		if (plan == NULL || SPI_keepplan(plan) != 0)
			elog(ERROR, "could not prepare \"%s\": %s", sql,
				 SPI_result_code_string(SPI_result));
		*slot = plan;
	}
	return *slot;
}

/* Prepare a statement for good, unless the slot holds it already. */
SPIPlanPtr
KeepQuery(SPIPlanPtr *slot, const char *sql, int nargs, const Oid *argtypes)
{
	return Keep(slot, sql, nargs, argtypes, 0);
}

static SPIPlanPtr
KeepInsert(SPIPlanPtr *slot, const InteractionType *type, const char *sql)
{
	Oid argtypes[MAX_COLUMNS] = {InvalidOid};

	for (int i = 0; i < ColumnCount(type); i++)
		argtypes[i] = ColumnType(type, i);
	return KeepQuery(slot, sql, ColumnCount(type), argtypes);
}

/* $1, $2, … for each column, as a list in SQL */
static const char *
Placeholders(const InteractionType *type)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < ColumnCount(type); i++)
		appendStringInfo(&list, "%s$%d", i > 0 ? ", " : "", i + 1);
	return list.data;
}

#define RANGE                                                                  \
	" AND \"timestamp\" OPERATOR(pg_catalog.>=) $1"                            \
	" AND \"timestamp\" OPERATOR(pg_catalog.<) $2"

/* The rows of an owner, user or item; other completes the cursor. */
static SPIPlanPtr
KeepList(SPIPlanPtr *slot, const InteractionType *type, bool of_item, int bits)
{
	const Oid argtypes[] = {TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID,
							TIMESTAMPTZOID, TEXTOID,		INT8OID};
	const char *owner = of_item ? "item_id" : "user_id";
	const char *other = of_item ? "user_id" : "item_id";
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql,
					 "SELECT %s FROM interactions.%s"
					 " WHERE %s OPERATOR(pg_catalog.=) $3",
					 ColumnNames(type), quote_identifier(type->plural), owner);
	if (bits & IN_RANGE)
		appendStringInfoString(&sql, RANGE);
	if (bits & AFTER)
		appendStringInfo(&sql,
						 " AND (\"timestamp\", %s)"
						 " OPERATOR(pg_catalog.<) ($4, $5)",
						 other);
	appendStringInfoString(&sql, " ORDER BY \"timestamp\" DESC");
	if (!of_item)
		appendStringInfo(&sql, ", %s DESC", other);
	appendStringInfoString(&sql, " FETCH FIRST $6 ROWS WITH TIES");

	/* the item's index has the order of time only: sort what it gives */
	if (of_item)
	{
		char *newest = sql.data;

		initStringInfo(&sql);
		appendStringInfo(&sql,
						 "SELECT * FROM (%s) AS newest"
						 " ORDER BY %d DESC, %d DESC"
						 " FETCH FIRST $6 ROWS WITH TIES",
						 newest, TIMESTAMP + 1, USER_ID + 1);
	}

	/*
	 * The owner's index is right for every owner and page.  Where an owner is
	 * frequent core would rather plan each call, which takes longer than the
	 * page.
	 */
	return Keep(slot, sql.data, lengthof(argtypes), argtypes,
				CURSOR_OPT_GENERIC_PLAN);
}

static SPIPlanPtr
KeepDelete(SPIPlanPtr *slot, const InteractionType *type, int bits)
{
	const Oid argtypes[] = {TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, TEXTOID};
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "DELETE FROM interactions.%s WHERE true",
					 quote_identifier(type->plural));
	if (bits & IN_RANGE)
		appendStringInfoString(&sql, RANGE);
	if (bits & BY_USER)
		appendStringInfoString(&sql, " AND user_id OPERATOR(pg_catalog.=) $3");
	if (bits & BY_ITEM)
		appendStringInfoString(&sql, " AND item_id OPERATOR(pg_catalog.=) $4");
	return KeepQuery(slot, sql.data, lengthof(argtypes), argtypes);
}

/* The prepared statement for one job on one type. */
SPIPlanPtr
GetQuery(const InteractionType *type, SavedQuery query)
{
	Oid users[] = {TEXTOID, TEXTOID};
	const char *table;
	const char *columns;
	SPIPlanPtr *slot;

	if (queries == NULL)
		queries = MemoryContextAllocZero(TopMemoryContext,
										 mul_size(sizeof(queries[0]),
												  NumInteractionTypes));
	slot = &queries[type - InteractionTypes][query];
	if (*slot != NULL)
		return *slot;

	if (query >= QUERY_DELETE)
		return KeepDelete(slot, type, query - QUERY_DELETE);
	if (query >= QUERY_LIST_ITEM)
		return KeepList(slot, type, true, query - QUERY_LIST_ITEM);
	if (query >= QUERY_LIST_USER)
		return KeepList(slot, type, false, query - QUERY_LIST_USER);

	table = quote_identifier(type->plural);
	columns = ColumnNames(type);
	switch (query)
	{
		case QUERY_INSERT:
			return KeepInsert(slot, type,
							  psprintf("INSERT INTO interactions.%s (%s)"
									   " VALUES (%s) ON CONFLICT DO NOTHING",
									   table, columns, Placeholders(type)));
		case QUERY_INSERT_NEW:
			return KeepQuery(slot,
							 psprintf("INSERT INTO interactions.%s (%s)"
									  " SELECT %s FROM " BATCH_RELATION,
									  table, columns, columns),
							 0, NULL);
		case QUERY_INSERT_BATCH:
			/* what RETURNING gives is right on a distributed table, too */
			return KeepQuery(slot,
							 psprintf("WITH stored AS (INSERT INTO"
									  " interactions.%s (%s) SELECT %s"
									  " FROM " BATCH_RELATION
									  " ON CONFLICT DO NOTHING RETURNING 1)"
									  " SELECT pg_catalog.count(*) FROM stored",
									  table, columns, columns),
							 0, NULL);
		case QUERY_SELECT:
			return KeepInsert(
				slot, type,
				psprintf("SELECT %s FROM interactions.%s"
						 " WHERE user_id OPERATOR(pg_catalog.=) $%d"
						 " AND \"timestamp\" OPERATOR(pg_catalog.=) $%d"
						 " AND item_id OPERATOR(pg_catalog.=) $%d"
						 " AND fingerprint OPERATOR(pg_catalog.=) $%d",
						 WireColumns(type), table, USER_ID + 1, TIMESTAMP + 1,
						 ITEM_ID + 1, ColumnCount(type)));
		case QUERY_FIND:
			return KeepQuery(slot,
							 psprintf("SELECT FROM interactions.%s"
									  " WHERE user_id OPERATOR(pg_catalog.=) $1"
									  " FETCH FIRST 1 ROW ONLY",
									  table),
							 1, users);
		case QUERY_TRANSFER_NEW:
		case QUERY_TRANSFER:

			/*
			 * The rows are locked, stored under the new id in the order of
			 * the key, as batches insert, and deleted last: a batch that
			 * waited for a deleted row could hold one that is due to be
			 * stored.  All of it sees one snapshot, so that a row which comes
			 * meanwhile is neither moved nor deleted.
			 */
			return KeepQuery(
				slot,
				psprintf("WITH source AS MATERIALIZED"
						 " (SELECT * FROM interactions.%s"
						 " WHERE user_id OPERATOR(pg_catalog.=) $1 FOR UPDATE),"
						 " stored AS (INSERT INTO interactions.%s (%s)"
						 " SELECT $2%s FROM source"
						 " ORDER BY \"timestamp\", item_id, fingerprint"
						 " %s RETURNING 1),"
						 " counted AS MATERIALIZED"
						 " (SELECT pg_catalog.count(*) FROM stored),"
						 " moved AS (DELETE FROM interactions.%s"
						 " WHERE user_id OPERATOR(pg_catalog.=) $1"
						 " AND (SELECT true FROM counted) RETURNING 1)"
						 " SELECT (SELECT pg_catalog.count(*) FROM moved),"
						 " (SELECT count FROM counted)",
						 table, table, columns, strchr(columns, ','),
						 query == QUERY_TRANSFER ? "ON CONFLICT DO NOTHING"
												 : "",
						 table),
				lengthof(users), users);
		default:
			elog(ERROR, "unknown query %d", query);
	}
}

/* Run a prepared statement; a null isnull means that no value is null. */
uint64
RunQuery(SPIPlanPtr plan, int nargs, Datum *values, const bool *isnull,
		 int expected)
{
	char nulls[MAX_ARGS] = "";
	int result;

	Assert(nargs <= MAX_ARGS);
	for (int i = 0; i < nargs; i++)
		nulls[i] = isnull != NULL && isnull[i] ? 'n' : ' ';
	result = SPI_execute_plan(plan, values, nulls, false, 0);
	if (result == SPI_OK_REWRITTEN)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("tables of interactions must not have rewrite"
							   " rules"),
						errhint("Use a trigger instead.")));
	if (result != expected)
		elog(ERROR, "SPI_execute_plan failed: %s",
			 SPI_result_code_string(result));
	return SPI_processed;
}

/*
 * Do a job in a subtransaction.  False, and nothing is changed, where it
 * fails, for whatever reason but that it is to be cancelled.
 */
bool
Attempt(void (*job)(void *), void *arg)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	ResourceOwner oldowner = CurrentResourceOwner;
	volatile bool ok = true;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(oldcontext);
	PG_TRY();
	{
		job(arg);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(oldcontext);
		error = CopyErrorData();
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
			ERRCODE_OPERATOR_INTERVENTION)
			PG_RE_THROW();
		FlushErrorState();
		FreeErrorData(error);
		RollbackAndReleaseCurrentSubTransaction();
		ok = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(oldcontext);
	CurrentResourceOwner = oldowner;
	return ok;
}

typedef struct QueryJob
{
	SPIPlanPtr plan;
	int nargs;
	Datum *values;
	int expected;
} QueryJob;

static void
RunJob(void *arg)
{
	QueryJob *job = arg;

	RunQuery(job->plan, job->nargs, job->values, NULL, job->expected);
}

/* Run a prepared statement as an attempt, without nulls. */
bool
TryQuery(SPIPlanPtr plan, int nargs, Datum *values, int expected)
{
	QueryJob job = {plan, nargs, values, expected};

	return Attempt(RunJob, &job);
}

/* A bigint, not null, of the only row of the last result. */
int64
ResultInt64(int column)
{
	bool isnull;

	return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
									   SPI_tuptable->tupdesc, column, &isnull));
}

/* A text datum of a string, in a buffer. */
static Datum
IdDatum(Span span, IdBuffer *buffer)
{
	SET_VARSIZE(buffer, VARHDRSZ + span.len);
	memcpy(VARDATA(buffer), span.data, span.len);
	return PointerGetDatum(buffer);
}

/*
 * The values of an interaction, in the order of its table's columns; they
 * point into it, and into ids.
 */
void
InteractionDatums(const InteractionType *type, const Interaction *interaction,
				  IdBuffer ids[NUM_IDS], Datum *values, bool *isnull)
{
	Span recommendation_id = interaction->recommendation_id;

	memset(isnull, false, ColumnCount(type) * sizeof(bool));
	values[USER_ID] = IdDatum(interaction->user_id, &ids[0]);
	values[ITEM_ID] = IdDatum(interaction->item_id, &ids[1]);
	values[TIMESTAMP] = TimestampTzGetDatum(interaction->timestamp);
	isnull[RECOMMENDATION_ID] = recommendation_id.data == NULL;
	if (!isnull[RECOMMENDATION_ID])
		values[RECOMMENDATION_ID] = IdDatum(recommendation_id, &ids[2]);
	for (int i = 0; i < type->nown; i++)
	{
		values[FIRST_OWN + i] = interaction->own[i];
		isnull[FIRST_OWN + i] = interaction->own_isnull[i];
	}
	values[FIRST_OWN + type->nown] = Int64GetDatum(interaction->fingerprint);
}
