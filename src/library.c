/*
 * library.c
 *	  Entry point of the library, and its settings.
 */
#include "postgres.h"

#include <limits.h>

#include "fmgr.h"
#include "library.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "view_insert.h"
#include "visibility.h"

#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(.name = "interactions");
#else
PG_MODULE_MAGIC;
#endif

/* settings; core keeps their values */
static int MaxBatchElements;
static int MaxPageSize;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	DefineCustomIntVariable("interactions.max_batch_elements",
							"Most elements that one batch may have.", NULL,
							&MaxBatchElements, 1000000, 1, INT_MAX, PGC_SUSET,
							0, NULL, NULL, NULL);
	DefineCustomIntVariable("interactions.max_page_size",
							"Largest page of a list.",
							"0 is no limit; otherwise a list without page_size is refused, too.",
							&MaxPageSize, 0, 0, INT_MAX, PGC_SUSET, 0, NULL,
							NULL, NULL);
	MarkGUCPrefixReserved("interactions");
	WatchTables();
	WatchViewInserts();
}

/* Tell PostgREST something about its answer, until the transaction ends. */
static void
SetAnswer(const char *setting, const char *value)
{
	set_config_option(setting, value, PGC_USERSET, PGC_S_SESSION,
					  GUC_ACTION_LOCAL, true, 0, false);
}

/* Hold a page size to the rules; null is all, which the setting may forbid. */
int64
CheckedPageSize(bool isnull, int page_size)
{
	if (!isnull && page_size < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"page_size\" must be at least 1, not %d",
							   page_size)));
	if (MaxPageSize > 0 && (isnull || page_size > MaxPageSize))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"page_size\" must be at most %d", MaxPageSize),
				 errhint(
					 "Ask for the list page by page, or raise interactions.max_page_size.")));
	/* FETCH FIRST takes a number, and its plan is generic anyway */
	return isnull ? PG_INT64_MAX : page_size;
}

/* Hold the number of elements of a batch to the rules. */
void
CheckBatchSize(int64 nelements)
{
	if (nelements > MaxBatchElements)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a batch must have at most %d elements",
						MaxBatchElements),
				 errhint(
					 "Send it in parts, or raise interactions.max_batch_elements.")));
}

/* Set the HTTP status that PostgREST gives. */
void
SetStatus(const char *status)
{
	SetAnswer("response.status", status);
}

/*
 * Add a Warning, a text without quotes, to the HTTP headers that PostgREST
 * gives; others, which somebody's function before the request may have set,
 * stay.
 */
void
AddWarningHeader(const char *warning)
{
	const char *given = GetConfigOption("response.headers", true, false);
	char *header = psprintf("[{\"Warning\": \"299 - \\\"%s\\\"\"}]", warning);
	Datum headers = DirectFunctionCall1(jsonb_in, CStringGetDatum(header));

	if (given != NULL && strstr(given, warning) != NULL)
		return;
	if (given != NULL && given[0] != '\0')
		headers =
			DirectFunctionCall2(jsonb_concat,
								DirectFunctionCall1(jsonb_in,
													CStringGetDatum(given)),
								headers);
	SetAnswer("response.headers",
			  DatumGetCString(DirectFunctionCall1(jsonb_out, headers)));
}
