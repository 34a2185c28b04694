/*
 * registry.h
 *	  The registrations of users.
 */
#ifndef INTERACTIONS_REGISTRY_H
#define INTERACTIONS_REGISTRY_H

#include "postgres.h"

extern bool IsRegistered(Datum user_id);
extern void CopyRegistration(Datum source, Datum target);
extern bool RegisterUser(Datum user_id, Datum source);

#endif /* INTERACTIONS_REGISTRY_H */
