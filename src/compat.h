/*
 * compat.h
 *	  What differs between PostgreSQL 15 to 19, and between compilers.
 */
#ifndef INTERACTIONS_COMPAT_H
#define INTERACTIONS_COMPAT_H

#include "access/htup_details.h"
#include "common/jsonapi.h"
#include "executor/executor.h"
#include "mb/pg_wchar.h"
#include "utils/jsonfuncs.h"

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
#ifndef pg_noreturn /* since 18 */
#define pg_noreturn pg_attribute_noreturn()
#endif
#ifdef __GNUC__ /* and clang */
#define PREFETCH(address) __builtin_prefetch(address)
#else
#define PREFETCH(address) ((void) (address))
#endif

/* Whether the current user may do what a planned statement does. */
#if PG_VERSION_NUM < 160000
#define json_report_error(error, lex) json_ereport_error(error, lex)
#define StatementPermitted(stmt) ExecCheckRTPerms((stmt)->rtable, false)
#else
#define json_report_error(error, lex) json_errsave_error(error, lex, NULL)
#define StatementPermitted(stmt)                                               \
	ExecCheckPermissions((stmt)->rtable, (stmt)->permInfos, false)
#endif

#if PG_VERSION_NUM < 170000
#define index_insert_cleanup(index, info) ((void) 0)
#endif
/* arguments of index_beginscan after the snapshot; of keys with a PERIOD */
#if PG_VERSION_NUM < 180000
#define ONE_KEY 1, 0
#define HasPeriod(constraint) false
#elif PG_VERSION_NUM < 190000
#define ONE_KEY NULL, 1, 0
#define HasPeriod(constraint) ((constraint)->conperiod)
#else
#define ONE_KEY NULL, 1, 0, 0
#define HasPeriod(constraint) ((constraint)->conperiod)
#endif
#if PG_VERSION_NUM < 190000
#define TupleDescFinalize(tupdesc) ((void) 0)
#endif

/* Whether the database cannot hold what an escape stands for. */
static inline bool
JsonUntranslatable(JsonParseErrorType error)
{
#if PG_VERSION_NUM >= 160000
	if (error == JSON_UNICODE_UNTRANSLATABLE)
		return true;
#endif
	return error == JSON_UNICODE_CODE_POINT_ZERO ||
		   error == JSON_UNICODE_HIGH_ESCAPE;
}

/* Start lexing len bytes of JSON; escapes are resolved where unescape. */
static inline JsonLexContext *
JsonLexer(const char *json, int len, bool unescape)
{
#if PG_VERSION_NUM >= 170000
	return makeJsonLexContextCstringLen(NULL, json, len, GetDatabaseEncoding(),
										unescape);
#else
	return makeJsonLexContextCstringLen(unconstify(char *, json), len,
										GetDatabaseEncoding(), unescape);
#endif
}

#endif /* INTERACTIONS_COMPAT_H */
