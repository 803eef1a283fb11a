/*
 * lint.c - the declarations themselves are checked, see lint.h.
 */
#include "lint.h"
#include "codec.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    FIELD_MOST = 63,
    FIRST_EVENT = 0x80,     /* low byte: methods below, events from here on */
    NAME_MOST = 63,         /* a column name of PostgreSQL */
    LENGTH_MOST = 64 << 20, /* no single value or list goes beyond this */
    BATCH_MOST = 1024,
};

bool path_parameter(const char **at, struct span *ret_name)
{
    const char *open = strchr(*at, '{');
    const char *close = open ? strchr(open, '}') : NULL;
    if (!close)
        return false;
    *ret_name = (struct span){open + 1, (uint32_t)(close - open - 1)};
    *at = close + 1;
    return true;
}

bool method_has_parameter(const struct method *method, const struct field *field)
{
    const char *at = method->path;
    struct span name;
    while (path_parameter(&at, &name)) {
        if (strlen(field->name) == name.n && !memcmp(field->name, name.p, name.n))
            return true;
    }
    return false;
}

/* Counts a fault and says it: "message answer_save, field revision: ...". */
static void PRINTF(3, 4) fault(size_t *faults, struct buf *out, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    buf_add_text(out, line);
    buf_add_char(out, '\n');
    ++*faults;
}

static bool is_sentence(const char *doc)
{
    size_t n = strlen(doc);
    return n > 1 && doc[n - 1] == '.' && doc[0] != ' ' && utf8_valid((struct span){doc, (uint32_t)n});
}

static bool is_name(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && n <= NAME_MOST && name[0] >= 'a' && name[0] <= 'z' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

/* What a type can hold, or how long a value of it can be; both 0 when the row's bounds say nothing. */
static void type_bounds(uint8_t type, int64_t *ret_min, int64_t *ret_max)
{
    *ret_min = 0;
    *ret_max = 0;
    switch ((enum field_type)type) {
    case T_U8:
        *ret_max = UINT8_MAX;
        break;
    case T_U16:
        *ret_max = UINT16_MAX;
        break;
    case T_U32:
        *ret_max = UINT32_MAX;
        break;
    case T_U64:
        *ret_max = INT64_MAX;
        break;
    case T_I64:
        *ret_min = INT64_MIN;
        *ret_max = INT64_MAX;
        break;
    case T_STR:
    case T_BIN:
    case T_LIST:
        *ret_max = LENGTH_MOST;
        break;
    case T_BOOL:
    case T_UUID:
    case T_TIME:
    case T_DATE:
        break;
    }
}

static void lint_field(const struct msg *msg, const struct field *field, size_t *faults, struct buf *out)
{
    const char *m = msg->name, *f = field->name;
    int64_t least, most;
    type_bounds(field->type, &least, &most);
    if (!is_name(f) || !strcmp(f, "has"))
        fault(faults, out, "message %s: `%s` is no name for a field.", m, f);
    if (!is_sentence(field->doc))
        fault(faults, out, "message %s, field %s: the sentence does not end with a full stop.", m, f);
    if (field->number < 1 || field->number > FIELD_MOST)
        fault(faults, out, "message %s, field %s: number %d is not within 1 to %d.", m, f, field->number, FIELD_MOST);
    if (field->min > field->max)
        fault(faults, out, "message %s, field %s: the least is above the most.", m, f);
    if (most == 0 && (field->min || field->max))
        fault(faults, out, "message %s, field %s: this type takes no bounds, write 0, 0.", m, f);
    if (most > 0 && (field->min < least || field->max > most))
        fault(faults, out, "message %s, field %s: the bounds go beyond what its type can hold.", m, f);
    if (most > 0 && field->max == 0)
        fault(faults, out, "message %s, field %s: nothing but nothing fits its bounds.", m, f);
    if (field->type == T_LIST && !field->required && field->min > 0)
        fault(faults, out,
              "message %s, field %s: an optional list must allow no rows, for no rows is how it is absent.", m, f);
}

/* How deep messages nest, this one being 1; stops counting beyond the limit. */
static unsigned message_depth(const struct msg *msg, unsigned limit)
{
    unsigned deepest = 0;
    for (size_t i = 0; limit > 0 && i < msg->n_fields; i++) {
        if (msg->fields[i].type != T_LIST)
            continue;
        unsigned depth = message_depth(msg->fields[i].sub, limit - 1);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

size_t lint_message(const struct msg *msg, struct buf *out)
{
    size_t faults = 0;
    if (!is_name(msg->name))
        fault(&faults, out, "message %s: this is no name.", msg->name);
    if (!is_sentence(msg->doc))
        fault(&faults, out, "message %s: the sentence does not end with a full stop.", msg->name);
    if (msg->n_fields == 0)
        fault(&faults, out, "message %s: it has no field.", msg->name);
    for (size_t i = 0; i < msg->n_fields; i++) {
        const struct field *field = &msg->fields[i];
        lint_field(msg, field, &faults, out);
        if (i > 0 && field->number <= field[-1].number)
            fault(&faults, out, "message %s, field %s: numbers must go up.", msg->name, field->name);
        for (size_t j = 0; j < i; j++) {
            if (!strcmp(msg->fields[j].name, field->name))
                fault(&faults, out, "message %s, field %s: the name is there twice.", msg->name, field->name);
        }
    }
    if (message_depth(msg, CODEC_MAX_DEPTH) > CODEC_MAX_DEPTH)
        fault(&faults, out, "message %s: lists nest deeper than %d.", msg->name, CODEC_MAX_DEPTH);
    return faults;
}

static bool service_known(uint16_t number)
{
    return number >> 8 == 0 || service_find((uint8_t)(number >> 8));
}

/* The parts of an HTTP route: parameters come from the path, and without a body from the query. */
static void lint_route(const struct method *method, size_t *faults, struct buf *out)
{
    const char *at = method->path, *m = method->name;
    struct span name;
    if (strncmp(at, "/v1/", 4))
        fault(faults, out, "method %s: the path does not begin with /v1/.", m);
    while (path_parameter(&at, &name)) {
        const struct field *field = msg_field(method->in, name.p, name.n);
        if (!field)
            fault(faults, out, "method %s: path parameter %.*s is no field of %s.", m, (int)name.n, name.p,
                  method->in->name);
        else if (!field->required || field->type == T_LIST || field->type == T_BIN)
            fault(faults, out, "method %s: path parameter %s must be a required single field.", m, field->name);
        else if (field->type == T_STR && field->min == 0)
            fault(faults, out, "method %s: path parameter %s may be empty, and then names another path.", m,
                  field->name);
    }
    if (method->verb != GET && method->verb != DELETE)
        return;
    for (size_t i = 0; i < method->in->n_fields; i++) {
        if (method->in->fields[i].type == T_LIST)
            fault(faults, out, "method %s: field %s is a list, but this verb has no body to send it in.", m,
                  method->in->fields[i].name);
    }
}

size_t lint_method(const struct method *method, struct buf *out)
{
    size_t faults = 0;
    const char *m = method->name;
    uint32_t known = NATIONAL;
    for (size_t i = 0; i < proto_n_roles; i++)
        known |= proto_roles[i].bit;
    if (!is_name(m))
        fault(&faults, out, "method %s: this is no name.", m);
    if (!is_sentence(method->doc))
        fault(&faults, out, "method %s: the sentence does not end with a full stop.", m);
    if (!service_known(method->number))
        fault(&faults, out, "method %s: no service has the number 0x%02x.", m, method->number >> 8);
    if ((method->number & 0xff) == 0 || (method->number & 0xff) >= FIRST_EVENT)
        fault(&faults, out, "method %s: number 0x%04x is not a method's, these end in 01 to 7f.", m, method->number);
    if (method->roles & LOGGED_IN && method->roles != LOGGED_IN)
        fault(&faults, out, "method %s: LOGGED_IN stands alone, it asks for no role.", m);
    else if (method->roles & ~(known | LOGGED_IN))
        fault(&faults, out, "method %s: a role is not in roles.def.", m);
    if (method->batch > BATCH_MOST)
        fault(&faults, out, "method %s: a batch of more than %d is not one transaction's work.", m, BATCH_MOST);
    if (method->verb == INTERNAL && *method->path)
        fault(&faults, out, "method %s: an INTERNAL method has no path.", m);
    if (method->verb == INTERNAL && method->roles != PUBLIC)
        fault(&faults, out, "method %s: nobody checks the roles of an INTERNAL method, write PUBLIC.", m);
    if (method->verb != INTERNAL)
        lint_route(method, &faults, out);
    return faults;
}

size_t lint_event(const struct event *event, struct buf *out)
{
    size_t faults = 0;
    const char *e = event->name;
    const struct field *body = msg_field(&msg_event_row, "body", 4);
    size_t packed = msg_max_packed(event->body);
    if (!is_name(e))
        fault(&faults, out, "event %s: this is no name.", e);
    if (!is_sentence(event->doc))
        fault(&faults, out, "event %s: the sentence does not end with a full stop.", e);
    if (event->number >> 8 == 0 || !service_known(event->number))
        fault(&faults, out, "event %s: no service has the number 0x%02x.", e, event->number >> 8);
    if ((event->number & 0xff) < FIRST_EVENT)
        fault(&faults, out, "event %s: number 0x%04x is not an event's, these end in 80 to ff.", e, event->number);
    if (body && packed > (size_t)body->max)
        fault(&faults, out, "event %s: %s can take %zu bytes, event_row.body holds %lld.", e, event->body->name, packed,
              (long long)body->max);
    return faults;
}

/* Would one request match both paths? They do when they differ in the names of parameters only. */
static bool same_route(const char *a, const char *b)
{
    while (*a && *b) {
        if (*a == '{' && *b == '{') {
            a += strcspn(a, "}");
            b += strcspn(b, "}");
        }
        if (*a != *b)
            return false;
        if (*a) {
            a++;
            b++;
        }
    }
    return *a == *b;
}

size_t lint_methods(const struct method *methods, size_t n, struct buf *out)
{
    size_t faults = 0;
    for (size_t i = 0; i < n; i++) {
        const struct method *a = &methods[i];
        faults += lint_method(a, out);
        for (size_t j = 0; j < i; j++) {
            const struct method *b = &methods[j];
            if (a->number == b->number)
                fault(&faults, out, "methods %s and %s share the number 0x%04x.", b->name, a->name, a->number);
            if (!strcmp(a->name, b->name))
                fault(&faults, out, "method %s: the name is there twice.", a->name);
            if (a->verb != INTERNAL && a->verb == b->verb && same_route(a->path, b->path))
                fault(&faults, out, "methods %s and %s share the route %s.", b->name, a->name, a->path);
        }
    }
    return faults;
}

size_t lint_events(const struct event *events, size_t n, struct buf *out)
{
    size_t faults = 0;
    for (size_t i = 0; i < n; i++) {
        faults += lint_event(&events[i], out);
        for (size_t j = 0; j < i; j++) {
            if (events[i].number == events[j].number)
                fault(&faults, out, "events %s and %s share the number 0x%04x.", events[j].name, events[i].name,
                      events[i].number);
            if (!strcmp(events[i].name, events[j].name))
                fault(&faults, out, "event %s: the name is there twice.", events[i].name);
        }
    }
    return faults;
}

/* Numbers of errors go up and are met once; the sentences are there in both languages. */
static size_t lint_errors(struct buf *out)
{
    size_t faults = 0;
    for (size_t i = 0; i < proto_n_errors; i++) {
        const struct err_row *row = &proto_errors[i];
        if (!is_name(row->name))
            fault(&faults, out, "error %s: this is no name.", row->name);
        if (row->status < 400 || row->status > 599)
            fault(&faults, out, "error %s: %d is not the HTTP status of an error.", row->name, row->status);
        if (!is_sentence(row->vi) || !is_sentence(row->en))
            fault(&faults, out, "error %s: a sentence does not end with a full stop.", row->name);
        if (i > 0 && row->code <= row[-1].code)
            fault(&faults, out, "error %s: numbers must go up.", row->name);
    }
    return faults;
}

size_t proto_check(struct buf *out)
{
    size_t faults = 0;
    for (size_t i = 0; i < proto_n_msgs; i++)
        faults += lint_message(proto_msgs[i], out);
    faults += lint_methods(proto_methods, proto_n_methods, out);
    faults += lint_events(proto_events, proto_n_events, out);
    return faults + lint_errors(out);
}
