/*
 * transfer.c
 *	  Moves all that one user did to another.
 *
 * Rows stay the same rows, with all that anybody has added to them: they are
 * updated.  But those that the target has already, value for value, are
 * removed.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "changes.h"
#include "locks.h"
#include "plans.h"
#include "recommendations.h"
#include "registry.h"
#include "rules.h"
#include "subxact.h"
#include "transfer.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/plancache.h"
#include "utils/resowner.h"

#define ERRCODE_UNKNOWN_USER MAKE_SQLSTATE('P', 'T', '4', '0', '4')

/* of a type, while others store the same rows for the target */
#define MAX_TRIES 10

static const Oid argtypes[] = {TEXTOID, TEXTOID}; /* source and target */

/* Finds out whether a user has interactions of a type. */
static SPIPlanPtr
FindPlan(const InteractionType *type)
{
	static SPIPlanPtr plans[NUM_TYPES];
	SPIPlanPtr		 *plan = &plans[TypeIndex(type)];

	if (!PlanIsKept(*plan, type->plural))
		KeepPlan(plan,
				 psprintf("SELECT FROM interactions.%s"
						  " WHERE user_id OPERATOR(pg_catalog.=) $1"
						  " FETCH FIRST 1 ROW ONLY",
						  quote_identifier(type->plural)),
				 lengthof(argtypes), argtypes, 0);
	return *plan;
}

/* Counts the interactions of a type that a user has. */
static int64
CountRows(const InteractionType *type, Datum user_id)
{
	static SPIPlanPtr plans[NUM_TYPES];
	SPIPlanPtr		 *plan = &plans[TypeIndex(type)];
	const Oid		  count_argtypes[] = {TEXTOID};

	if (!PlanIsKept(*plan, type->plural))
		KeepPlan(plan,
				 psprintf("SELECT pg_catalog.count(*) FROM interactions.%s"
						  " WHERE user_id OPERATOR(pg_catalog.=) $1",
						  quote_identifier(type->plural)),
				 lengthof(count_argtypes), count_argtypes, 0);
	RunPlan(*plan, lengthof(count_argtypes), &user_id, NULL, SPI_OK_SELECT);
	return ResultInt64(1);
}

/*
 * Removes what the target has already, value for value, from the source.  To
 * plan it for each of the first calls would take longer than to run it, by far
 * so where there are many partitions.
 */
static SPIPlanPtr
RemovePlan(const InteractionType *type)
{
	static SPIPlanPtr plans[NUM_TYPES];
	SPIPlanPtr		 *plan = &plans[TypeIndex(type)];
	const char		 *table = quote_identifier(type->plural);
	StringInfoData	  sql;

	if (PlanIsKept(*plan, type->plural))
		return *plan;
	initStringInfo(&sql);
	appendStringInfo(&sql,
					 "WITH known AS MATERIALIZED (SELECT one.\"timestamp\", one.item_id,"
					 " one.fingerprint FROM interactions.%s AS one"
					 " JOIN interactions.%s AS other"
					 " ON other.\"timestamp\" OPERATOR(pg_catalog.=) one.\"timestamp\""
					 " AND other.item_id OPERATOR(pg_catalog.=) one.item_id"
					 " AND other.fingerprint OPERATOR(pg_catalog.=) one.fingerprint"
					 " WHERE one.user_id OPERATOR(pg_catalog.=) $1"
					 " AND other.user_id OPERATOR(pg_catalog.=) $2",
					 table, table);
	for (int i = COLUMN_RECOMMENDATION_ID; i < WireColumnCount(type); i++)
	{
		const char *name = quote_identifier(ColumnName(type, i));

		appendStringInfo(&sql,
						 " AND (one.%s OPERATOR(pg_catalog.=) other.%s"
						 " OR one.%s IS NULL AND other.%s IS NULL)",
						 name, name, name, name);
	}
	appendStringInfo(&sql,
					 "), removed AS (DELETE FROM interactions.%s AS one USING known"
					 " WHERE one.user_id OPERATOR(pg_catalog.=) $1"
					 " AND one.\"timestamp\" OPERATOR(pg_catalog.=) known.\"timestamp\""
					 " AND one.item_id OPERATOR(pg_catalog.=) known.item_id"
					 " AND one.fingerprint OPERATOR(pg_catalog.=) known.fingerprint"
					 " RETURNING 1)"
					 " SELECT pg_catalog.count(*),"
					 " (SELECT pg_catalog.count(*) FROM removed),"
					 " CAST(0 AS pg_catalog.int8) FROM known",
					 table);
	KeepPlan(plan, sql.data, lengthof(argtypes), argtypes,
			 CURSOR_OPT_GENERIC_PLAN);
	return *plan;
}

/* Moves what the source has to the target. */
static SPIPlanPtr
MovePlan(const InteractionType *type)
{
	static SPIPlanPtr plans[NUM_TYPES];
	SPIPlanPtr		 *plan = &plans[TypeIndex(type)];

	if (!PlanIsKept(*plan, type->plural))
		KeepPlan(plan, MoveStatement(type->plural), lengthof(argtypes),
				 argtypes, CURSOR_OPT_GENERIC_PLAN);
	return *plan;
}

/*
 * Let a plan go through the rows by the primary key's index, and so in the
 * order in which batches store rows: two that meet in the same rows of the
 * target then wait for each other, and do not deadlock.  The planner is told
 * so only while it plans, as in ri_triggers.c, and not the triggers that the
 * plan fires; a generic plan is kept.
 */
static void
PlanByIndex(SPIPlanPtr plan)
{
	const char *const others[] = {"enable_seqscan", "enable_bitmapscan"};
	int				  nestlevel = NewGUCNestLevel();

	for (int i = 0; i < (int) lengthof(others); i++)
		(void) set_config_option(others[i], "off", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	ReleaseCachedPlan(SPI_plan_get_cached_plan(plan), CurrentResourceOwner);
	AtEOXact_GUC(true, nestlevel);
}

/* what is moved of one type */
typedef struct TransferJob
{
	const InteractionType *type;
	Datum				  *users; /* source and target */
	int64				   transferred;
	int64				   duplicates;
} TransferJob;

static void
TransferType(void *arg)
{
	TransferJob *job = arg;
	SPIPlanPtr	 move = MovePlan(job->type);

	job->duplicates = ChangeAll(RemovePlan(job->type), lengthof(argtypes),
								job->users, job->type->plural);
	PlanByIndex(move);
	job->transferred =
		ChangeAll(move, lengthof(argtypes), job->users, job->type->plural);
}

/*
 * Transfer a type.  A unique violation means mostly that the target got one of
 * the rows meanwhile, which another snapshot shows to be a duplicate.
 */
static void
TryTransferType(TransferJob *job)
{
	for (int try = 1; try < MAX_TRIES && !IsolationUsesXactSnapshot(); try++)
	{
		if (Attempt(TransferType, job, IsUniqueViolation))
			return;
	}
	TransferType(job);
}

/*
 * Move every interaction of a user to another, and register the target; the
 * source is deleted, or stays registered.  Counts by type what was moved, and
 * in all what the target had already.  False, and nothing has changed, where
 * the source is unknown.  To be called within SPI; takes the locks.
 */
bool
TransferInteractions(Span from, Span to, bool delete_user, int64 *transferred,
					 int64 *duplicates)
{
	Datum users[] = {SpanDatum(from), SpanDatum(to)};
	bool  found[NUM_TYPES];
	bool  registered;
	bool  known;
	bool  refer;
	bool  move;
	bool  split;

	LockUsers(from, to);
	known = registered = IsRegistered(users[0]);
	for (int i = 0; i < NUM_TYPES; i++)
	{
		found[i] = RunPlan(FindPlan(&InteractionTypes[i]), lengthof(argtypes),
						   users, NULL, SPI_OK_SELECT) > 0;
		known = known || found[i];
	}
	if (!known)
		return false;

	/* a registration moves as the row that it is, at the end or, where both ids
	 * are needed meanwhile, at once */
	refer = registered && InteractionsReferToUsers();
	if (refer || (registered && IsolationUsesXactSnapshot()))
		LockRegistration(users[0]);
	move = delete_user && registered && !IsRegistered(users[1]);
	split = move && refer && SplitRegistration(users[0], users[1]);
	move = move && !refer;
	if (!move)
		RegisterTarget(users[0], users[1]);
	*duplicates = 0;
	for (int i = 0; i < NUM_TYPES; i++)
	{
		TransferJob job = {.type = &InteractionTypes[i], .users = users};

		if (found[i])
			TryTransferType(&job);
		transferred[i] = job.transferred;
		/* some may have followed the registration; the target had none */
		if (found[i] && split && RefersToUsers(job.type))
			transferred[i] = CountRows(job.type, users[1]);
		*duplicates += job.duplicates;
	}
	MoveRecommendations(users);
	if (move && MoveRegistration(users[0], users[1]))
		return true;
	if (move)
		RegisterTarget(users[0], users[1]);
	if (delete_user)
		UnregisterUser(users[0]);
	else
		RegisterUser(users[0]);
	return true;
}

/* The answer of transfer_interactions, where the source was known. */
static text *
TransferAnswer(Span from, Span to, const int64 *transferred, int64 duplicates,
			   bool user_deleted)
{
	StringInfoData result;

	initStringInfo(&result);
	appendStringInfoString(&result, "{\"from_user_id\": ");
	escape_json(&result, pnstrdup(from.data, from.len));
	appendStringInfoString(&result, ", \"to_user_id\": ");
	escape_json(&result, pnstrdup(to.data, to.len));
	appendStringInfoString(&result, ", \"transferred\": ");
	AppendCounts(&result, transferred);
	appendStringInfo(&result,
					 ", \"duplicates\": " INT64_FORMAT
					 ", \"user_deleted\": %s}",
					 duplicates, user_deleted ? "true" : "false");
	return cstring_to_text_with_len(result.data, result.len);
}

/*
 * transfer_interactions(from_user_id, to_user_id, delete_user, missing_ok): a
 * function that returns json, and a procedure whose result nobody reads
 */
PG_FUNCTION_INFO_V1(transfer_interactions);
Datum
transfer_interactions(PG_FUNCTION_ARGS)
{
	Span  from = CheckedId("from_user_id", PG_GETARG_DATUM(0), PG_ARGISNULL(0));
	Span  to = CheckedId("to_user_id", PG_GETARG_DATUM(1), PG_ARGISNULL(1));
	int64 transferred[NUM_TYPES] = {0};
	int64 duplicates = 0;
	bool  known;

	if (PG_ARGISNULL(2))
		ReportNull("delete_user");
	if (PG_ARGISNULL(3))
		ReportNull("missing_ok");
	if (SpansEqual(from, to))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot transfer interactions of user \"%s\" to the same user",
						Clip(from))));

	SPI_connect();
	known = TransferInteractions(from, to, PG_GETARG_BOOL(2), transferred,
								 &duplicates);
	SPI_finish();
	/* PostgREST puts the message into a header, so no text of a client's */
	if (!known && !PG_GETARG_BOOL(3))
		ereport(ERROR,
				(errcode(ERRCODE_UNKNOWN_USER), errmsg("user does not exist"),
				 errdetail("\"%s\" is not registered, and no interaction bears the id.",
						   Clip(from))));
	PG_RETURN_TEXT_P(TransferAnswer(from, to, transferred, duplicates,
									known && PG_GETARG_BOOL(2)));
}
