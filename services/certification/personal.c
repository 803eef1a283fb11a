/* personal.c - what this service keeps about a person: certificates. The name in a signed document stays as long as the
 * register. */
#include "service.h"
#include "sql.h"

extern const struct personal certification_personal[];
const struct personal certification_personal[] = {
    {"certificates", &SQL_personal_certificates, &SQL_personal_certificates_erase},
    {NULL, NULL, NULL},
};
