/*
 * types.h
 *	  The types of interactions, and the columns that each has.
 */
#ifndef INTERACTIONS_TYPES_H
#define INTERACTIONS_TYPES_H

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "lib/stringinfo.h"

/* the columns of a type's table in order; its own follow, then the fingerprint */
typedef enum Column
{
	COLUMN_USER_ID,
	COLUMN_ITEM_ID,
	COLUMN_TIMESTAMP,
	COLUMN_RECOMMENDATION_ID,
	COLUMN_FIRST_OWN
} Column;

#define NUM_TYPES 5
#define MAX_OWN_COLUMNS 2
#define MAX_COLUMNS 8 /* of any table of ours */

StaticAssertDecl((int) COLUMN_FIRST_OWN + MAX_OWN_COLUMNS + 1 <= MAX_COLUMNS,
				 "a type has too many columns");

/* the values of a row, in the order of its columns */
typedef struct Row
{
	Datum values[MAX_COLUMNS];
	bool isnull[MAX_COLUMNS];
} Row;

/* the primary key of each type's table: "stored already" means this one */
#define KEY_COLUMNS "user_id, \"timestamp\", item_id, fingerprint"

/* a column that a table or a view of ours has to have */
typedef struct NeededColumn
{
	const char *name;
	Oid typid;
	bool not_null; /* of a type's own one: null is an error */
	bool bytewise; /* COLLATE "C" */
	const char *comment;
	/* of a type's own one, which is float8, numeric, int4 or int8 */
	const char *rule; /* completes the sentence '"price" must be …' */
	int64 min;
	double max; /* of numeric and float8 */
} NeededColumn;

/* one that is held to no rule */
#define COLUMN(name, typid, not_null, bytewise, comment)                       \
	{                                                                          \
		name, typid, not_null, bytewise, comment, NULL, 0, 0                   \
	}

typedef struct InteractionType
{
	/* names functions and the composite type; no name needs quotes in SQL */
	const char *singular;
	const char *plural; /* names table, view and functions */
	int ncolumns;		/* of its table */
	NeededColumn columns[MAX_COLUMNS];
} InteractionType;

extern const InteractionType InteractionTypes[NUM_TYPES];

extern int TypeIndex(const InteractionType *type);
extern const InteractionType *TypeByName(const char *plural);
extern const InteractionType *TypeOfFunction(FunctionCallInfo fcinfo);
extern TupleDesc ResultDesc(FunctionCallInfo fcinfo,
							const InteractionType *type);
extern TupleDesc ColumnsDesc(const NeededColumn *columns, int ncolumns);
extern void RequireColumnTypes(TupleDesc tupdesc, const InteractionType *type);
extern void RequireNoNulls(TupleTableSlot *slot, int ncolumns,
						   const InteractionType *type);
extern const char *ColumnNames(const InteractionType *type);
extern const char *WireColumns(const InteractionType *type);
extern void AppendCounts(StringInfo result, const int64 *counts);

/* Number of a type's own columns. */
static inline int
OwnColumnCount(const InteractionType *type)
{
	return type->ncolumns - COLUMN_FIRST_OWN - 1;
}

/* Number of columns in wire format: all but the fingerprint. */
static inline int
WireColumnCount(const InteractionType *type)
{
	return type->ncolumns - 1;
}

/* Type in wire format, where a timestamp is milliseconds. */
static inline Oid
WireTypeOf(const NeededColumn *column)
{
	return column->typid == TIMESTAMPTZOID ? INT8OID : column->typid;
}

#endif /* INTERACTIONS_TYPES_H */
