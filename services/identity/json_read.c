/* json_read.c - cJSON with the checks that it leaves out. */
#include "json_read.h"
#include "codec.h"
#include <math.h>
#include <string.h>

/* More members than any honest answer has; also bounds the comparison of each name with each. */
enum { MEMBERS_MAX = 256 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* No name twice in one object, at any depth. cJSON bounds the depth. */
static bool single(const cJSON *item)
{
    size_t n = 0;
    for (const cJSON *child = item->child; child; child = child->next) {
        if (cJSON_IsObject(item)) {
            if (++n > MEMBERS_MAX)
                return false;
            for (const cJSON *before = item->child; before != child; before = before->next) {
                if (!strcmp(before->string, child->string))
                    return false;
            }
        }
        if (!single(child))
            return false;
    }
    return true;
}

cJSON *json_read(struct span text)
{
    const char *end = NULL;
    /* An escaped NUL would end a C string early: the rest of the value would be lost unseen. */
    if (!text.n || !utf8_valid(text) || memchr(text.p, 0, text.n) || memmem(text.p, text.n, "\\u0000", 6))
        return NULL;
    cJSON *object = cJSON_ParseWithLengthOpts(text.p, text.n, &end, false);
    bool good = object && cJSON_IsObject(object) && end;
    while (good && end < text.p + text.n)
        good = is_blank(*end++);
    if (good && single(object))
        return object;
    cJSON_Delete(object);
    return NULL;
}

const char *json_text(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

bool json_keep_text(const cJSON *object, const char *name, size_t most, struct arena *arena, struct span *ret_text)
{
    const char *text = json_text(object, name);
    size_t n = text ? strlen(text) : 0;
    return n >= 1 && n <= most && arena_span(arena, (struct span){text, (uint32_t)n}, ret_text) == 0 &&
           utf8_valid(*ret_text);
}

bool json_keep_word(const cJSON *object, const char *name, size_t most, struct arena *arena, struct span *ret_text)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!cJSON_IsNumber(item))
        return json_keep_text(object, name, most, arena, ret_text);
    double value = item->valuedouble;
    char *text = value >= 0 && value < 1e9 && value == floor(value) ? arena_printf(arena, "%.0f", value) : NULL;
    if (!text || strlen(text) > most)
        return false;
    *ret_text = (struct span){text, (uint32_t)strlen(text)};
    return true;
}
