/*
 * json.h
 *	  Reads interactions from JSON.
 */
#ifndef INTERACTIONS_JSON_H
#define INTERACTIONS_JSON_H

#include "common/jsonapi.h"
#include "interaction.h"
#include "violation.h"

extern JsonLexContext *OpenJson(Datum json);
extern JsonTokenType NextToken(JsonLexContext *lex);
extern const char *DescribeToken(const JsonLexContext *lex);
extern bool ReadInteraction(JsonLexContext *lex, const InteractionType *type,
							Interaction *interaction, Violation *violation);

#endif /* INTERACTIONS_JSON_H */
