/*
 * plans.h
 *	  Saved statements: kept, run, and their results.
 */
#ifndef INTERACTIONS_PLANS_H
#define INTERACTIONS_PLANS_H

#include "executor/spi.h"

extern bool PlanIsKept(SPIPlanPtr plan, const char *table);
extern void KeepPlan(SPIPlanPtr *plan, const char *sql, int nargs,
					 const Oid *argtypes, int options);
extern uint64 RunPlan(SPIPlanPtr plan, Datum *values, const bool *isnull);
extern uint64 RunPlanAsOfBefore(SPIPlanPtr plan, Datum *values,
								const bool *isnull);
extern uint64 RunKept(SPIPlanPtr *plan, const char *table, const char *format,
					  int nargs, const Oid *argtypes, Datum *values,
					  const bool *isnull);
extern int64 ResultInt64(uint64 row, int column);
extern void SetForNow(const char *name, const char *value);

#endif /* INTERACTIONS_PLANS_H */
