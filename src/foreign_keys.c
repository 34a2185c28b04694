/*
 * foreign_keys.c
 *	  What refers to a row by a foreign key.
 *
 * A key finds rows with the rights of their table's owner, whatever policies
 * say, and so does what is run here.
 *
 * To be called within SPI.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "executor/spi.h"
#include "foreign_keys.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

/* The key of which a trigger on a table that it refers to is one. */
ForeignKey
ReadKey(const Trigger *trigger, Oid referred_relid)
{
	ForeignKey key = {.relid = trigger->tgconstrrelid,
					  .referred_relid = referred_relid};
	HeapTuple  tuple =
		SearchSysCache1(CONSTROID, ObjectIdGetDatum(trigger->tgconstraint));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for constraint %u",
			 trigger->tgconstraint);
	key.has_period = HasPeriod((Form_pg_constraint) GETSTRUCT(tuple));
	DeconstructFkConstraintRow(tuple, &key.ncolumns, key.columns, key.referred,
							   key.operators, NULL, NULL, NULL, NULL);
	ReleaseSysCache(tuple);
	return key;
}

/*
 * Append 'column = $n' as ri_triggers.c does, with the operator and collation of
 * the key; returns the type of the parameter.
 */
static Oid
AppendMatch(StringInfo sql, const ForeignKey *key, int i)
{
	Oid	  type;
	Oid	  own_type;
	int32 typmod;
	Oid	  collation;
	Oid	  own_collation;

	get_atttypetypmodcoll(key->referred_relid, key->referred[i], &type, &typmod,
						  &collation);
	get_atttypetypmodcoll(key->relid, key->columns[i], &own_type, &typmod,
						  &own_collation);
	appendStringInfoString(sql, i > 0 ? " AND " : " WHERE ");
	generate_operator_clause(sql, psprintf("$%d", i + 1), type,
							 key->operators[i],
							 quote_identifier(get_attname(key->relid,
														  key->columns[i],
														  false)),
							 own_type);
	if (OidIsValid(collation) && collation != own_collation)
		appendStringInfo(sql, " COLLATE %s",
						 generate_collation_name(collation));
	return type;
}

/* The value of a column to which a key refers. */
static Datum
ReferredValue(const ReferredRow *row, const ForeignKey *key, int i,
			  bool *isnull)
{
	const char *column =
		get_attname(key->referred_relid, key->referred[i], false);

	return SPI_getbinval(row->row, row->tupdesc,
						 SPI_fnumber(row->tupdesc, column), isnull);
}

static char *
QualifiedName(Relation rel)
{
	return quote_qualified_identifier(get_namespace_name(
										  RelationGetNamespace(rel)),
									  RelationGetRelationName(rel));
}

/* Run a statement with the rights of a table's owner, whatever policies say. */
static int
RunAsOwner(Relation rel, const char *sql, int nargs, Oid *types, Datum *values)
{
	Oid caller;
	int context;
	int result;

	GetUserIdAndSecContext(&caller, &context);
	SetUserIdAndSecContext(rel->rd_rel->relowner,
						   context | SECURITY_LOCAL_USERID_CHANGE |
							   SECURITY_NOFORCE_RLS);
	result = SPI_execute_with_args(sql, nargs, types, values, NULL, false, 0);
	SetUserIdAndSecContext(caller, context);
	return result;
}

/* The tables whose rows are held to a key, as elements of an array. */
static char *
TablesOf(const ForeignKey *key)
{
	List		  *oids = list_make1_oid(key->relid);
	ListCell	  *cell;
	const char	  *separator = "";
	StringInfoData result;

	initStringInfo(&result);
	if (get_rel_relkind(key->relid) == RELKIND_PARTITIONED_TABLE)
		oids = find_all_inheritors(key->relid, NoLock, NULL);
	foreach (cell, oids)
	{
		appendStringInfo(&result, "%s%u", separator, lfirst_oid(cell));
		separator = ",";
	}
	return result.data;
}

/*
 * Run a statement on what refers to a row by a key: make it refer to another, if
 * there is one, or else count it.  Either as the key does, with the
 * rights of its table's owner, or as the caller sees it in a table of ours.
 */
int64
RunForKey(const ForeignKey *key, const ReferredRow *one,
		  const ReferredRow *other, const char *seen_in)
{
	Relation	rel = table_open(key->relid, RowExclusiveLock);
	const char *only =
		rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ";
	Oid			   types[2 * INDEX_MAX_KEYS];
	Datum		   values[2 * INDEX_MAX_KEYS];
	StringInfoData sql;
	StringInfoData match;
	int			   n = key->ncolumns;
	int			   result;

	initStringInfo(&sql);
	initStringInfo(&match);
	appendStringInfo(&sql,
					 other != NULL ? "UPDATE %s%s SET" : "SELECT FROM %s%s",
					 seen_in != NULL ? "" : only,
					 seen_in != NULL ? seen_in : QualifiedName(rel));
	for (int i = 0; i < n; i++)
	{
		bool isnull;
		bool other_isnull;

		values[i] = ReferredValue(one, key, i, &isnull);
		values[n + i] =
			ReferredValue(other != NULL ? other : one, key, i, &other_isnull);
		if (isnull || other_isnull)
		{
			table_close(rel, NoLock);
			return 0;
		}
		if (other != NULL && !(key->has_period && i == n - 1))
			appendStringInfo(&sql, "%s %s = $%d", i > 0 ? "," : "",
							 quote_identifier(get_attname(key->relid,
														  key->columns[i],
														  false)),
							 n + i + 1);
		types[i] = types[n + i] = AppendMatch(&match, key, i);
	}
	appendStringInfoString(&sql, match.data);
	if (seen_in != NULL)
		appendStringInfo(&sql,
						 " AND tableoid OPERATOR(pg_catalog.=) ANY ('{%s}')",
						 TablesOf(key));
	result = seen_in == NULL ? RunAsOwner(rel, sql.data, 2 * n, types, values)
							 : SPI_execute_with_args(sql.data, 2 * n, types,
													 values, NULL, false, 0);
	table_close(rel, NoLock);
	if (result < 0)
		elog(ERROR, "could not look for references: %s",
			 SPI_result_code_string(result));
	SPI_freetuptable(SPI_tuptable);
	return (int64) SPI_processed;
}

/*
 * Find the row of a user in a table, or in a part of it, with all columns,
 * whatever the caller may read; without a row where he has none.
 */
ReferredRow
FindReferredRow(Relation rel, Datum user)
{
	Oid types[] = {TEXTOID};

	if (RunAsOwner(rel,
				   psprintf("SELECT * FROM %s"
							" WHERE user_id OPERATOR(pg_catalog.=) $1",
							QualifiedName(rel)),
				   lengthof(types), types, &user) != SPI_OK_SELECT ||
		SPI_processed == 0)
		return (ReferredRow){NULL, NULL};
	return (ReferredRow){SPI_tuptable->vals[0], SPI_tuptable->tupdesc};
}
