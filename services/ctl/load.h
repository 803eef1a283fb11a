/* load.h - importing files as the operator; shared by `hocvu load` and the demonstration. */
#ifndef CTL_LOAD_H
#define CTL_LOAD_H

#include "client.h"

/* Imports units. Returns as client_call does; refused rows are for load_complain. */
MUST_CHECK int load_import(struct client *client, struct session *session, uint16_t method,
                           const struct sample_file *file, struct import_report *ret_report);
/* Imports a roster: uploaded, imported, waited for. As load_import; the report counts faults and does not list them. */
MUST_CHECK int load_roster(struct client *client, struct session *session, const struct sample_file *file,
                           struct import_report *ret_report);
/* "309 rows: 0 created, 0 changed, 309 unchanged, 0 refused" */
void load_summary(const struct import_report *report, char *ret_text, size_t n);
/* Prints each refused row with line and field on standard error. True when there was one. */
bool load_complain(const struct sample_file *file, const struct import_report *report);

#endif
