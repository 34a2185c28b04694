/*
 * relations.h
 *	  Tables and views that have to be there: what is missing is made.
 */
#ifndef INTERACTIONS_RELATIONS_H
#define INTERACTIONS_RELATIONS_H

#include "types.h"

/* a relation of ours */
typedef struct Target
{
	const char *schema;
	const char *name;
	const char *qualified; /* schema and name, as SQL and messages have them */
	bool is_view;
	bool existed;
	const NeededColumn *columns;
	int ncolumns;
} Target;

extern Target TargetOf(const char *schema, const char *name, bool is_view,
					   const NeededColumn *columns, int ncolumns);
extern void MakeTable(Target *target, bool partitioned, const char *comment);
extern void MakePrimaryKey(const Target *target, const char *columns,
						   const char *comment);
extern void MakeIndex(const Target *target, const char *name,
					  const char *columns, int ncolumns, const char *comment);
extern void MakeTrigger(const Target *target, const char *name,
						const char *fired, const char *each, const char *call,
						const char *comment);
extern void MakeView(Target *target, const char *query, const char *comment);

#endif /* INTERACTIONS_RELATIONS_H */
