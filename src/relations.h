/*
 * relations.h
 *	  Tables and views that have to be there: what is missing is made.
 */
#ifndef INTERACTIONS_RELATIONS_H
#define INTERACTIONS_RELATIONS_H

#include "types.h"

/* a relation of ours */
typedef struct NeededRelation
{
	const char *schema;
	const char *name;
	const char *qualified; /* schema and name, as SQL and messages have them */
	bool is_view;
	bool existed;
	const NeededColumn *columns;
	int ncolumns;
} NeededRelation;

extern NeededRelation NeededRelationOf(const char *schema, const char *name,
									   bool is_view,
									   const NeededColumn *columns,
									   int ncolumns);
extern void MakeTable(NeededRelation *relation, bool partitioned,
					  const char *comment);
extern void MakePrimaryKey(const NeededRelation *relation, const char *columns,
						   const char *comment);
extern void MakeIndex(const NeededRelation *relation, const char *name,
					  const char *columns, const char *comment);
extern void MakeTrigger(const NeededRelation *relation, const char *name,
						const char *fired, const char *each, const char *call,
						const char *comment);
extern void MakeView(NeededRelation *relation, bool table_is_new,
					 const char *query, const char *comment);

#endif /* INTERACTIONS_RELATIONS_H */
