/*
 * interactions.c
 *	  Entry point of the library.
 */
#include "postgres.h"

#include "fmgr.h"

#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(.name = "interactions");
#else
PG_MODULE_MAGIC;
#endif
