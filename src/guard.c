/*
 * guard.c
 *	  Refuses to drop the extension while its tables hold rows.
 *
 * The tables belong to the extension, and go with it; and the extension goes
 * with the schema that it was created in, and with its owner.  An event
 * trigger comes before such a statement; it does not come to one that has
 * nothing to do with the extension, and nothing hinders DROP DATABASE.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "interactions.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#define EXTENSION "interactions"

/* The owner and the schema of the extension. */
static void
FindExtension(Oid *owner, Oid *schema)
{
	Relation relation = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber,
				F_NAMEEQ, CStringGetDatum(EXTENSION));
	scan =
		systable_beginscan(relation, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "extension \"%s\" does not exist", EXTENSION);
	*owner = ((Form_pg_extension) GETSTRUCT(tuple))->extowner;
	*schema = ((Form_pg_extension) GETSTRUCT(tuple))->extnamespace;
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
}

/* Whether a statement drops the extension, by name or along with another. */
static bool
DropsExtension(Node *statement)
{
	Oid owner;
	Oid schema;
	const char *target = EXTENSION;
	DropStmt *drop;
	ListCell *cell;

	FindExtension(&owner, &schema);
	if (IsA(statement, DropOwnedStmt))
	{
		foreach (cell, ((DropOwnedStmt *) statement)->roles)
		{
			if (get_rolespec_oid(lfirst_node(RoleSpec, cell), true) == owner)
				return true;
		}
		return false;
	}

	if (!IsA(statement, DropStmt))
		return false;
	drop = (DropStmt *) statement;
	if (drop->removeType == OBJECT_SCHEMA && drop->behavior == DROP_CASCADE)
		target = get_namespace_name(schema);
	else if (drop->removeType != OBJECT_EXTENSION)
		return false;
	foreach (cell, drop->objects)
	{
		if (strcmp(strVal(lfirst(cell)), target) == 0)
			return true;
	}
	return false;
}

/* Event trigger on ddl_command_start, for what may drop an extension. */
PG_FUNCTION_INFO_V1(guard_rows);
Datum
guard_rows(PG_FUNCTION_ARGS)
{
	EventTriggerData *data = (EventTriggerData *) fcinfo->context;
	StringInfoData sql;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("function must be called by an event trigger")));
	if (AllowDrop || !DropsExtension(data->parsetree))
		PG_RETURN_NULL();

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT WHERE EXISTS"
								 " (SELECT FROM interactions.users)");
	for (int i = 0; i < NumInteractionTypes; i++)
		appendStringInfo(&sql, " OR EXISTS (SELECT FROM interactions.%s)",
						 quote_identifier(InteractionTypes[i].plural));
	SPI_connect();
	if (SPI_execute(sql.data, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not look for rows");
	if (SPI_processed > 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
			 errmsg("cannot drop extension \"%s\" because its tables hold rows",
					EXTENSION),
			 errdetail("They would be dropped with it."),
			 errhint("SET interactions.allow_drop = on to drop them, too.")));
	SPI_finish();
	PG_RETURN_NULL();
}
