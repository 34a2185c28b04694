/*
 * subxact.h
 *	  Attempts: jobs that may fail in one expected way.
 */
#ifndef INTERACTIONS_SUBXACT_H
#define INTERACTIONS_SUBXACT_H

extern bool Attempt(void (*job)(void *), void *arg,
					bool (*expected)(const ErrorData *error));
extern bool IsUniqueViolation(const ErrorData *error);

#endif /* INTERACTIONS_SUBXACT_H */
