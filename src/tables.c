/*
 * tables.c
 *	  Makes the tables, and all that stands on them, for whoever asks.
 *
 * This is the only place that knows what a table looks like.  What is made
 * are ordinary objects of the caller's, so that a dump keeps all that he adds
 * to them.  What is there already is looked at, and kept.
 *
 * The function's search_path is pg_catalog alone.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "storage/lmgr.h"
#include "types.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "violation.h"

#define TABLES "interactions"
#define VIEWS "interactions_v1"

/* autovacuum comes earlier than by default: lists read through dead rows */
#define STORAGE                                                                \
	" WITH (autovacuum_vacuum_scale_factor = 0.05,"                            \
	" autovacuum_analyze_scale_factor = 0.02)"

/* the last of the BEFORE triggers of a row, by its name */
#define CHECK_TRIGGER "zz_check_interaction"
#define CHECK_USER_TRIGGER "zz_check_user"

/* a column that a table or a view has to have */
typedef struct NeededColumn
{
	const char *name;
	Oid typid;
	bool not_null;
	bool bytewise; /* COLLATE "C" */
	const char *comment;
} NeededColumn;

/* a relation of ours */
typedef struct Target
{
	const char *schema;
	const char *name;
	bool is_view;
	bool existed;
	NeededColumn columns[MAX_COLUMNS];
	int ncolumns;
} Target;

static const NeededColumn user_columns[] = {
	{"user_id", TEXTOID, true, true, "1 to 512 bytes"},
	{"name", TEXTOID, false, false, "What to call the user; may be null"},
	{"created_at", TIMESTAMPTZOID, true, false,
	 "When the user was registered, to the millisecond"},
};

static const NeededColumn known_user_columns[] = {
	{"external_id", TEXTOID, false, false, "The user's id; 1 to 512 bytes"},
	{"name", TEXTOID, false, false, "What to call the user, or null"},
	{"created_at", INT8OID, false, false,
	 "When the user was registered, ms since 1970-01-01 UTC; null where not registered"},
};

static const NeededColumn stats_columns[] = {
	{"interaction_type", TEXTOID, false, false, "The table"},
	{"rows", INT8OID, false, false, "Estimated by the last VACUUM or ANALYZE"},
	{"bytes", INT8OID, false, false, "Of the table with its indexes"},
	{"oldest", TIMESTAMPTZOID, false, false,
	 "Oldest in the sample of the last ANALYZE"},
	{"newest", TIMESTAMPTZOID, false, false,
	 "Newest in the sample of the last ANALYZE"},
};

static const char *const shared_comments[] =
	{"Who; 1 to 512 bytes", "With what; 1 to 512 bytes",
	 "When, to the millisecond; null becomes now",
	 "The recommendation that led here, 1 to 512 bytes, or null"};

/* Run a statement, made of names of ours and numbers. */
static void Execute(const char *fmt, ...) pg_attribute_printf(1, 2);

static void
Execute(const char *fmt, ...)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (;;)
	{
		va_list args;
		int needed;

		va_start(args, fmt);
		needed = appendStringInfoVA(&sql, fmt, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&sql, needed);
	}
	if (SPI_execute(sql.data, false, 0) < 0)
		elog(ERROR, "could not execute \"%s\": %s", sql.data,
			 SPI_result_code_string(SPI_result));
	pfree(sql.data);
}

static char *
QualifiedName(const Target *target)
{
	return quote_qualified_identifier(target->schema, target->name);
}

static Oid
FindTarget(const Target *target)
{
	return get_relname_relid(target->name,
							 get_namespace_oid(target->schema, false));
}

static void
Comment(const char *kind, const char *name, const char *comment)
{
	Execute("COMMENT ON %s %s IS %s", kind, name, quote_literal_cstr(comment));
}

static void
CommentColumns(const Target *target)
{
	for (int i = 0; i < target->ncolumns; i++)
		Comment("COLUMN",
				psprintf("%s.%s", QualifiedName(target),
						 quote_identifier(target->columns[i].name)),
				target->columns[i].comment);
}

/* Hold a column of a relation that is there to what it has to be. */
static void
CheckColumn(Relation rel, const Target *target, const NeededColumn *needed)
{
	TupleDesc tupdesc = RelationGetDescr(rel);
	int attnum = SPI_fnumber(tupdesc, needed->name);
	Form_pg_attribute attribute;

	if (attnum <= 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TABLE_DEFINITION),
						errmsg("relation \"%s.%s\" has no column \"%s\"",
							   target->schema, target->name, needed->name)));
	attribute = TupleDescAttr(tupdesc, attnum - 1);
	if (attribute->atttypid != needed->typid)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
				 errmsg("column \"%s\" of relation \"%s.%s\" must be of type"
						" %s, not %s",
						needed->name, target->schema, target->name,
						format_type_be(needed->typid),
						format_type_be(attribute->atttypid))));
	if (needed->bytewise && attribute->attcollation != C_COLLATION_OID)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TABLE_DEFINITION),
						errmsg("column \"%s\" of relation \"%s.%s\" must have"
							   " collation \"C\"",
							   needed->name, target->schema, target->name)));
	if (attribute->attgenerated != '\0' ||
		(needed->not_null && !attribute->attnotnull))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
				 errmsg(attribute->attgenerated != '\0'
							? "column \"%s\" of relation \"%s.%s\" must not be"
							  " generated"
							: "column \"%s\" of relation \"%s.%s\" must be"
							  " NOT NULL",
						needed->name, target->schema, target->name)));
}

/*
 * Whether a relation is there; if so, say that it is kept, and raise where it
 * is not what it has to be.
 */
static bool
IsThere(Target *target)
{
	Oid relid = FindTarget(target);
	char relkind;
	Relation rel;

	target->existed = OidIsValid(relid);
	if (!target->existed)
		return false;
	relkind = get_rel_relkind(relid);
	if (target->is_view ? relkind != RELKIND_VIEW
						: relkind != RELKIND_RELATION &&
							  relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg(target->is_view ? "\"%s.%s\" is not a view"
											   : "\"%s.%s\" is not a table",
							   target->schema, target->name)));
	rel = relation_open(relid, AccessShareLock);
	for (int i = 0; i < target->ncolumns; i++)
		CheckColumn(rel, target, &target->columns[i]);
	relation_close(rel, NoLock);
	ereport(NOTICE, (errcode(ERRCODE_DUPLICATE_TABLE),
					 errmsg("relation \"%s.%s\" already exists, skipping",
							target->schema, target->name)));
	return true;
}

/* Tell of something that is added to a relation that was there. */
static void
NoticeAdded(const Target *target, const char *kind, const char *name)
{
	if (target->existed)
		ereport(NOTICE, (errmsg("adding %s \"%s\" to \"%s.%s\"", kind, name,
								target->schema, target->name)));
}

/* Make a trigger, unless there is one of that name. */
static void
MakeTrigger(const Target *target, const char *name, const char *fired,
			const char *each, const char *call, const char *comment)
{
	if (OidIsValid(get_trigger_oid(FindTarget(target), name, true)))
		return;
	NoticeAdded(target, "trigger", name);
	Execute("CREATE TRIGGER %s %s ON %s FOR EACH %s"
			" EXECUTE FUNCTION interactions.%s",
			name, fired, QualifiedName(target), each, call);
	Comment("TRIGGER", psprintf("%s ON %s", name, QualifiedName(target)),
			comment);
}

/* The columns of an index, as a list in SQL; at most as many as given. */
static char *
IndexColumns(Relation index, Relation rel, int max)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < Min(max, index->rd_index->indnkeyatts); i++)
	{
		int attnum = index->rd_index->indkey.values[i];

		if (attnum <= 0)
			break;
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "",
						 quote_identifier(NameStr(
							 TupleDescAttr(RelationGetDescr(rel), attnum - 1)
								 ->attname)));
	}
	return names.data;
}

/*
 * Whether a table has an index on all of its rows that begins with columns,
 * or, where it has to be the primary key, has no others.
 */
static bool
HasIndex(const Target *target, const char *columns, int ncolumns, bool primary)
{
	Relation rel = table_open(FindTarget(target), AccessShareLock);
	List *oids = RelationGetIndexList(rel);
	bool result = false;
	ListCell *cell;

	foreach (cell, oids)
	{
		Relation index = index_open(lfirst_oid(cell), AccessShareLock);
		int max = primary ? INDEX_MAX_KEYS : ncolumns;
		bool same = strcmp(IndexColumns(index, rel, max), columns) == 0;

		if (!primary)
			result = result ||
					 (same && RelationGetIndexPredicate(index) == NIL);
		else if (index->rd_index->indisprimary && !same)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
					 errmsg("primary key of table \"%s.%s\" must be (%s)",
							target->schema, target->name, columns)));
		else
			result = result || index->rd_index->indisprimary;
		index_close(index, NoLock);
	}
	table_close(rel, NoLock);
	return result;
}

static void
MakePrimaryKey(const Target *target, const char *columns, const char *comment)
{
	const char *name = psprintf("%s_pkey", target->name);

	if (HasIndex(target, columns, 0, true))
		return;
	NoticeAdded(target, "primary key", name);
	Execute("ALTER TABLE %s ADD CONSTRAINT %s PRIMARY KEY (%s)",
			QualifiedName(target), quote_identifier(name), columns);
	Comment("INDEX", quote_qualified_identifier(target->schema, name), comment);
}

static void
MakeItemIndex(const Target *target)
{
	const char *columns = "item_id, \"timestamp\"";
	const char *name = psprintf("%s_item_id_timestamp_idx", target->name);

	if (HasIndex(target, columns, 2, false))
		return;
	NoticeAdded(target, "index", name);
	Execute("CREATE INDEX %s ON %s (%s)", quote_identifier(name),
			QualifiedName(target), columns);
	Comment("INDEX", quote_qualified_identifier(target->schema, name),
			"The list of an item");
}

/* Make a table with its columns, unless it is there. */
static void
MakeTable(Target *target, bool partitioned, const char *comment)
{
	StringInfoData columns;

	if (IsThere(target))
	{
		if (partitioned &&
			get_rel_relkind(FindTarget(target)) == RELKIND_RELATION)
			ereport(NOTICE, (errmsg("table \"%s.%s\" is not partitioned, and"
									" stays so",
									target->schema, target->name)));
		return;
	}
	initStringInfo(&columns);
	for (int i = 0; i < target->ncolumns; i++)
	{
		const NeededColumn *column = &target->columns[i];

		appendStringInfo(&columns, "%s%s %s%s%s%s", i > 0 ? ", " : "",
						 quote_identifier(column->name),
						 format_type_be(column->typid),
						 column->bytewise ? " COLLATE \"C\"" : "",
						 column->not_null ? " NOT NULL" : "",
						 column->typid == TIMESTAMPTZOID ? " DEFAULT now()"
														 : "");
	}
	Execute("CREATE TABLE %s (%s)%s", QualifiedName(target), columns.data,
			partitioned ? " PARTITION BY RANGE (\"timestamp\")" : STORAGE);
	if (partitioned)
		Execute("CREATE TABLE %s PARTITION OF %s DEFAULT" STORAGE,
				quote_qualified_identifier(target->schema,
										   psprintf("%s_default",
													target->name)),
				QualifiedName(target));
	Comment("TABLE", QualifiedName(target), comment);
	CommentColumns(target);
}

/* Make a view, unless it is there. */
static void
MakeView(Target *target, const char *query, const char *comment)
{
	if (IsThere(target))
		return;
	Execute("CREATE VIEW %s WITH (security_invoker = true) AS %s",
			QualifiedName(target), query);
	Comment("VIEW", QualifiedName(target), comment);
	CommentColumns(target);
}

static Target
TargetOf(const char *schema, const char *name, bool is_view,
		 const NeededColumn *columns, int ncolumns)
{
	Target target = {.schema = schema,
					 .name = name,
					 .is_view = is_view,
					 .ncolumns = ncolumns};

	memcpy(target.columns, columns, ncolumns * sizeof(NeededColumn));
	return target;
}

/* The table of a type, or its view. */
static Target
TypeTarget(const InteractionType *type, bool is_view)
{
	NeededColumn columns[MAX_COLUMNS] = {{0}};
	int ncolumns = is_view ? WireColumnCount(type) : ColumnCount(type);

	for (int i = 0; i < ncolumns; i++)
	{
		NeededColumn *column = &columns[i];

		column->name = ColumnName(type, i);
		column->typid = is_view ? WireColumnType(type, i) : ColumnType(type, i);
		column->not_null = !is_view && ColumnRequired(type, i);
		column->bytewise = !is_view && column->typid == TEXTOID;
		if (is_view && i == COLUMN_TIMESTAMP)
			column->comment = "When, ms since 1970-01-01 UTC; null becomes now";
		else if (i < COLUMN_FIRST_OWN)
			column->comment = shared_comments[i];
		else if (i < COLUMN_FIRST_OWN + type->nown)
			column->comment = type->own[i - COLUMN_FIRST_OWN].comment;
		else
			column->comment = "Hash over the columns outside the key, set by"
							  " the trigger";
	}
	return TargetOf(is_view ? VIEWS : TABLES, type->plural, is_view, columns,
					ncolumns);
}

static void
MakeTypeTable(const InteractionType *type, bool partitioned)
{
	Target table = TypeTarget(type, false);

	MakeTable(&table, partitioned,
			  psprintf("Interactions of type %s; the same interaction is"
					   " stored once",
					   type->plural));
	MakePrimaryKey(&table, KEY_COLUMNS, "Identity, and the list of a user");
	MakeItemIndex(&table);
	MakeTrigger(&table, CHECK_TRIGGER, "BEFORE INSERT OR UPDATE", "ROW",
				psprintf("check_interaction('%s')", type->plural),
				"Holds the rules, completes timestamp and fingerprint; its"
				" name makes it the last");
}

static void
MakeTypeView(const InteractionType *type)
{
	Target view = TypeTarget(type, true);
	const char *call = psprintf("insert_interaction('%s')", type->plural);

	MakeView(&view,
			 psprintf("SELECT %s FROM interactions.%s", WireColumns(type),
					  quote_identifier(type->plural)),
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

static void
MakeUsersTable(void)
{
	Target table =
		TargetOf(TABLES, "users", false, user_columns, lengthof(user_columns));

	MakeTable(&table, false,
			  "The registered users; interactions may bear the id of a user"
			  " who is not registered");
	MakePrimaryKey(&table, "user_id", "A user's registration");
	MakeTrigger(&table, CHECK_USER_TRIGGER, "BEFORE INSERT OR UPDATE", "ROW",
				"check_user()", "Holds the rules; its name makes it the last");
}

/* UNION pushes a filter on external_id down to the indexes of each table. */
static void
MakeUsersView(void)
{
	Target view = TargetOf(VIEWS, "users", true, known_user_columns,
						   lengthof(known_user_columns));
	StringInfoData seen;

	initStringInfo(&seen);
	for (int i = 0; i < NUM_TYPES; i++)
		appendStringInfo(&seen, "%sSELECT user_id FROM interactions.%s",
						 i > 0 ? " UNION " : "",
						 quote_identifier(InteractionTypes[i].plural));
	MakeView(&view,
			 psprintf("SELECT user_id AS external_id, name,"
					  " interactions.timestamp_to_ms(created_at) AS created_at"
					  " FROM interactions.users"
					  " UNION ALL SELECT user_id, NULL, NULL"
					  " FROM (%s) AS seen WHERE NOT EXISTS"
					  " (SELECT FROM interactions.users AS registered"
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

/* What the catalog says of the tables costs the same at any size. */
static void
MakeStats(void)
{
	Target view =
		TargetOf(TABLES, "stats", true, stats_columns, lengthof(stats_columns));
	StringInfoData types;

	initStringInfo(&types);
	for (int i = 0; i < NUM_TYPES; i++)
		appendStringInfo(&types, "%s(%d, '%s')", i > 0 ? ", " : "", i,
						 InteractionTypes[i].plural);
	MakeView(
		&view,
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
				 " AND NOT inherited"
				 " CROSS JOIN LATERAL (SELECT min(moment), max(moment)"
				 " FROM unnest(most_common_vals::text::timestamptz[]"
				 " || histogram_bounds::text::timestamptz[]) AS moment)"
				 " AS sample (oldest, newest)) AS parts"
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
	if (PG_ARGISNULL(0))
		ReportNull("partitioned");

	/* another call waits, and then finds all there */
	LockDatabaseObject(NamespaceRelationId, get_namespace_oid(TABLES, false), 0,
					   ShareRowExclusiveLock);
	SPI_connect();
	MakeUsersTable();
	for (int i = 0; i < NUM_TYPES; i++)
		MakeTypeTable(&InteractionTypes[i], PG_GETARG_BOOL(0));
	for (int i = 0; i < NUM_TYPES; i++)
		MakeTypeView(&InteractionTypes[i]);
	MakeUsersView();
	MakeStats();
	SPI_finish();
	PG_RETURN_VOID();
}
