/* roster.h - a roster on its way into an installation: uploaded in parts, imported, watched; for `hocvu roster`, `hocvu
 * load` and the demonstration. */
#ifndef CTL_ROSTER_H
#define CTL_ROSTER_H

#include "bar.h"
#include "client.h"

struct roster_file {
    const char *name; /* shown to people */
    const char *bytes;
    size_t n;
    bool dry_run;
    const char *complete_unit; /* NULL: nobody is removed */
    int remove_most_percent;   /* -1: as the service has it */
};

/*
 * Uploads what is not there yet, begins the import or finds the one that is under way, and waits for its end. A call
 * that is interrupted goes on where it was when it is made again. Returns as client_call does; refused rows are no
 * failure.
 */
MUST_CHECK int roster_import(struct client *client, struct session *session, const struct roster_file *file,
                             struct bar *bar, struct import_state *ret_state);

#endif
