/*
 * library.h
 *	  What the settings of the extension allow, and what it tells PostgREST.
 */
#ifndef INTERACTIONS_LIBRARY_H
#define INTERACTIONS_LIBRARY_H

extern int64 CheckedPageSize(bool isnull, int page_size);
extern void CheckBatchSize(int64 nelements);
extern void SetStatus(const char *status);
extern void AddWarningHeader(const char *warning);

#endif /* INTERACTIONS_LIBRARY_H */
