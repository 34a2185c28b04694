/*
 * distribution.h
 *	  Tables that are in shards.
 */
#ifndef INTERACTIONS_DISTRIBUTION_H
#define INTERACTIONS_DISTRIBUTION_H

extern bool IsDistributed(const char *table);
extern int BeginOnShards(const char *table);
extern void EndOnShards(int nestlevel);
extern bool IsShardViolation(const ErrorData *error);

#endif /* INTERACTIONS_DISTRIBUTION_H */
