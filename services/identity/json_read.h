/*
 * json_read.h - JSON of a provider, read strictly: what two readers could understand differently is refused. cJSON
 * alone takes doubled members, bytes behind the end and text that is not UTF-8.
 */
#ifndef IDENTITY_JSON_READ_H
#define IDENTITY_JSON_READ_H

#include "arena.h"
#include <cJSON.h>

/* The whole text is one JSON object; NULL: it is not. For cJSON_Delete. */
cJSON *json_read(struct span text);
/* A member's text; NULL: there is none, or it is something else. */
const char *json_text(const cJSON *object, const char *name);
/* A text of 1 to `most` bytes of UTF-8, kept in the arena. */
bool json_keep_text(const cJSON *object, const char *name, size_t most, struct arena *arena, struct span *ret_text);
/* A text, or a whole number as text: levels come as either. */
bool json_keep_word(const cJSON *object, const char *name, size_t most, struct arena *arena, struct span *ret_text);

#endif
