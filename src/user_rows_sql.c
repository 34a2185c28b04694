/*
 * user_rows_sql.c
 *	  The statements that move or remove all rows of a user, as SQL, and find
 *	  those that another user has already.
 *
 * One tells of each table how many rows it found, how many of these it moved
 * and removed, and how many ended otherwise than it was asked for; all of one
 * snapshot, but on shards, where each part has its own.
 */
#include "postgres.h"

#include "access/table.h"
#include "own_tables.h"
#include "user_rows_sql.h"
#include "utils/builtins.h"
#include "utils/rel.h"

/* That a row is one of a user's in a table, as a condition. */
static const char *
RowsOf(int table, const char *alias, const char *user)
{
	const char *of_user =
		psprintf("%s.user_id OPERATOR(pg_catalog.=) %s", alias, user);

	if (table >= NUM_TYPES)
		return of_user;
	return psprintf("%s AND %s.\"timestamp\" OPERATOR(pg_catalog.>=) $3"
					" AND %s.\"timestamp\" OPERATOR(pg_catalog.<=) $4",
					of_user, alias, alias);
}

/*
 * Find what the other user has already, value for value: each by its key, in a
 * subquery that ends so that it stays one.  A user may have far more rows than
 * the planner thinks, of whom it would compare each with each.
 */
const char *
DuplicateRows(int table, bool copy, const char *end)
{
	const InteractionType *type = &InteractionTypes[table];
	StringInfoData		   sql;

	initStringInfo(&sql);
	appendStringInfo(&sql,
					 "SELECT one.\"timestamp\", one.item_id, one.fingerprint"
					 " FROM %s AS one, LATERAL (SELECT"
					 " FROM interactions.%s AS other WHERE %s"
					 " AND other.\"timestamp\" OPERATOR(pg_catalog.=) one.\"timestamp\""
					 " AND other.item_id OPERATOR(pg_catalog.=) one.item_id"
					 " AND other.fingerprint OPERATOR(pg_catalog.=) one.fingerprint",
					 copy ? psprintf("found_%d", table)
						  : psprintf("interactions.%s", type->plural),
					 type->plural, RowsOf(table, "other", "$2"));
	for (int i = COLUMN_RECOMMENDATION_ID; i < WireColumnCount(type); i++)
	{
		const char *column = quote_identifier(type->columns[i].name);

		appendStringInfo(&sql,
						 " AND (one.%s OPERATOR(pg_catalog.=) other.%s"
						 " OR one.%s IS NULL AND other.%s IS NULL)",
						 column, column, column, column);
	}
	appendStringInfo(&sql, " %s) AS same WHERE %s", end,
					 RowsOf(table, "one", "$1"));
	return sql.data;
}

/*
 * Remove what the other user has already.  A row is looked for in a hash table,
 * for which ANY must not become a join.
 */
static void
AppendRemoveDuplicates(StringInfo sql, int table, bool copy)
{
	appendStringInfo(sql,
					 "known_%d AS MATERIALIZED (%s),"
					 " removed_%d AS (DELETE FROM interactions.%s AS one"
					 " WHERE %s AND ((\"timestamp\", item_id, fingerprint)"
					 " OPERATOR(pg_catalog.=) ANY"
					 " (SELECT \"timestamp\", item_id, fingerprint"
					 " FROM known_%d)) IS TRUE RETURNING 1), ",
					 table, DuplicateRows(table, copy, "OFFSET 0"), table,
					 TableName(table), RowsOf(table, "one", "$1"), table);
}

/* A table's columns but user_id that can be given, each after a comma. */
const char *
OtherColumns(const char *table)
{
	Relation	   rel = OpenTable(table, AccessShareLock);
	StringInfoData columns;

	initStringInfo(&columns);
	for (int i = 0; i < RelationGetDescr(rel)->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(RelationGetDescr(rel), i);

		if (!column->attisdropped && column->attgenerated == '\0' &&
			strcmp(NameStr(column->attname), "user_id") != 0)
			appendStringInfo(&columns, ", %s",
							 quote_identifier(NameStr(column->attname)));
	}
	table_close(rel, NoLock);
	return columns.data;
}

/*
 * Find the rows, as they are before any is changed; returns that a row is one of
 * these, as a condition.  The parts of a statement for shards run one after
 * another, each with a snapshot of its own, and what was stored meanwhile is
 * not to be mistaken for what was kept.
 */
static const char *
AppendFound(StringInfo sql, int table)
{
	bool		is_type = table < NUM_TYPES;
	const char *key = is_type ? "(\"timestamp\", item_id, fingerprint)"
							  : "user_id";
	const char *columns = is_type ? ColumnNames(&InteractionTypes[table])
								  : "user_id";

	appendStringInfo(sql,
					 "found_%d AS MATERIALIZED (SELECT %s"
					 " FROM interactions.%s AS one WHERE %s), ",
					 table, columns, TableName(table),
					 RowsOf(table, "one", "$1"));
	return psprintf(" AND %s OPERATOR(pg_catalog.=) ANY (SELECT %s FROM found_%d)",
					key, is_type ? "\"timestamp\", item_id, fingerprint" : key,
					table);
}

/*
 * Store what was taken under the other id: in shards, where no row gets another
 * one, rows are copied whole.
 */
static void
AppendCopy(StringInfo sql, int table)
{
	const char *name = TableName(table);
	const char *columns = OtherColumns(name);

	appendStringInfo(sql,
					 ", moved_%d AS (INSERT INTO interactions.%s (user_id%s)"
					 " OVERRIDING SYSTEM VALUE SELECT $2%s FROM taken_%d"
					 " ORDER BY " KEY_COLUMNS " RETURNING user_id)",
					 table, name, columns, columns, table);
}

/*
 * Change a table.  What has gone as a duplicate is filtered out row by row, not
 * by a join, which might lose the order of the key.
 */
static void
AppendChange(StringInfo sql, int table, RowsChange change, bool copy)
{
	const char *name = TableName(table);
	const char *found = copy ? AppendFound(sql, table) : "";

	if (change == ROWS_GO)
	{
		appendStringInfo(sql,
						 "removed_%d AS (DELETE FROM interactions.%s AS one"
						 " WHERE %s%s RETURNING 1)",
						 table, name, RowsOf(table, "one", "$1"), found);
		return;
	}
	if (table < NUM_TYPES)
		AppendRemoveDuplicates(sql, table, copy);
	appendStringInfo(sql,
					 copy ? "taken_%d AS (DELETE FROM interactions.%s AS one"
							" WHERE %s%s"
						  : "moved_%d AS (UPDATE interactions.%s AS one"
							" SET user_id = $2 WHERE %s%s",
					 table, name, RowsOf(table, "one", "$1"), found);
	if (table < NUM_TYPES)
		appendStringInfo(sql,
						 " AND NOT (\"timestamp\", item_id, fingerprint)"
						 " OPERATOR(pg_catalog.=) ANY"
						 " (SELECT \"timestamp\", item_id, fingerprint"
						 " FROM known_%d)",
						 table);
	appendStringInfo(sql, " RETURNING %s)",
					 copy				 ? "*"
					 : table < NUM_TYPES ? KEY_COLUMNS
					 : table == TABLE_RECOMMENDATIONS
						 ? "user_id, recommendation_id"
						 : "user_id");
	if (copy)
		AppendCopy(sql, table);
}

/* Tell of a table: its number, found, removed, moved, otherwise. */
static void
AppendCount(StringInfo sql, int table, RowsChange change, bool copy)
{
	const char *none = ", CAST(0 AS pg_catalog.int8)";

	appendStringInfo(sql, "SELECT CAST(%d AS pg_catalog.int8),", table);
	if (copy)
		appendStringInfo(sql, " (SELECT pg_catalog.count(*) FROM found_%d)",
						 table);
	else
		appendStringInfo(sql,
						 " (SELECT pg_catalog.count(*)"
						 " FROM interactions.%s AS one WHERE %s)",
						 TableName(table), RowsOf(table, "one", "$1"));
	if (change == ROWS_GO || table < NUM_TYPES)
		appendStringInfo(sql, ", (SELECT pg_catalog.count(*) FROM removed_%d)",
						 table);
	else
		appendStringInfoString(sql, none);
	if (change == ROWS_MOVE)
		appendStringInfo(sql,
						 ", (SELECT pg_catalog.count(*) FROM moved_%d"
						 " WHERE user_id OPERATOR(pg_catalog.=) $2),"
						 " (SELECT pg_catalog.count(*) FROM %s_%d)"
						 " OPERATOR(pg_catalog.-)"
						 " (SELECT pg_catalog.count(*) FROM moved_%d"
						 " WHERE user_id OPERATOR(pg_catalog.=) $2)",
						 table, copy ? "taken" : "moved", table, table);
	else
		appendStringInfo(sql, "%s%s", none, none);
}

/*
 * Tell the keys of what was moved, as arrays of times, ids and fingerprints;
 * null where there are none.
 */
static void
AppendMovedKeys(StringInfo sql, int table, RowsChange change)
{
	const char *ids = "CAST(NULL AS pg_catalog.text[])";

	if (change == ROWS_MOVE && table < NUM_TYPES)
	{
		appendStringInfo(sql,
						 ", (SELECT pg_catalog.array_agg(\"timestamp\") FROM moved_%d)"
						 ", (SELECT pg_catalog.array_agg(item_id) FROM moved_%d)"
						 ", (SELECT pg_catalog.array_agg(fingerprint) FROM moved_%d)",
						 table, table, table);
		return;
	}
	if (change == ROWS_MOVE && table == TABLE_RECOMMENDATIONS)
		ids =
			psprintf("(SELECT pg_catalog.array_agg(recommendation_id) FROM moved_%d)",
					 table);
	appendStringInfo(sql,
					 ", CAST(NULL AS pg_catalog.timestamptz[]), %s, CAST(NULL AS pg_catalog.int8[])",
					 ids);
}

/*
 * The text of the statement that changes the tables from first to last.  One
 * for several tells the keys of what it moved, too.
 */
const char *
ChangeStatement(const RowsChange *changes, int first, int last, bool copy)
{
	StringInfoData sql;
	StringInfoData counts;

	initStringInfo(&sql);
	initStringInfo(&counts);
	for (int i = first; i <= last; i++)
	{
		/* the target first, for a trigger that asks for that */
		int table = changes[last] != ROWS_MOVE ? i : i == first ? last : i - 1;

		if (changes[table] == ROWS_STAY)
			continue;
		appendStringInfoString(&sql, sql.len > 0 ? ", " : "WITH ");
		AppendChange(&sql, table, changes[table], copy);
		if (counts.len > 0)
			appendStringInfoString(&counts, " UNION ALL ");
		AppendCount(&counts, table, changes[table], copy);
		if (first < last)
			AppendMovedKeys(&counts, table, changes[table]);
	}
	appendStringInfo(&sql, " %s", counts.data);
	return sql.data;
}
