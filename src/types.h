/*
 * types.h
 *	  The types of interactions, and the columns that each has.
 */
#ifndef INTERACTIONS_TYPES_H
#define INTERACTIONS_TYPES_H

#include "access/tupdesc.h"
#include "columns.h"
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

StaticAssertDecl((int) COLUMN_FIRST_OWN + MAX_OWN_COLUMNS + 1 <= MAX_COLUMNS,
				 "a type has too many columns");

/* the primary key of each type's table: "stored already" means this one */
#define KEY_COLUMNS "user_id, \"timestamp\", item_id, fingerprint"

/* of ON CONFLICT: without collations any unique index on the columns would do */
#define USER_CONFLICT "user_id COLLATE pg_catalog.\"C\""
#define KEY_CONFLICT                                                           \
	USER_CONFLICT                                                              \
	", \"timestamp\", item_id COLLATE pg_catalog.\"C\", fingerprint"

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

#endif /* INTERACTIONS_TYPES_H */
