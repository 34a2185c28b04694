/*
 * types.h
 *	  The types of interactions, and the columns that each has.
 */
#ifndef INTERACTIONS_TYPES_H
#define INTERACTIONS_TYPES_H

#include "access/tupdesc.h"
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

/* the primary key of each type's table: "stored already" means this one */
#define KEY_COLUMNS "user_id, \"timestamp\", item_id, fingerprint"

typedef struct OwnColumn
{
	const char *name;
	Oid typid;		  /* float8, numeric, int4 or int8 */
	bool required;	  /* null is an error */
	const char *rule; /* completes the sentence '"price" must be …' */
	int64 min;
	double max;			 /* of numeric and float8 */
	const char *comment; /* on the column */
} OwnColumn;

typedef struct InteractionType
{
	const char *singular; /* names functions and the composite type */
	const char *plural;	  /* names table, view and functions */
	int nown;
	OwnColumn own[MAX_OWN_COLUMNS];
} InteractionType;

extern const InteractionType InteractionTypes[NUM_TYPES];

extern int TypeIndex(const InteractionType *type);
extern const InteractionType *TypeByName(const char *plural);
extern const InteractionType *TypeOfFunction(FunctionCallInfo fcinfo);
extern TupleDesc ResultDesc(FunctionCallInfo fcinfo,
							const InteractionType *type);
extern TupleDesc TypeDesc(const InteractionType *type);
extern void RequireColumnTypes(TupleDesc tupdesc, const InteractionType *type);
extern void RequireNoNulls(TupleTableSlot *slot, int ncolumns,
						   const InteractionType *type);
extern int ColumnCount(const InteractionType *type);
extern int WireColumnCount(const InteractionType *type);
extern const char *ColumnName(const InteractionType *type, int column);
extern Oid ColumnType(const InteractionType *type, int column);
extern Oid WireColumnType(const InteractionType *type, int column);
extern bool ColumnRequired(const InteractionType *type, int column);
extern const char *ColumnNames(const InteractionType *type);
extern const char *WireColumns(const InteractionType *type);
extern void AppendCounts(StringInfo result, const int64 *counts);

#endif /* INTERACTIONS_TYPES_H */
