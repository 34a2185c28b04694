/*
 * foreign_keys.h
 *	  What refers to a row by a foreign key.
 */
#ifndef INTERACTIONS_FOREIGN_KEYS_H
#define INTERACTIONS_FOREIGN_KEYS_H

#include "access/htup.h"
#include "commands/trigger.h"

/* rows to which others may refer */
typedef struct ReferredRows
{
	HeapTuple *rows;
	uint64 nrows;
	TupleDesc tupdesc;
} ReferredRows;

typedef struct ForeignKey
{
	Oid relid;			/* whose rows refer to others */
	Oid referred_relid; /* whose rows they refer to */
	int ncolumns;
	bool has_period; /* the last column, of which each keeps its own */
	AttrNumber columns[INDEX_MAX_KEYS];
	AttrNumber referred[INDEX_MAX_KEYS];
	Oid operators[INDEX_MAX_KEYS];
} ForeignKey;

extern ForeignKey ReadKey(const Trigger *trigger, Oid referred_relid);
extern int64 CountReferring(const ForeignKey *key, const ReferredRows *rows,
							Oid seen_in);
extern void ReferToOther(const ForeignKey *key, const ReferredRows *one,
						 const ReferredRows *other);
extern ReferredRows FindReferredRows(Relation rel, Datum user);

#endif /* INTERACTIONS_FOREIGN_KEYS_H */
