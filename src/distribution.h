/*
 * distribution.h
 *	  Tables that are in shards.
 */
#ifndef INTERACTIONS_DISTRIBUTION_H
#define INTERACTIONS_DISTRIBUTION_H

extern bool IsDistributed(const char *table);
extern void AllowTriggersOnShards(void);
extern int BeginOnShards(const char *table);
extern void EndOnShards(int nestlevel);

#endif /* INTERACTIONS_DISTRIBUTION_H */
