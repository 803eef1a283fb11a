/*
 * objects.h - which seeded object each id of a request names, and what its texts say: the rows of objects.def, looked
 * up in the database once.
 */
#ifndef RIGHTS_OBJECTS_H
#define RIGHTS_OBJECTS_H

#include "any_message.h"
#include <libpq-fe.h>

/*
 * Reads every row of objects.def from the database of the installation. A statement may use the temporary table
 * seed(name, id, text) of the rows before it. -1: a sentence was printed.
 */
MUST_CHECK int objects_read(PGconn *conn);
/* How many rows speak of a METHOD that there is not, each told in a sentence. */
int objects_check(void);
/* A seeded id by its row's name; aborts when there is none of that name. */
struct uuid object_id(const char *name);

/*
 * A request of the method with everything that it must have, and what ALSO rows add. NULL: an id is in no row, or the
 * arena is full; a sentence was printed.
 */
void *object_request(const struct method *method, struct arena *arena);

/*
 * What the object that a method's request names means for people of another subtree. REACH_UNSAID: the method has no
 * placed id, and no row says what it does.
 */
enum reach {
    REACH_UNSAID,
    REACH_PLACED,     /* names something of the inside: refused or nothing from elsewhere */
    REACH_SCOPED,     /* lists what is in the caller's subtree: nothing from elsewhere */
    REACH_EVERYWHERE, /* says or does the same, or one's own, from wherever */
    REACH_OWN,        /* lan's own: refused or nothing for everybody else, whatever the role */
    REACH_WHOLE,      /* held for the whole nation or not at all */
};
enum reach object_reach(const struct method *method);

#endif
