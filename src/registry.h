/*
 * registry.h
 *	  The registrations of users.
 */
#ifndef INTERACTIONS_REGISTRY_H
#define INTERACTIONS_REGISTRY_H

extern bool IsRegistered(Datum user_id);
extern bool InteractionsReferToUsers(void);
extern bool MoveRegistration(Datum source, Datum target);
extern void CopyRegistration(Datum source, Datum target);
extern void RegisterTarget(Datum source, Datum target);
extern void RegisterUser(Datum user_id);
extern bool UnregisterUser(Datum user_id);

#endif /* INTERACTIONS_REGISTRY_H */
