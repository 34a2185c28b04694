/*
 * renames.h
 *	  The users whom one statement renames, or changes while it renames others.
 */
#ifndef INTERACTIONS_RENAMES_H
#define INTERACTIONS_RENAMES_H

#include "span.h"
#include "utils/hsearch.h"

extern void NoteRename(HTAB **renames, MemoryContext context, Span from,
					   Span to);

#endif /* INTERACTIONS_RENAMES_H */
