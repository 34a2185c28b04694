/*
 * library.h
 *	  The settings of the extension, and what it tells PostgREST.
 */
#ifndef INTERACTIONS_H
#define INTERACTIONS_H

extern int MaxBatchElements;
extern int MaxPageSize;

extern int64 CheckedPageSize(bool isnull, int page_size);
extern void SetStatus(const char *status);
extern void AddWarningHeader(const char *warning);

#endif /* INTERACTIONS_H */
