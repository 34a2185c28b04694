/*
 * interactions.h
 *	  What the files of the extension share: the table of types, an
 *	  interaction in memory, and the one way to each of the common jobs.
 */
#ifndef INTERACTIONS_H
#define INTERACTIONS_H

#include "access/htup_details.h"
#include "access/tupdesc.h"
#include "common/jsonapi.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"

#include "compat.h"

/* columns that every type has come first, in this order */
typedef enum Property
{
	USER_ID,
	ITEM_ID,
	TIMESTAMP,
	RECOMMENDATION_ID,
	FIRST_OWN
} Property;

#define MAX_OWN_COLUMNS 2

/* the columns of a type, the fingerprint last */
#define MAX_COLUMNS (FIRST_OWN + MAX_OWN_COLUMNS + 1)

#define MAX_ID_BYTES 512

typedef struct OwnColumn
{
	const char *name;
	Oid typid;		  /* float8, numeric, int4 or int8 */
	bool required;	  /* null is an error */
	const char *rule; /* completes the sentence '"price" must be …' */
	int64 min;
	const char *max; /* as text, of numeric and float8 */
} OwnColumn;

/*
 * The statements for one type.  Of lists and deletions there is one for each
 * set of bits, since a criterion that is not given is best left out: an open
 * range costs time, and misleads the planner.
 */
typedef enum SavedQuery
{
	QUERY_INSERT,
	QUERY_INSERT_NEW,
	QUERY_INSERT_BATCH,
	QUERY_SELECT,
	QUERY_FIND,
	QUERY_TRANSFER_NEW,
	QUERY_TRANSFER,
	QUERY_LIST_USER,
	QUERY_LIST_ITEM = QUERY_LIST_USER + 4,
	QUERY_DELETE = QUERY_LIST_ITEM + 4,
	NUM_QUERIES = QUERY_DELETE + 8
} SavedQuery;

#define IN_RANGE (1 << 0) /* lists and deletions */
#define AFTER (1 << 1)	  /* lists */
#define BY_USER (1 << 1)  /* deletions */
#define BY_ITEM (1 << 2)

typedef struct InteractionType
{
	const char *singular; /* names functions */
	const char *plural;	  /* names table, view and functions */
	int nown;
	OwnColumn own[MAX_OWN_COLUMNS];
} InteractionType;

/* a string that need not end in NUL; data is NULL where the value is null */
typedef struct Span
{
	const char *data;
	int len;
} Span;

/* one interaction of any type; what it points to belongs to its maker */
typedef struct Interaction
{
	Span user_id;
	Span item_id;
	Span recommendation_id;
	TimestampTz timestamp;
	int64 fingerprint;
	Datum own[MAX_OWN_COLUMNS];
	bool own_isnull[MAX_OWN_COLUMNS];
	bool timestamp_isnull;
} Interaction;

/* room for an id as a text datum */
typedef union IdBuffer
{
	int32 align;
	char data[VARHDRSZ + MAX_ID_BYTES];
} IdBuffer;

#define NUM_IDS 3 /* of an interaction */

/* Where a text column begins, as an offset; what precedes it ends there. */
static inline Size
AlignText(const char *row, Size offset)
{
	return VARATT_NOT_PAD_BYTE(row + offset) ? offset : INTALIGN(offset);
}

/* why something is refused; palloc'd strings */
typedef struct Violation
{
	int sqlerrcode;
	char *message;
	char *hint; /* or NULL */
} Violation;

/* the library exports what SQL calls, and nothing that is shared in here */
#pragma GCC visibility push(hidden)

/* interactions.c */
extern int MaxBatchElements;
extern int MaxPageSize;
extern bool AllowDrop;

extern void SetStatus(const char *status);

/* types.c */
extern const InteractionType InteractionTypes[];
extern const int NumInteractionTypes;

extern const InteractionType *TypeByName(const char *plural);
extern const InteractionType *TypeOfFunction(FunctionCallInfo fcinfo);
extern int ColumnCount(const InteractionType *type);
extern const char *ColumnName(const InteractionType *type, int column);
extern Oid ColumnType(const InteractionType *type, int column);
extern bool ColumnRequired(const InteractionType *type, int column);
extern const char *ColumnNames(const InteractionType *type);
extern const char *WireColumns(const InteractionType *type);
extern void AppendCounts(StringInfo result, const int64 *counts);

/* number.c */
typedef struct Number
{
	Span text; /* as given */
	bool negative;
	bool is_nan;
	bool is_infinite;
	uint64 digits; /* the first 19 significant ones */
	int exponent;  /* of ten, of the last of digits */
	int scale;	   /* digits after the point */
	bool inexact;  /* further digits, not all 0, were left out */
} Number;

extern bool ScanNumber(Span text, Number *number);
extern bool NumberToInt64(const Number *number, int64 *result, bool *exact);
extern bool NumberToDatum(const Number *number, Oid typid, Datum *result);

/* timestamp.c */
#define TIMESTAMP_RULE "a number of milliseconds between 0 and 253402300799999"
#define TIMESTAMP_HINT                                                         \
	"Timestamps are milliseconds since 1970-01-01 00:00:00 UTC."

extern bool TimestampFromMs(const char *property, int64 ms, const char *given,
							TimestampTz *result, Violation *violation);
extern bool TimestampFromNumber(const char *property, const Number *number,
								TimestampTz *result, Violation *violation);
extern TimestampTz TimestampArgument(const char *property, Span text);
extern int64 TimestampToMs(TimestampTz timestamp);
extern bool CheckTimestamp(const char *property, TimestampTz *timestamp,
						   Violation *violation);

/* rules.c */
extern bool Violate(Violation *violation, int sqlerrcode, const char *hint,
					const char *fmt, ...) pg_attribute_printf(4, 5);
pg_noreturn extern void ReportViolation(const Violation *violation);
pg_noreturn extern void ReportNull(const char *property);
pg_noreturn extern void ReportTriggerProtocol(void);
extern char *Clip(Span text);
extern Span TextSpan(Datum text);
extern Span CheckedId(const char *property, Datum text, bool isnull);
extern bool CheckId(const char *property, Span id, bool required,
					Violation *violation);
extern bool ViolateSyntax(const char *property, Oid typid, Span text,
						  Violation *violation);
extern bool ViolateOwn(const OwnColumn *column, const char *given,
					   Violation *violation);
extern bool CompleteInteraction(const InteractionType *type,
								Interaction *interaction, Violation *violation);

/* json.c */
extern JsonLexContext *OpenJson(Datum json);
extern JsonTokenType NextToken(JsonLexContext *lex);
extern const char *DescribeToken(const JsonLexContext *lex);
extern bool ReadInteraction(JsonLexContext *lex, const InteractionType *type,
							Interaction *interaction, Violation *violation);

/* query.c */
/* name of the rows of a batch, in the statements that store it */
#define BATCH_RELATION "interactions_batch"

extern SPIPlanPtr GetQuery(const InteractionType *type, SavedQuery query);
extern SPIPlanPtr KeepQuery(SPIPlanPtr *slot, const char *sql, int nargs,
							const Oid *argtypes);
extern uint64 RunQuery(SPIPlanPtr plan, int nargs, Datum *values,
					   const bool *isnull, int expected);
extern bool TryQuery(SPIPlanPtr plan, int nargs, Datum *values, int expected);
extern int64 ResultInt64(int column);
extern bool Attempt(void (*job)(void *), void *arg);
extern void InteractionDatums(const InteractionType *type,
							  const Interaction *interaction,
							  IdBuffer ids[NUM_IDS], Datum *values,
							  bool *isnull);

/* batch.c */
typedef struct Batch Batch;

extern Batch *BeginBatch(const InteractionType *type);
extern int64 AddToBatch(Batch *batch, const Interaction *interaction);
extern uint64 StoreBatch(Batch *batch);

/* plain.c */
typedef struct PlainIndex
{
	Relation rel;
	struct IndexInfo *info;
} PlainIndex;

typedef struct PlainTable
{
	Relation rel;
	PlainIndex *indexes;
	int nindexes;
} PlainTable;

extern PlainTable *OpenPlainTable(const InteractionType *type);
extern void ClosePlainTable(PlainTable *table);

/* trigger.c */
extern bool HoldsRules(Oid function);

/* delete.c */
extern int64 DeleteInteractions(const InteractionType *type, Datum user_id,
								Datum item_id, TimestampTz from,
								TimestampTz to);

/* transfer.c */
extern void LockUsers(Span one, Span other);
extern void LockAllUsers(void);
extern bool UnregisterUser(Datum user_id);
extern bool TransferInteractions(Span from, Span to, bool delete_user,
								 int64 *transferred, int64 *duplicates);

#pragma GCC visibility pop

#endif /* INTERACTIONS_H */
