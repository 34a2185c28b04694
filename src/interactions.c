/*
 * interactions.c
 *	  Entry point of the library, and its settings.
 */
#include "postgres.h"

#include "interactions.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(.name = "interactions");
#else
PG_MODULE_MAGIC;
#endif

/* settings; core keeps their values */
int MaxBatchElements;
int MaxPageSize;
bool AllowDrop;

#define KEPT_BYTES ((Size) 16 * 1024 * 1024)

PGDLLEXPORT void _PG_init(void);

/*
 * Teach malloc to keep what a call frees for the next one.  By default glibc
 * gives all but small blocks back to the kernel at once, and a batch or a
 * long list gets its memory anew, page by page, each time: up to a third of
 * its time where a page fault is dear, as on many virtual machines.  But
 * its thresholds follow the largest block that was ever freed (mallopt(3),
 * M_MMAP_THRESHOLD), so one that is never touched will do.  An administrator
 * who has set the thresholds in the environment overrules this.
 */
static void
KeepMemory(void)
{
	pfree(MemoryContextAlloc(TopMemoryContext, KEPT_BYTES));
}

void
_PG_init(void)
{
	KeepMemory();
	DefineCustomIntVariable("interactions.max_batch_elements",
							"Most elements that one batch may have.", NULL,
							&MaxBatchElements, 1000000, 1, PG_INT32_MAX,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable(
		"interactions.max_page_size", "Largest page of a list.",
		"0 is no limit; otherwise a list without page_size is refused, too.",
		&MaxPageSize, 0, 0, PG_INT32_MAX, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable(
		"interactions.allow_drop",
		"Allows to drop the extension while its tables hold rows.", NULL,
		&AllowDrop, false, PGC_USERSET, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("interactions");
}

/* Set the HTTP status that PostgREST gives. */
void
SetStatus(const char *status)
{
	set_config_option("response.status", status, PGC_USERSET, PGC_S_SESSION,
					  GUC_ACTION_LOCAL, true, 0, false);
}
