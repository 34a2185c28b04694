/*
 * tables.c
 *	  Makes the tables, and all that stands on them, for whoever asks.
 *
 * What a table looks like is said here; its columns stand in types.c, users.c,
 * recommended.c and refresh.c, which need them, too.
 *
 * The function's search_path is pg_catalog and pg_temp.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "recommended.h"
#include "refresh.h"
#include "relations.h"
#include "storage/lmgr.h"
#include "storage/shmem.h"
#include "types.h"
#include "users.h"
#include "utils/builtins.h"
#include "utils/syscache.h"
#include "violation.h"

#define TABLES "interactions"
#define VIEWS "interactions_v1"

/* the last of the BEFORE triggers of a row, by its name */
#define CHECK_TRIGGER "zz_check_interaction"
#define CHECK_USER_TRIGGER "zz_check_user"

static const NeededColumn stats_columns[] = {
	COLUMN("interaction_type", TEXTOID, false, false, "The table"),
	COLUMN("rows", INT8OID, false, false,
		   "Estimated by the last VACUUM or ANALYZE"),
	COLUMN("bytes", INT8OID, false, false, "Of the table with its indexes"),
	COLUMN("oldest", TIMESTAMPTZOID, false, false,
		   "Oldest in the sample of the last ANALYZE"),
	COLUMN("newest", TIMESTAMPTZOID, false, false,
		   "Newest in the sample of the last ANALYZE"),
};

/* The view in wire format of a table that has such columns. */
static NeededRelation
WireView(const char *name, const NeededColumn *columns, int ncolumns)
{
	NeededColumn *wire = palloc(mul_size(sizeof(NeededColumn), ncolumns));

	for (int i = 0; i < ncolumns; i++)
	{
		NeededColumn *column = &wire[i];

		*column = columns[i];
		column->not_null = column->bytewise = false;
		if (column->typid == TIMESTAMPTZOID)
			column->comment = "When, ms since 1970-01-01 UTC; null becomes now";
		column->typid = WireTypeOf(column);
	}
	return NeededRelationOf(VIEWS, name, true, wire, ncolumns);
}

/* Make the table of a type, unless it is there; whether it is new. */
static bool
MakeTypeTable(const InteractionType *type, bool partitioned)
{
	NeededRelation table = NeededRelationOf(TABLES, type->plural, false,
											type->columns, type->ncolumns);

	MakeTable(&table, partitioned,
			  psprintf("Interactions of type %s; the same interaction is"
					   " stored once",
					   type->plural));
	MakePrimaryKey(&table, KEY_COLUMNS, "Identity, and the list of a user");
	MakeIndex(&table, psprintf("%s_item_id_timestamp_idx", type->plural),
			  "item_id, \"timestamp\"", "The list of an item");
	MakeTrigger(&table, CHECK_TRIGGER, "BEFORE INSERT OR UPDATE", "ROW",
				psprintf("check_interaction('%s')", type->plural),
				"Holds the rules, completes timestamp and fingerprint; its"
				" name makes it the last");
	return !table.existed;
}

static void
MakeTypeView(const InteractionType *type, bool is_new)
{
	NeededRelation view =
		WireView(type->plural, type->columns, WireColumnCount(type));
	const char *call = psprintf("insert_interaction('%s')", type->plural);

	MakeView(&view, is_new,
			 psprintf("SELECT %s FROM interactions.%s", WireColumns(type),
					  type->plural),
			 psprintf("Interactions of type %s in wire format; takes INSERT"
					  " and COPY, skips what is stored already",
					  type->plural));
	MakeTrigger(&view, "insert_interaction", "INSTEAD OF INSERT", "ROW", call,
				"Checks the row, and collects it");
	MakeTrigger(&view, "before_insert_interaction", "BEFORE INSERT",
				"STATEMENT", call, "Begins to collect rows");
	MakeTrigger(&view, "after_insert_interaction", "AFTER INSERT", "STATEMENT",
				call,
				psprintf("Stores the collected rows in interactions.%s, but"
						 " those that are stored already",
						 type->plural));
}

/* Make the table of users, unless it is there; whether it is new. */
static bool
MakeUsersTable(void)
{
	NeededRelation table =
		NeededRelationOf(TABLES, "users", false, UserColumns, NUM_USER_COLUMNS);

	MakeTable(&table, false,
			  "The registered users; interactions may bear the id of a user"
			  " who is not registered");
	MakePrimaryKey(&table, "user_id", "A user's registration");
	MakeTrigger(&table, CHECK_USER_TRIGGER, "BEFORE INSERT OR UPDATE", "ROW",
				"check_user()", "Holds the rules; its name makes it the last");
	return !table.existed;
}

/*
 * UNION pushes a filter on external_id down to the indexes of each table.  A
 * SELECT without columns would not arrive at a shard.
 */
static void
MakeUsersView(bool is_new)
{
	NeededRelation view = NeededRelationOf(VIEWS, "users", true,
										   KnownUserColumns, NUM_USER_COLUMNS);
	StringInfoData seen;

	initStringInfo(&seen);
	for (int i = 0; i < NUM_TYPES; i++)
		appendStringInfo(&seen, "%sSELECT user_id FROM interactions.%s",
						 i > 0 ? " UNION " : "", InteractionTypes[i].plural);
	MakeView(&view, is_new,
			 psprintf("SELECT user_id AS external_id, name,"
					  " interactions.timestamp_to_ms(created_at) AS created_at"
					  " FROM interactions.users"
					  " UNION ALL SELECT user_id, NULL, NULL"
					  " FROM (%s) AS seen WHERE NOT EXISTS"
					  " (SELECT 1 FROM interactions.users AS registered"
					  " WHERE registered.user_id = seen.user_id)",
					  seen.data),
			 "Every known user: registered, or seen in an interaction; INSERT"
			 " registers, UPDATE names, renames or merges, DELETE erases with"
			 " every interaction");
	MakeTrigger(&view, "edit_user", "INSTEAD OF INSERT OR UPDATE OR DELETE",
				"ROW", "edit_user()",
				"Registers, names, renames, merges and erases users");
	MakeTrigger(&view, "before_edit_user", "BEFORE UPDATE", "STATEMENT",
				"edit_user()", "Notes the columns that are set");
}

/* What interactions.refresh_items counts. */
static void
MakeCounts(void)
{
	NeededRelation pairs = NeededRelationOf(TABLES, ItemPairs.name, false,
											ItemPairs.columns,
											ItemPairs.ncolumns);
	NeededRelation popularity = NeededRelationOf(TABLES, ItemPopularity.name,
												 false, ItemPopularity.columns,
												 ItemPopularity.ncolumns);

	MakeTable(&pairs, false,
			  "Items that go together, as interactions.refresh_items counted"
			  " them last");
	MakePrimaryKey(&pairs, "interaction_type, item_id, other_item_id",
				   "What goes together with an item");
	MakeTable(&popularity, false,
			  "Items, as interactions.refresh_items counted them last");
	MakePrimaryKey(&popularity, "interaction_type, item_id", "An item");
	MakeIndex(&popularity, "item_popularity_interaction_type_score_idx",
			  "interaction_type, score", "The list of popular items");
}

/* What was recommended, and its view in wire format. */
static void
MakeRecommendations(void)
{
	NeededRelation table = NeededRelationOf(TABLES, "recommendations", false,
											RecommendationColumns,
											NUM_RECOMMENDATION_COLUMNS);
	NeededRelation view = WireView("recommendations", RecommendationColumns,
								   NUM_RECOMMENDATION_COLUMNS);

	MakeTable(&table, false,
			  "What was shown to whom, with the id that the interactions it"
			  " led to bear");
	MakePrimaryKey(&table, "recommendation_id", "Identity");
	MakeIndex(&table, "recommendations_user_id_idx", "user_id",
			  "Those of a user who is transferred, renamed or erased");
	MakeTrigger(&table, "zz_check_recommendation", "BEFORE INSERT OR UPDATE",
				"ROW", "check_recommendation()",
				"Holds the rules, completes timestamp; its name makes it the"
				" last");

	MakeView(&view, !table.existed,
			 "SELECT recommendation_id, user_id, scenario, item_ids,"
			 " interactions.timestamp_to_ms(\"timestamp\") AS \"timestamp\""
			 " FROM interactions.recommendations",
			 "What was shown to whom in wire format; takes INSERT and COPY,"
			 " skips what is stored already");
	MakeTrigger(&view, "insert_recommendation", "INSTEAD OF INSERT", "ROW",
				"insert_recommendation()",
				"Stores the row, unless it is stored already");
}

/* Whether the script of the extension is older than the library. */
static bool
ScriptIsOlder(void)
{
	return !SearchSysCacheExists2(TYPENAMENSP,
								  CStringGetDatum("recommendation"),
								  ObjectIdGetDatum(
									  get_namespace_oid(VIEWS, false)));
}

/* What the catalog says of the tables costs the same at any size. */
static void
MakeStats(void)
{
	NeededRelation view = NeededRelationOf(TABLES, "stats", true, stats_columns,
										   lengthof(stats_columns));
	StringInfoData types;

	initStringInfo(&types);
	for (int i = 0; i < NUM_TYPES; i++)
		appendStringInfo(&types, "%s(%d, '%s')", i > 0 ? ", " : "", i,
						 InteractionTypes[i].plural);
	MakeView(&view, false,
			 psprintf("SELECT type.name AS interaction_type, parts.rows, parts.bytes,"
					  " parts.oldest, parts.newest"
					  " FROM (VALUES %s) AS type (position, name)"
					  " JOIN pg_class AS root ON root.relname = type.name"
					  " AND root.relnamespace = 'interactions'::regnamespace"
					  " AND root.relkind IN ('r', 'p')"
					  " CROSS JOIN LATERAL (SELECT"
					  " CASE WHEN max(part.reltuples) >= 0"
					  " THEN sum(greatest(part.reltuples, 0))::bigint END AS rows,"
					  " sum(pg_total_relation_size(part.oid))::bigint AS bytes,"
					  " min(sample.oldest) AS oldest, max(sample.newest) AS newest"
					  " FROM (SELECT root.oid WHERE root.relkind = 'r'"
					  " UNION ALL SELECT relid FROM pg_partition_tree(root.oid)"
					  " WHERE isleaf AND root.relkind = 'p') AS leaf (oid)"
					  " JOIN pg_class AS part ON part.oid = leaf.oid"
					  " JOIN pg_namespace ON pg_namespace.oid = part.relnamespace"
					  " LEFT JOIN pg_stats ON schemaname = nspname"
					  " AND tablename = part.relname AND attname = 'timestamp'"
					  " AND NOT inherited AND part.reltuples > 0"
					  /* JSON has times as they are, whatever the session's style */
					  " CROSS JOIN LATERAL (SELECT min(moment::timestamptz),"
					  " max(moment::timestamptz) FROM (SELECT"
					  " json_array_elements_text(array_to_json(most_common_vals))"
					  " UNION ALL SELECT"
					  " json_array_elements_text(array_to_json(histogram_bounds)))"
					  " AS moments (moment)) AS sample (oldest, newest)) AS parts"
					  " ORDER BY type.position",
					  types.data),
			 "Rows, oldest and newest by type, as of the last ANALYZE or VACUUM"
			 " (null before), and bytes as of now");
}

/* create_tables(partitioned) */
PG_FUNCTION_INFO_V1(create_tables);
Datum
create_tables(PG_FUNCTION_ARGS)
{
	bool is_new[NUM_TYPES];
	bool any_is_new;

	RequireArgument(fcinfo, 0, "partitioned");

	/* another call waits, and then finds all there */
	LockDatabaseObject(NamespaceRelationId, get_namespace_oid(TABLES, false), 0,
					   ShareRowExclusiveLock);
	SPI_connect();
	any_is_new = MakeUsersTable();
	for (int i = 0; i < NUM_TYPES; i++)
	{
		is_new[i] = MakeTypeTable(&InteractionTypes[i], PG_GETARG_BOOL(0));
		any_is_new = any_is_new || is_new[i];
	}
	for (int i = 0; i < NUM_TYPES; i++)
		MakeTypeView(&InteractionTypes[i], is_new[i]);
	MakeUsersView(any_is_new);
	MakeStats();
	if (!ScriptIsOlder())
	{
		MakeCounts();
		MakeRecommendations();
	}
	SPI_finish();
	PG_RETURN_VOID();
}
