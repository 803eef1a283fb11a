/*
 * writer.c - writes indented JSON, see writer.h.
 */
#include "writer.h"
#include "codec.h"

#include <string.h>

static void write_line(struct writer *w)
{
    buf_add_char(w->out, '\n');
    for (int i = 0; i < w->depth; i++)
        buf_add_text(w->out, "  ");
}

static void write_key(struct writer *w, const char *key)
{
    if (!w->first)
        buf_add_char(w->out, ',');
    if (w->depth > 0)
        write_line(w);
    w->first = false;
    if (key) {
        json_add_string(w->out, (struct span){key, (uint32_t)strlen(key)});
        buf_add_text(w->out, ": ");
    }
}

void write_open(struct writer *w, const char *key, char bracket)
{
    write_key(w, key);
    buf_add_char(w->out, bracket);
    w->depth++;
    w->first = true;
}

void write_close(struct writer *w, char bracket)
{
    w->depth--;
    if (!w->first)
        write_line(w);
    buf_add_char(w->out, bracket);
    w->first = false;
    if (w->depth == 0)
        buf_add_char(w->out, '\n');
}

void write_span(struct writer *w, const char *key, struct span text)
{
    write_key(w, key);
    json_add_string(w->out, text);
}

void write_text(struct writer *w, const char *key, const char *text)
{
    write_span(w, key, (struct span){text, (uint32_t)strlen(text)});
}

void write_int(struct writer *w, const char *key, int64_t value)
{
    write_key(w, key);
    buf_printf(w->out, "%lld", (long long)value);
}

void write_bool(struct writer *w, const char *key, bool value)
{
    write_key(w, key);
    buf_add_text(w->out, value ? "true" : "false");
}

void write_ref(struct writer *w, const char *prefix, const char *name)
{
    char text[256];
    struct buf ref = {text, 0, sizeof text, sizeof text, false};
    buf_add_text(&ref, prefix);
    buf_add_text(&ref, name);
    write_span(w, "$ref", buf_span(&ref));
}
