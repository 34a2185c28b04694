/*
 * kept.h
 *	  Rows that a policy hides, or that something keeps from being changed.
 */
#ifndef INTERACTIONS_KEPT_H
#define INTERACTIONS_KEPT_H

#include "compat.h"

extern bool HidesRows(Oid relid);
pg_noreturn extern void ReportKeptRows(const char *table);

#endif /* INTERACTIONS_KEPT_H */
