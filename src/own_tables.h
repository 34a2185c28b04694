/*
 * own_tables.h
 *	  The tables of ours: found and opened, and what keeps rows of them from
 *	  being changed.
 */
#ifndef INTERACTIONS_OWN_TABLES_H
#define INTERACTIONS_OWN_TABLES_H

#include "compat.h"
#include "storage/lockdefs.h"
#include "utils/relcache.h"

extern Oid FindTable(const char *table);
extern Oid RequireTable(const char *table);
extern Relation OpenTable(const char *table, LOCKMODE lockmode);
extern bool RowSecurityHolds(Oid relid);
pg_noreturn extern void ReportWithheldRows(const char *table);
pg_noreturn extern void ReportLostRows(const char *table);
extern void RefuseRewriteRules(Relation rel);
pg_noreturn extern void ReportRewriteRule(void);
pg_noreturn extern void ReportConcurrentChange(const char *table,
											   const char *repeated);

#endif /* INTERACTIONS_OWN_TABLES_H */
