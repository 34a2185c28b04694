/*
 * registry.h
 *	  The registrations of users.
 */
#ifndef INTERACTIONS_REGISTRY_H
#define INTERACTIONS_REGISTRY_H

#include "types.h"

extern bool IsRegistered(Datum user_id);
extern bool RefersToUsers(const InteractionType *type);
extern bool InteractionsReferToUsers(void);
extern bool MoveRegistration(Datum source, Datum target);
extern void LockRegistration(Datum user_id);
extern bool SplitRegistration(Datum source, Datum target);
extern void RegisterTarget(Datum source, Datum target);
extern void RegisterUser(Datum user_id);
extern bool UnregisterUser(Datum user_id);

#endif /* INTERACTIONS_REGISTRY_H */
