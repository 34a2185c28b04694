/*
 * relations.c
 *	  Tables and views that have to be there: what is missing is made.
 *
 * What is made are ordinary objects of whoever calls, so that a dump keeps all
 * that he adds to them.  What is there already is looked at, and kept.
 *
 * To be called within SPI, with a search_path of pg_catalog and pg_temp.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "compat.h"
#include "executor/spi.h"
#include "relations.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

/* autovacuum comes earlier than by default: lists read through dead rows */
#define STORAGE                                                                \
	" WITH (autovacuum_vacuum_scale_factor = 0.05,"                            \
	" autovacuum_analyze_scale_factor = 0.02)"

/* Raise that a relation is not what it has to be. */
pg_noreturn static void
Refuse(const char *message)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_TABLE_DEFINITION),
					errmsg_internal("%s", message)));
}

/* Run a statement, made of names of ours and numbers. */
static void
Execute(const char *sql)
{
	if (SPI_execute(sql, false, 0) < 0)
		elog(ERROR, "could not execute \"%s\": %s", sql,
			 SPI_result_code_string(SPI_result));
}

static Oid
FindRelation(const NeededRelation *relation)
{
	return get_relname_relid(relation->name,
							 get_namespace_oid(relation->schema, false));
}

static void
Comment(const char *kind, const char *name, const char *comment)
{
	Execute(psprintf("COMMENT ON %s %s IS %s", kind, name,
					 quote_literal_cstr(comment)));
}

static void
CommentColumns(const NeededRelation *relation)
{
	for (int i = 0; i < relation->ncolumns; i++)
		Comment("COLUMN",
				psprintf("%s.%s", relation->qualified,
						 quote_identifier(relation->columns[i].name)),
				relation->columns[i].comment);
}

/* Hold a column of a relation that is there to what it has to be. */
static void
CheckColumn(Relation rel, const NeededRelation *relation,
			const NeededColumn *needed)
{
	TupleDesc		  tupdesc = RelationGetDescr(rel);
	int				  attnum = SPI_fnumber(tupdesc, needed->name);
	Form_pg_attribute attribute;

	if (attnum <= 0)
		Refuse(psprintf("relation \"%s\" has no column \"%s\"",
						relation->qualified, needed->name));
	attribute = TupleDescAttr(tupdesc, attnum - 1);
	if (attribute->atttypid != needed->typid)
		Refuse(psprintf("column \"%s\" of relation \"%s\" must be of type"
						" %s, not %s",
						needed->name, relation->qualified,
						format_type_be(needed->typid),
						format_type_be(attribute->atttypid)));
	if (needed->bytewise && attribute->attcollation != C_COLLATION_OID)
		Refuse(psprintf("column \"%s\" of relation \"%s\" must have"
						" collation \"C\"",
						needed->name, relation->qualified));
	if (attribute->attgenerated != '\0' ||
		attribute->attidentity == ATTRIBUTE_IDENTITY_ALWAYS ||
		(needed->not_null && !attribute->attnotnull))
		Refuse(psprintf(attribute->attgenerated != '\0' ||
								attribute->attidentity != '\0'
							? "column \"%s\" of relation \"%s\" must not be"
							  " generated"
							: "column \"%s\" of relation \"%s\" must be"
							  " NOT NULL",
						needed->name, relation->qualified));
}

/*
 * Whether a relation is there; if so, say that it is kept, and raise where it
 * is not what it has to be.
 */
static bool
IsThere(NeededRelation *relation)
{
	Oid		 relid = FindRelation(relation);
	char	 relkind;
	Relation rel;

	relation->existed = OidIsValid(relid);
	if (!relation->existed)
		return false;
	relkind = get_rel_relkind(relid);
	if (relation->is_view ? relkind != RELKIND_VIEW
						  : relkind != RELKIND_RELATION &&
								relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg(relation->is_view ? "\"%s\" is not a view"
												 : "\"%s\" is not a table",
							   relation->qualified)));
	rel = relation_open(relid, AccessShareLock);
	for (int i = 0; i < relation->ncolumns; i++)
		CheckColumn(rel, relation, &relation->columns[i]);
	relation_close(rel, NoLock);
	ereport(NOTICE, (errcode(ERRCODE_DUPLICATE_TABLE),
					 errmsg("relation \"%s\" already exists, skipping",
							relation->qualified)));
	return true;
}

/* Tell of something that is added to a relation that was there. */
static void
NoticeAdded(const NeededRelation *relation, const char *kind, const char *name)
{
	if (relation->existed)
		ereport(NOTICE, (errmsg("adding %s \"%s\" to \"%s\"", kind, name,
								relation->qualified)));
}

/* Whether there is a trigger of a name; raises where it calls another function. */
static bool
HasTrigger(const NeededRelation *relation, const char *name, const char *call)
{
	Relation rel = relation_open(FindRelation(relation), AccessShareLock);
	/* the relation's own may be freed at any look into a catalog */
	TriggerDesc *triggers = CopyTriggerDesc(rel->trigdesc);
	bool		 result = false;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];
		const char	  *function = get_func_name(trigger->tgfoid);

		if (strcmp(trigger->tgname, name) != 0)
			continue;
		result = true;
		if (function == NULL ||
			strncmp(call, function, strlen(function)) != 0 ||
			call[strlen(function)] != '(' ||
			get_func_namespace(trigger->tgfoid) !=
				get_namespace_oid("interactions", false))
			Refuse(psprintf("trigger \"%s\" of relation \"%s\" must call"
							" interactions.%s",
							name, relation->qualified, call));
	}
	relation_close(rel, NoLock);
	return result;
}

/* Make a trigger, unless there is one of that name. */
void
MakeTrigger(const NeededRelation *relation, const char *name, const char *fired,
			const char *each, const char *call, const char *comment)
{
	if (HasTrigger(relation, name, call))
		return;
	NoticeAdded(relation, "trigger", name);
	Execute(psprintf("CREATE TRIGGER %s %s ON %s FOR EACH %s"
					 " EXECUTE FUNCTION interactions.%s",
					 name, fired, relation->qualified, each, call));
	Comment("TRIGGER", psprintf("%s ON %s", name, relation->qualified),
			comment);
}

/*
 * Whether a table has an index on all of its rows that begins with columns,
 * or, where it has to be the primary key, has no others.
 */
static bool
HasIndex(const NeededRelation *relation, const char *columns, bool primary)
{
	size_t	  len = strlen(columns);
	Relation  rel = table_open(FindRelation(relation), AccessShareLock);
	List	 *oids = RelationGetIndexList(rel);
	bool	  result = false;
	ListCell *cell;

	foreach (cell, oids)
	{
		Relation index = index_open(lfirst_oid(cell), AccessShareLock);
		char	*others = pg_get_indexdef_columns(lfirst_oid(cell), false);
		bool	 same = strncmp(others, columns, len) == 0 &&
					(others[len] == '\0' || (!primary && others[len] == ','));

		if (!primary)
			result = result || (same && index->rd_index->indisvalid &&
								index->rd_rel->relam == BTREE_AM_OID &&
								RelationGetIndexPredicate(index) == NIL);
		else if (index->rd_index->indisprimary &&
				 (!same || !index->rd_index->indimmediate))
			Refuse(psprintf(same ? "primary key of table \"%s\", (%s), must"
								   " not be deferrable"
								 : "primary key of table \"%s\" must be (%s)",
							relation->qualified, columns));
		else
			result = result || index->rd_index->indisprimary;
		index_close(index, NoLock);
	}
	table_close(rel, NoLock);
	return result;
}

/* Make a primary key, unless there is one. */
void
MakePrimaryKey(const NeededRelation *relation, const char *columns,
			   const char *comment)
{
	const char *name = psprintf("%s_pkey", relation->name);

	if (HasIndex(relation, columns, true))
		return;
	NoticeAdded(relation, "primary key", name);
	Execute(psprintf("ALTER TABLE %s ADD CONSTRAINT %s PRIMARY KEY (%s)",
					 relation->qualified, quote_identifier(name), columns));
	Comment("INDEX", quote_qualified_identifier(relation->schema, name),
			comment);
}

/* Make an index, unless there is one that begins with its columns. */
void
MakeIndex(const NeededRelation *relation, const char *name, const char *columns,
		  const char *comment)
{
	if (HasIndex(relation, columns, false))
		return;
	if (OidIsValid(get_relname_relid(name, get_namespace_oid(relation->schema,
															 false))))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 errmsg("relation \"%s\" is no valid index of %s on (%s)", name,
						relation->qualified, columns),
				 errhint(
					 "Drop or rename it: create_tables() makes the index anew.")));
	NoticeAdded(relation, "index", name);
	Execute(psprintf("CREATE INDEX %s ON %s (%s)", quote_identifier(name),
					 relation->qualified, columns));
	Comment("INDEX", quote_qualified_identifier(relation->schema, name),
			comment);
}

/* Make a table with its columns, unless it is there. */
void
MakeTable(NeededRelation *relation, bool partitioned, const char *comment)
{
	StringInfoData columns;

	if (IsThere(relation))
	{
		if (partitioned &&
			get_rel_relkind(FindRelation(relation)) == RELKIND_RELATION)
			ereport(NOTICE, (errmsg("table \"%s\" is not partitioned, and"
									" stays so",
									relation->qualified)));
		return;
	}
	initStringInfo(&columns);
	for (int i = 0; i < relation->ncolumns; i++)
	{
		const NeededColumn *column = &relation->columns[i];

		appendStringInfo(&columns, "%s%s %s%s%s%s", i > 0 ? ", " : "",
						 quote_identifier(column->name),
						 format_type_be(column->typid),
						 column->bytewise ? " COLLATE \"C\"" : "",
						 column->not_null ? " NOT NULL" : "",
						 column->typid == TIMESTAMPTZOID ? " DEFAULT now()"
														 : "");
	}
	Execute(psprintf("CREATE TABLE %s (%s)%s", relation->qualified,
					 columns.data,
					 partitioned ? " PARTITION BY RANGE (\"timestamp\")"
								 : STORAGE));
	if (partitioned)
		Execute(psprintf("CREATE TABLE %s PARTITION OF %s DEFAULT" STORAGE,
						 quote_qualified_identifier(relation->schema,
													psprintf("%s_default",
															 relation->name)),
						 relation->qualified));
	Comment("TABLE", relation->qualified, comment);
	CommentColumns(relation);
}

/*
 * Make a view, unless it is there; one that is older than the table that it is
 * on reads another, which had the name before.
 */
void
MakeView(NeededRelation *relation, bool table_is_new, const char *query,
		 const char *comment)
{
	if (IsThere(relation))
	{
		if (table_is_new)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
					 errmsg("view \"%s\" is older than its table, and reads another",
							relation->qualified),
					 errhint("Drop the view: create_tables() makes it anew.")));
		return;
	}
	Execute(psprintf("CREATE VIEW %s WITH (security_invoker = true) AS %s",
					 relation->qualified, query));
	Comment("VIEW", relation->qualified, comment);
	CommentColumns(relation);
}

/* A table or a view, as it has to be. */
NeededRelation
NeededRelationOf(const char *schema, const char *name, bool is_view,
				 const NeededColumn *columns, int ncolumns)
{
	return (
		NeededRelation){.schema = schema,
						.name = name,
						.qualified = quote_qualified_identifier(schema, name),
						.is_view = is_view,
						.columns = columns,
						.ncolumns = ncolumns};
}
