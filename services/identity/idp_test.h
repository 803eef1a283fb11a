/* idp_test.h - test logins, by which whoever connects a provider sees what it tells; they open no session. */
#ifndef IDENTITY_IDP_TEST_H
#define IDENTITY_IDP_TEST_H

#include "provider.h"
#include "service.h"

/*
 * Keeps what came of a test login: the claims, or the error `code` with its reason (`claims` NULL). Whoever brings the
 * secret of the test sees it, what names a person covered up. 0 or fail().
 */
MUST_CHECK int idp_test_store(struct ctx *ctx, struct span test_hash, const struct provider *provider,
                              const struct claims *claims, int code, const char *why);

#endif
