/*
 * renames.c
 *	  The users whom one statement renames, or changes while it renames others.
 *
 * It must not rename one to another of them, or the order in which it comes to
 * them would decide what becomes of whom.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "renames.h"
#include "utils/memutils.h"
#include "violation.h"

/* a user who is changed, or to whom somebody is renamed */
typedef struct ChangedUser
{
	Span id; /* the key */
	bool changed;
	bool is_target;
} ChangedUser;

static uint32
/* NOLINTNEXTLINE(misc-unused-parameters): core passes it */
HashSpan(const void *key, Size keysize)
{
	const Span *span = key;

	return hash_bytes((const unsigned char *) span->data, span->len);
}

static int
/* NOLINTNEXTLINE(misc-unused-parameters): core passes it */
MatchSpans(const void *a, const void *b, Size keysize)
{
	return SpansEqual(*(const Span *) a, *(const Span *) b) ? 0 : 1;
}

static ChangedUser *
EnterUser(HTAB *renames, MemoryContext context, Span id)
{
	bool		 found;
	ChangedUser *user = hash_search(renames, &id, HASH_ENTER, &found);

	if (!found)
	{
		char *data = MemoryContextAlloc(context, id.len);

		memcpy(data, id.data, id.len);
		user->id.data = data;
		user->changed = user->is_target = false;
	}
	return user;
}

/*
 * Note, in a memory context, that a statement renames a user, or changes him
 * otherwise if the ids are the same; raise where the same one renames another to
 * him, or him to another.  NULL is no user yet.
 */
void
NoteRename(HTAB **renames, MemoryContext context, Span from, Span to)
{
	ChangedUser *user;
	ChangedUser *target;

	if (*renames == NULL)
	{
		HASHCTL info = {.keysize = sizeof(Span),
						.entrysize = sizeof(ChangedUser),
						.hash = HashSpan,
						.match = MatchSpans,
						.hcxt = context};

		*renames = hash_create("interactions renames", 64, &info,
							   HASH_ELEM | HASH_FUNCTION | HASH_COMPARE |
								   HASH_CONTEXT);
	}
	user = EnterUser(*renames, context, from);
	target = EnterUser(*renames, context, to);
	user->changed = true;
	target->is_target = target->is_target || target != user;
	if (user->is_target || (target != user && target->changed))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg(
					 "cannot rename a user to one whom the same statement changes"),
				 errdetail("\"%s\" is changed, and another is renamed to that id.",
						   Clip(user->is_target ? from : to)),
				 errhint("Rename them one after another, or by way of ids that"
						 " nobody has.")));
}
