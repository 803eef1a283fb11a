/* login_page.h - the pages that people see on their way in: which provider, and why it did not work. */
#ifndef GATEWAY_LOGIN_PAGE_H
#define GATEWAY_LOGIN_PAGE_H

#include "request.h"

/* A button for each provider. NULL: memory is out. */
struct MHD_Response *login_page_choice(struct request *request, const struct login_redirect *to);
/*
 * Why the login did not work, and what to do; `field` is what identity's refusal is about, `at` the provider where it
 * was (NULL: not known), whose own advice about levels is shown. NULL: memory is out.
 */
struct MHD_Response *login_page_error(struct request *request, const struct err_row *row, struct span field,
                                      const struct provider_shown *at);

#endif
