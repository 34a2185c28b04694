/*
 * distribution.c
 *	  Tables that are in shards, as Citus keeps them.
 *
 * Whether one is, is looked up, and never tried: some statements on such a
 * table fail, and some end the server.  Where Citus is not installed the lookup
 * is one in a cache, and where it is, it is nothing beside a statement that
 * goes to another server; so nothing is kept that would have to be forgotten in
 * time.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/pg_namespace.h"
#include "distribution.h"
#include "own_tables.h"
#include "plans.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

/* A relation of Citus in pg_catalog, where that is installed. */
static Oid
FindInCatalog(const char *name)
{
	return get_relname_relid(name, PG_CATALOG_NAMESPACE);
}

/* Whether Citus knows a table, as which it keeps those that are in shards. */
static bool
IsInCitus(Oid catalog, Oid relid)
{
	Relation	rel = table_open(catalog, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	bool		known;

	ScanKeyInit(&key, get_attnum(catalog, "logicalrelid"),
				BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(rel,
							  FindInCatalog(
								  "pg_dist_partition_logical_relid_index"),
							  true, NULL, 1, &key);
	known = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return known;
}

/* Whether a table of ours, which has to be there, is in shards. */
bool
IsDistributed(const char *table)
{
	Oid catalog = FindInCatalog("pg_dist_partition");

	return OidIsValid(catalog) && IsInCitus(catalog, RequireTable(table));
}

/*
 * Begin to run statements on a table whose rows may be in many shards; does
 * nothing, and returns 0, where they are not.
 *
 * Citus writes anew what it runs here of such a statement, and leaves the
 * schema of core's functions out, so that the search_path decides what they
 * are.  It has no plan for all values.  And one connection to each server takes
 * the rows of a batch faster than one to each shard, most of all to commit
 * them.
 */
int
BeginOnShards(const char *table)
{
	int nestlevel;

	if (!IsDistributed(table))
		return 0;
	nestlevel = NewGUCNestLevel();
	SetForNow("search_path", "pg_catalog, pg_temp");
	SetForNow("plan_cache_mode", "force_custom_plan");
	SetForNow("citus.multi_shard_modify_mode", "sequential");
	return nestlevel;
}

/* End it; after an error, the transaction does. */
void
EndOnShards(int nestlevel)
{
	if (nestlevel > 0)
		AtEOXact_GUC(true, nestlevel);
}

/*
 * Whether an error of a statement that stores rows may be that one of them is
 * stored already.  Citus runs an INSERT of many rows as COPY, which reports any
 * error of a shard as XX000 and refuses policies; what the error is, the
 * statement that is run next raises.
 */
bool
IsShardViolation(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_UNIQUE_VIOLATION ||
		   error->sqlerrcode == ERRCODE_INTERNAL_ERROR ||
		   error->sqlerrcode == ERRCODE_FEATURE_NOT_SUPPORTED;
}
