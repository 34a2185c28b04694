/*
 * columns.h
 *	  The columns that tables and views of ours have to have, and their values.
 */
#ifndef INTERACTIONS_COLUMNS_H
#define INTERACTIONS_COLUMNS_H

#include "catalog/pg_type.h"

#define MAX_COLUMNS 8 /* of any table of ours */

/* a column that a table or a view of ours has to have */
typedef struct NeededColumn
{
	const char *name;
	Oid typid;
	bool not_null; /* of a type's own one, null breaks its rule */
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

/* the values of a row, in the order of its columns */
typedef struct Row
{
	Datum values[MAX_COLUMNS];
	bool isnull[MAX_COLUMNS];
} Row;

/* Type in wire format, where a timestamp is milliseconds. */
static inline Oid
WireTypeOf(const NeededColumn *column)
{
	return column->typid == TIMESTAMPTZOID ? INT8OID : column->typid;
}

#endif /* INTERACTIONS_COLUMNS_H */
