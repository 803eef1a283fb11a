/* logout.h - a logout goes on at the identity provider. */
#ifndef IDENTITY_LOGOUT_H
#define IDENTITY_LOGOUT_H

#include "service.h"

/*
 * Where the browser of the caller's session goes to log out at the provider too; puts it into the reply if there is
 * such a place and it can be found out now. Nothing of it keeps a session from ending.
 */
void logout_location(struct ctx *ctx, struct session_left *reply);

#endif
