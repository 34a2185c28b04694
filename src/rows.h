/*
 * rows.h
 *	  Rows of the tables and of their views.
 */
#ifndef INTERACTIONS_ROWS_H
#define INTERACTIONS_ROWS_H

#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "interaction.h"
#include "violation.h"

/*
 * The columns of a type in a relation, in native types or in wire format, by
 * number.
 */
typedef struct RowColumns
{
	const InteractionType *type;
	bool wire;
	int attnum[MAX_COLUMNS];
} RowColumns;

/* room for an id as a text datum */
typedef union IdBuffer
{
	int32 align;
	char data[VARHDRSZ + MAX_ID_BYTES];
} IdBuffer;

#define NUM_IDS 3 /* of an interaction */

extern void FindColumns(Relation rel, const NeededColumn *columns, int ncolumns,
						bool wire, int *attnums);
extern RowColumns *FindRowColumns(FunctionCallInfo fcinfo, bool wire);
extern bool ReadRow(const RowColumns *columns, TupleTableSlot *row,
					Interaction *interaction, Violation *violation);
extern HeapTuple NewRow(const TriggerData *trigdata, TupleTableSlot **row);
extern void InteractionDatums(const InteractionType *type,
							  const Interaction *interaction,
							  IdBuffer ids[NUM_IDS], Row *row);
extern bool SameValues(const NeededColumn *columns, int ncolumns,
					   const Row *one, const Row *other);
extern Oid RootOf(Oid relid);
pg_noreturn extern void ReportRow(const Violation *violation,
								  const TriggerData *trigdata);

#endif /* INTERACTIONS_ROWS_H */
