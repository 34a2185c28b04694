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
#include "storage/shmem.h"
#include "utils/array.h"
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

static const char *
KeyColumn(const ForeignKey *key, int i)
{
	return quote_identifier(get_attname(key->relid, key->columns[i], false));
}

static Oid
ReferredType(const ForeignKey *key, int i)
{
	return get_atttype(key->referred_relid, key->referred[i]);
}

/*
 * Append 'value = column' as ri_triggers.c does, with the operator and collation
 * of the key.
 */
static void
AppendMatch(StringInfo sql, const ForeignKey *key, int i, const char *value)
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
	generate_operator_clause(sql, value, type, key->operators[i],
							 psprintf("referring.%s", KeyColumn(key, i)),
							 own_type);
	if (OidIsValid(collation) && collation != own_collation)
		appendStringInfo(sql, " COLLATE %s",
						 generate_collation_name(collation));
}

/* The value of a column to which a key refers. */
static Datum
ReferredValue(const ReferredRows *rows, uint64 row, const ForeignKey *key,
			  int i, bool *isnull)
{
	const char *column =
		get_attname(key->referred_relid, key->referred[i], false);

	return SPI_getbinval(rows->rows[row], rows->tupdesc,
						 SPI_fnumber(rows->tupdesc, column), isnull);
}

/* The values of a column to which a key refers, as an array. */
static Datum
ReferredArray(const ReferredRows *rows, const ForeignKey *key, int i)
{
	Oid	   type = ReferredType(key, i);
	Datum *values = palloc(mul_size(sizeof(Datum), rows->nrows + 1));
	bool  *isnull = palloc(mul_size(sizeof(bool), rows->nrows + 1));
	int	   nrows = (int) rows->nrows;
	int	   lower = 1;
	int16  len;
	bool   byval;
	char   align;

	for (int row = 0; row < nrows; row++)
		values[row] = ReferredValue(rows, row, key, i, &isnull[row]);
	get_typlenbyvalalign(type, &len, &byval, &align);
	return PointerGetDatum(construct_md_array(values, isnull, 1, &nrows, &lower,
											  type, len, byval, align));
}

static char *
QualifiedName(Oid relid)
{
	return quote_qualified_identifier(get_namespace_name(
										  get_rel_namespace(relid)),
									  get_rel_name(relid));
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

static const char *
OnlyOf(Relation rel)
{
	return rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ";
}

/*
 * How many rows refer to any of some by a key: as the key finds them, with the
 * rights of their table's owner, or those that the caller sees in a table of ours.
 */
int64
CountReferring(const ForeignKey *key, const ReferredRows *rows, Oid seen_in)
{
	Relation	   rel;
	Oid			   types[INDEX_MAX_KEYS];
	Datum		   values[INDEX_MAX_KEYS];
	StringInfoData sql;
	int64		   result;
	bool		   isnull;

	/* a column of a child alone is not seen in the whole */
	for (int i = 0; OidIsValid(seen_in) && i < key->ncolumns; i++)
	{
		if (get_attnum(seen_in, get_attname(key->relid, key->columns[i],
											false)) == InvalidAttrNumber)
			return 0;
	}
	rel = table_open(key->relid, RowExclusiveLock);
	initStringInfo(&sql);
	appendStringInfo(&sql,
					 "SELECT pg_catalog.count(*) FROM %s%s AS referring"
					 " WHERE EXISTS (SELECT FROM ROWS FROM (",
					 OidIsValid(seen_in) ? "" : OnlyOf(rel),
					 QualifiedName(OidIsValid(seen_in) ? seen_in : key->relid));
	for (int i = 0; i < key->ncolumns; i++)
	{
		appendStringInfo(&sql, "%spg_catalog.unnest($%d)", i > 0 ? ", " : "",
						 i + 1);
		types[i] = get_array_type(ReferredType(key, i));
		values[i] = ReferredArray(rows, key, i);
	}
	appendStringInfoString(&sql, ") AS referred (");
	for (int i = 0; i < key->ncolumns; i++)
		appendStringInfo(&sql, "%sc%d", i > 0 ? ", " : "", i + 1);
	appendStringInfoString(&sql, ")");
	for (int i = 0; i < key->ncolumns; i++)
		AppendMatch(&sql, key, i, psprintf("referred.c%d", i + 1));
	appendStringInfoString(&sql, ")");
	if (OidIsValid(seen_in))
		appendStringInfo(&sql,
						 " AND tableoid OPERATOR(pg_catalog.=) ANY ('{%s}')",
						 TablesOf(key));
	if ((!OidIsValid(seen_in)
			 ? RunAsOwner(rel, sql.data, key->ncolumns, types, values)
			 : SPI_execute_with_args(sql.data, key->ncolumns, types, values,
									 NULL, false, 0)) != SPI_OK_SELECT)
		elog(ERROR, "could not look for references");
	table_close(rel, NoLock);
	result = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
										 SPI_tuptable->tupdesc, 1, &isnull));
	SPI_freetuptable(SPI_tuptable);
	return result;
}

/* Let what refers to one row by a key refer to another, as the key's owner. */
void
ReferToOther(const ForeignKey *key, const ReferredRows *one,
			 const ReferredRows *other)
{
	Relation	   rel = table_open(key->relid, RowExclusiveLock);
	Oid			   types[2 * INDEX_MAX_KEYS];
	Datum		   values[2 * INDEX_MAX_KEYS];
	StringInfoData sql;
	StringInfoData match;
	int			   n = key->ncolumns;
	bool		   any_is_null = false;

	initStringInfo(&sql);
	initStringInfo(&match);
	appendStringInfo(&sql, "UPDATE %s%s AS referring SET", OnlyOf(rel),
					 QualifiedName(RelationGetRelid(rel)));
	for (int i = 0; i < n; i++)
	{
		bool isnull;
		bool other_isnull;

		values[i] = ReferredValue(one, 0, key, i, &isnull);
		values[n + i] = ReferredValue(other, 0, key, i, &other_isnull);
		any_is_null = any_is_null || isnull || other_isnull;
		if (!(key->has_period && i == n - 1))
			appendStringInfo(&sql, "%s %s = $%d", i > 0 ? "," : "",
							 KeyColumn(key, i), n + i + 1);
		types[i] = types[n + i] = ReferredType(key, i);
		AppendMatch(&match, key, i, psprintf("$%d", i + 1));
	}
	appendStringInfoString(&sql, match.data);
	if (!any_is_null && RunAsOwner(rel, sql.data, 2 * n, types, values) < 0)
		elog(ERROR, "could not change references");
	table_close(rel, NoLock);
}

/*
 * Find the rows of a user in a table, or in a part of it, with all columns,
 * whatever the caller may read.
 */
ReferredRows
FindReferredRows(Relation rel, Datum user)
{
	Oid types[] = {TEXTOID};

	if (RunAsOwner(rel,
				   psprintf("SELECT * FROM %s"
							" WHERE user_id OPERATOR(pg_catalog.=) $1",
							QualifiedName(RelationGetRelid(rel))),
				   lengthof(types), types, &user) != SPI_OK_SELECT)
		elog(ERROR, "could not find the rows of a user");
	return (ReferredRows){SPI_tuptable->vals, SPI_processed,
						  SPI_tuptable->tupdesc};
}
