/*
 * lock.c - wire.lock, see lock.h.
 */
#include "lock.h"
#include "proto.h"

#include <stdlib.h>
#include <string.h>

const char *type_name(uint8_t type)
{
    switch ((enum field_type)type) {
    case T_BOOL:
        return "BOOL";
    case T_U8:
        return "U8";
    case T_U16:
        return "U16";
    case T_U32:
        return "U32";
    case T_U64:
        return "U64";
    case T_I64:
        return "I64";
    case T_STR:
        return "STR";
    case T_BIN:
        return "BIN";
    case T_UUID:
        return "UUID";
    case T_TIME:
        return "TIME";
    case T_DATE:
        return "DATE";
    case T_LIST:
        return "LIST";
    }
    return "?";
}

static void lock_fields(const struct msg *msg, struct buf *out)
{
    for (size_t i = 0; i < msg->n_fields; i++) {
        const struct field *field = &msg->fields[i];
        buf_printf(out, "field %s %02d %s %s", msg->name, field->number, field->name, type_name(field->type));
        if (field->type == T_LIST)
            buf_printf(out, "<%s>", field->sub->name);
        buf_add_text(out, field->required ? " REQ\n" : " OPT\n");
    }
}

/* Lines of a text, as spans without their ends. */
struct lines {
    struct span *line;
    size_t n;
};

static int lines_split(struct span text, struct lines *ret_lines)
{
    size_t n = 0;
    for (uint32_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    struct lines lines = {calloc(n + 1, sizeof *lines.line), 0};
    if (!lines.line)
        return -1;
    for (const char *p = text.p, *end = p + text.n; p < end;) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        if (!stop)
            stop = end;
        if (stop > p)
            lines.line[lines.n++] = (struct span){p, (uint32_t)(stop - p)};
        p = stop < end ? stop + 1 : end;
    }
    *ret_lines = lines;
    return 0;
}

/* Byte order, a shorter line before a longer one that begins like it. */
static int line_order(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    int order = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
    return order ? order : (x->n > y->n) - (x->n < y->n);
}

void lock_write(struct buf *out)
{
    struct buf text;
    buf_init(&text, out->max);
    for (size_t i = 0; i < proto_n_errors; i++)
        buf_printf(&text, "error %02d %s\n", proto_errors[i].code, proto_errors[i].name);
    for (size_t i = 0; i < proto_n_events; i++)
        buf_printf(&text, "event 0x%04x %s %s\n", proto_events[i].number, proto_events[i].name,
                   proto_events[i].body->name);
    for (size_t i = 0; i < proto_n_msgs; i++)
        lock_fields(proto_msgs[i], &text);
    for (size_t i = 0; i < proto_n_methods; i++) {
        const struct method *m = &proto_methods[i];
        buf_printf(&text, "method 0x%04x %s %s %s\n", m->number, m->name, m->in->name, m->out->name);
    }
    for (size_t i = 0; i < proto_n_roles; i++)
        buf_printf(&text, "role 0x%02x %s\n", proto_roles[i].bit, proto_roles[i].name);
    for (size_t i = 0; i < proto_n_services; i++)
        buf_printf(&text, "service %d %s\n", proto_services[i].number, proto_services[i].name);

    struct lines lines;
    if (text.failed || lines_split(buf_span(&text), &lines)) {
        out->failed = true;
        buf_release(&text);
        return;
    }
    qsort(lines.line, lines.n, sizeof *lines.line, line_order);
    for (size_t i = 0; i < lines.n; i++) {
        buf_add_span(out, lines.line[i]);
        buf_add_char(out, '\n');
    }
    free(lines.line);
    buf_release(&text);
}

static struct span word(struct span line, int which)
{
    const char *p = line.p, *end = p + line.n;
    for (; which > 0 && p < end; which--) {
        const char *blank = memchr(p, ' ', (size_t)(end - p));
        p = blank ? blank + 1 : end;
    }
    const char *blank = memchr(p, ' ', (size_t)(end - p));
    return (struct span){p, (uint32_t)((blank ? blank : end) - p)};
}

/* The part of a line that never changes its meaning: kind and number, of a field also its message. */
static bool same_key(struct span a, struct span b)
{
    if (!span_equal(word(a, 0), word(b, 0)) || !span_equal(word(a, 1), word(b, 1)))
        return false;
    return !span_equal(word(a, 0), SPAN("field")) || span_equal(word(a, 2), word(b, 2));
}

/* Is there a field line of the same message? */
static bool message_known(const struct lines *lines, struct span field_line)
{
    for (size_t i = 0; i < lines->n; i++) {
        if (span_equal(word(lines->line[i], 0), SPAN("field")) &&
            span_equal(word(lines->line[i], 1), word(field_line, 1)))
            return true;
    }
    return false;
}

static void say(struct buf *out, const char *before, struct span line, const char *after)
{
    buf_add_text(out, before);
    buf_add_span(out, line);
    buf_add_text(out, after);
}

/* A line that was committed: is it still so? */
static size_t compare_old(struct span line, const struct lines *now, struct buf *out)
{
    for (size_t i = 0; i < now->n; i++) {
        if (span_equal(now->line[i], line))
            return 0;
        if (same_key(now->line[i], line)) {
            say(out, "wire.lock: `", line, "` ");
            say(out, "has become `", now->line[i], "`; give the new meaning a new number.\n");
            return 1;
        }
    }
    say(out, "wire.lock: `", line, "` is gone; peers may still send it, so put it back.\n");
    return 1;
}

/* A line of now: may it be added? */
static size_t compare_new(struct span line, const struct lines *committed, struct buf *out)
{
    if (!span_equal(word(line, 0), SPAN("field")) || !span_equal(word(line, 5), SPAN("REQ")) ||
        !message_known(committed, line))
        return 0;
    for (size_t i = 0; i < committed->n; i++) {
        if (same_key(committed->line[i], line))
            return 0; /* compare_old speaks about it */
    }
    say(out, "wire.lock: `", line, "` is new and required, but older peers do not send it; make it OPT.\n");
    return 1;
}

size_t lock_compare(struct span committed, struct span now, struct buf *out)
{
    struct lines old, new;
    if (lines_split(committed, &old))
        return 1;
    if (lines_split(now, &new)) {
        free(old.line);
        return 1;
    }
    size_t faults = 0;
    for (size_t i = 0; i < old.n; i++)
        faults += compare_old(old.line[i], &new, out);
    for (size_t i = 0; i < new.n; i++)
        faults += compare_new(new.line[i], &old, out);
    free(old.line);
    free(new.line);
    return faults;
}
