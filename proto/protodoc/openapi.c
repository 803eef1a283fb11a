/*
 * openapi.c - the OpenAPI 3.1 document: every METHOD with a route, schemas with the bounds of the rows, the errors.
 */
#include "protodoc.h"
#include "codec.h"
#include "lint.h"
#include "writer.h"

#include <ctype.h>
#include <string.h>

#define EXACT_MOST INT64_C(9007199254740991) /* what a JSON number holds exactly; json.c writes text beyond it */

const char *verb_name(enum verb verb)
{
    static const char *const names[] = {"GET", "POST", "PUT", "DELETE", "INTERNAL"};
    return names[verb];
}

void roles_write(uint32_t roles, struct buf *out)
{
    if (roles == PUBLIC || roles == ANY_ROLE || roles == LOGGED_IN) {
        buf_add_text(out, roles == PUBLIC ? "everyone" : roles == ANY_ROLE ? "any role" : "whoever is logged in");
        return;
    }
    const char *before = "";
    for (size_t i = 0; i < proto_n_roles; i++) {
        if (roles & proto_roles[i].bit) {
            buf_add_text(out, before);
            buf_add_text(out, proto_roles[i].name);
            before = ", ";
        }
    }
    if (roles & NATIONAL)
        buf_add_text(out, " (for the whole nation)");
}

/* Text put together from pieces, as one JSON string. */
static void write_joined(struct writer *w, const char *key, const char *a, const char *b, const char *c)
{
    char text[2048];
    struct buf joined = {text, 0, sizeof text, sizeof text, false};
    buf_add_text(&joined, a);
    buf_add_text(&joined, b);
    buf_add_text(&joined, c);
    write_span(w, key, buf_span(&joined));
    w->out->failed |= joined.failed;
}

static void write_int_schema(struct writer *w, int64_t min, int64_t max)
{
    write_text(w, "type", "integer");
    write_int(w, "minimum", min < -EXACT_MOST ? -EXACT_MOST : min);
    write_int(w, "maximum", max > EXACT_MOST ? EXACT_MOST : max);
}

/* A number, or from 2^53 on a string of digits. */
static void write_long_schema(struct writer *w, const struct field *field)
{
    write_open(w, "oneOf", '[');
    write_open(w, NULL, '{');
    write_int_schema(w, field->min, field->max);
    write_close(w, '}');
    write_open(w, NULL, '{');
    write_text(w, "type", "string");
    write_text(w, "pattern", field->min < 0 ? "^-?[1-9][0-9]{15,18}$" : "^[1-9][0-9]{15,18}$");
    write_text(w, "description", "Decimal digits, only for a value beyond 9007199254740991.");
    write_close(w, '}');
    write_close(w, ']');
}

/* Bounds of STR rows count bytes, those of JSON Schema characters: a character has one to four bytes. */
static void write_string_schema(struct writer *w, const struct field *field)
{
    write_text(w, "type", "string");
    write_int(w, "minLength", (field->min + 3) / 4);
    write_int(w, "maxLength", field->max);
    if (field->min > 1)
        write_int(w, "x-minBytes", field->min);
    write_int(w, "x-maxBytes", field->max);
}

static void write_binary_schema(struct writer *w, const struct field *field)
{
    write_text(w, "type", "string");
    write_text(w, "contentEncoding", "base64url");
    write_text(w, "pattern", "^[A-Za-z0-9_-]*$");
    write_int(w, "minLength", (field->min * 4 + 2) / 3);
    write_int(w, "maxLength", (field->max * 4 + 2) / 3);
}

static void write_string_format(struct writer *w, const char *format)
{
    write_text(w, "type", "string");
    write_text(w, "format", format);
}

/* The members of a field's schema, without its description. */
static void write_schema(struct writer *w, const struct field *field)
{
    switch ((enum field_type)field->type) {
    case T_BOOL:
        write_text(w, "type", "boolean");
        break;
    case T_U8:
    case T_U16:
    case T_U32:
        write_int_schema(w, field->min, field->max);
        break;
    case T_U64:
    case T_I64:
        if (field->max > EXACT_MOST || field->min < -EXACT_MOST)
            write_long_schema(w, field);
        else
            write_int_schema(w, field->min, field->max);
        break;
    case T_STR:
        write_string_schema(w, field);
        break;
    case T_BIN:
        write_binary_schema(w, field);
        break;
    case T_UUID:
        write_string_format(w, "uuid");
        break;
    case T_TIME:
        write_string_format(w, "date-time");
        break;
    case T_DATE:
        write_string_format(w, "date");
        break;
    case T_LIST:
        write_text(w, "type", "array");
        write_int(w, "minItems", field->min);
        write_int(w, "maxItems", field->max);
        write_open(w, "items", '{');
        write_ref(w, "#/components/schemas/", field->sub->name);
        write_close(w, '}');
        break;
    }
}

/* The members of a message as properties. `path_of`: leave out what the path of this method says. */
static void write_members(struct writer *w, const struct msg *msg, const struct method *path_of, bool sent)
{
    write_text(w, "type", "object");
    write_text(w, "description", msg->doc);
    write_open(w, "properties", '{');
    for (size_t i = 0; i < msg->n_fields; i++) {
        const struct field *field = &msg->fields[i];
        if (path_of && method_has_parameter(path_of, field))
            continue;
        write_open(w, field->name, '{');
        write_schema(w, field);
        write_text(w, "description", field->doc);
        write_close(w, '}');
    }
    write_close(w, '}');
    write_open(w, "required", '[');
    for (size_t i = 0; i < msg->n_fields; i++) {
        const struct field *field = &msg->fields[i];
        bool stands = field->required || (!sent && field->type == T_LIST); /* a reply writes empty lists */
        if (stands && !(path_of && method_has_parameter(path_of, field)))
            write_text(w, NULL, field->name);
    }
    write_close(w, ']');
    if (sent)
        write_bool(w, "additionalProperties", false);
}

/* Does `msg` contain `part`, directly or in a list of a list? */
static bool contains(const struct msg *msg, const struct msg *part)
{
    for (size_t i = 0; i < msg->n_fields; i++) {
        const struct field *field = &msg->fields[i];
        if (field->type == T_LIST && (field->sub == part || contains(field->sub, part)))
            return true;
    }
    return false;
}

/* Is the message part of a request body, of a reply? */
static bool used(const struct msg *msg, bool sent)
{
    for (size_t i = 0; i < proto_n_methods; i++) {
        const struct method *m = &proto_methods[i];
        if (m->verb == INTERNAL)
            continue;
        if (sent ? contains(m->in, msg) : m->out == msg || contains(m->out, msg))
            return true;
    }
    return false;
}

static bool has_body(const struct method *m)
{
    return m->verb == POST || m->verb == PUT;
}

static void write_parameters(struct writer *w, const struct method *m)
{
    write_open(w, "parameters", '[');
    for (size_t i = 0; i < m->in->n_fields; i++) {
        const struct field *field = &m->in->fields[i];
        bool in_path = method_has_parameter(m, field);
        if (m->in == &msg_empty || (!in_path && has_body(m)))
            continue;
        write_open(w, NULL, '{');
        write_text(w, "name", field->name);
        write_text(w, "in", in_path ? "path" : "query");
        write_bool(w, "required", field->required);
        write_text(w, "description", field->doc);
        write_open(w, "schema", '{');
        write_schema(w, field);
        write_close(w, '}');
        write_close(w, '}');
    }
    write_close(w, ']');
}

static void write_request_body(struct writer *w, const struct method *m)
{
    bool any = false, required = false;
    for (size_t i = 0; i < m->in->n_fields; i++) {
        const struct field *field = &m->in->fields[i];
        if (method_has_parameter(m, field))
            continue;
        any = true;
        required |= field->required;
    }
    if (!has_body(m) || !any || m->in == &msg_empty)
        return;
    /* The gateway takes a BIN member called `bytes` as the body itself. */
    const struct field *bytes = msg_field(m->in, "bytes", 5);
    bool raw = bytes && bytes->type == T_BIN;
    write_open(w, "requestBody", '{');
    write_bool(w, "required", required);
    write_open(w, "content", '{');
    write_open(w, raw ? "application/octet-stream" : "application/json", '{');
    write_open(w, "schema", '{');
    if (raw) {
        write_text(w, "type", "string");
        write_text(w, "format", "binary");
    } else {
        write_members(w, m->in, m, true);
    }
    write_close(w, '}');
    write_close(w, '}');
    write_close(w, '}');
    write_close(w, '}');
}

static void write_success(struct writer *w, const char *status, const struct method *m)
{
    write_open(w, status, '{');
    write_text(w, "description", m->out->doc);
    write_open(w, "content", '{');
    if (m->out == &msg_file) {
        write_open(w, "*/*", '{');
        write_close(w, '}');
    } else {
        write_open(w, "application/json", '{');
        write_open(w, "schema", '{');
        write_ref(w, "#/components/schemas/", m->out->name);
        write_close(w, '}');
        write_close(w, '}');
    }
    write_close(w, '}');
    write_close(w, '}');
}

/* A reply that can say when to come back is sent as 202 when it does. */
static bool may_defer(const struct method *m)
{
    for (size_t i = 0; i < m->out->n_fields; i++) {
        if (!strcmp(m->out->fields[i].name, "retry_ms"))
            return true;
    }
    return false;
}

static void write_responses(struct writer *w, const struct method *m)
{
    write_open(w, "responses", '{');
    write_success(w, "200", m);
    if (may_defer(m))
        write_success(w, "202", m);
    write_open(w, "default", '{');
    write_ref(w, "#/components/responses/", "error");
    write_close(w, '}');
    write_close(w, '}');
}

static void write_operation(struct writer *w, const struct method *m)
{
    char verb[16];
    size_t n = strlen(verb_name(m->verb));
    for (size_t i = 0; i <= n; i++)
        verb[i] = (char)tolower((unsigned char)verb_name(m->verb)[i]);
    char roles[512];
    struct buf words = {roles, 0, sizeof roles, sizeof roles, false};
    roles_write(m->roles, &words);
    buf_add_char(&words, '\0');
    w->out->failed |= words.failed;

    write_open(w, verb, '{');
    write_text(w, "operationId", m->name);
    write_text(w, "summary", m->doc);
    write_joined(w, "description", "Open to: ", roles, ".");
    write_open(w, "tags", '[');
    write_text(w, NULL, service_find((uint8_t)(m->number >> 8))->name);
    write_close(w, ']');
    write_open(w, "security", '[');
    if (m->roles != PUBLIC) {
        write_open(w, NULL, '{');
        write_open(w, "bearer", '[');
        write_close(w, ']');
        write_close(w, '}');
    }
    write_close(w, ']');
    write_parameters(w, m);
    write_request_body(w, m);
    write_responses(w, m);
    write_close(w, '}');
}

/* One entry per path, with all the verbs that it takes. */
static void write_paths(struct writer *w)
{
    write_open(w, "paths", '{');
    for (size_t i = 0; i < proto_n_methods; i++) {
        bool met = proto_methods[i].verb == INTERNAL;
        for (size_t j = 0; j < i; j++)
            met |= !strcmp(proto_methods[j].path, proto_methods[i].path);
        if (met)
            continue;
        write_open(w, proto_methods[i].path, '{');
        for (size_t j = i; j < proto_n_methods; j++) {
            if (!strcmp(proto_methods[j].path, proto_methods[i].path))
                write_operation(w, &proto_methods[j]);
        }
        write_close(w, '}');
    }
    write_close(w, '}');
}

static void write_error_member(struct writer *w, const char *name, const char *doc)
{
    write_open(w, name, '{');
    write_text(w, "type", "string");
    write_text(w, "description", doc);
    write_close(w, '}');
}

static void write_error_schema(struct writer *w)
{
    write_open(w, "error", '{');
    write_text(w, "type", "object");
    write_text(w, "description", "What every status from 400 on carries.");
    write_open(w, "properties", '{');
    write_open(w, "error", '{');
    write_text(w, "type", "object");
    write_open(w, "properties", '{');
    write_open(w, "code", '{');
    write_text(w, "type", "string");
    write_text(w, "description", "For programs; x-errors has the status and the sentences of each.");
    write_open(w, "enum", '[');
    for (size_t i = 0; i < proto_n_errors; i++)
        write_text(w, NULL, proto_errors[i].name);
    write_close(w, ']');
    write_close(w, '}');
    write_error_member(w, "field", "Member, path or query parameter that the error is about; may be empty.");
    write_error_member(w, "message_vi", "For people, Vietnamese.");
    write_error_member(w, "message_en", "For people, English.");
    write_error_member(w, "trace", "Trace id; the support team finds the call by it.");
    write_close(w, '}');
    write_open(w, "required", '[');
    write_text(w, NULL, "code");
    write_text(w, NULL, "message_vi");
    write_text(w, NULL, "message_en");
    write_text(w, NULL, "trace");
    write_close(w, ']');
    write_close(w, '}');
    write_close(w, '}');
    write_open(w, "required", '[');
    write_text(w, NULL, "error");
    write_close(w, ']');
    write_close(w, '}');
}

static void write_components(struct writer *w)
{
    write_open(w, "components", '{');
    write_open(w, "schemas", '{');
    for (size_t i = 0; i < proto_n_msgs; i++) {
        const struct msg *msg = proto_msgs[i];
        if (msg == &msg_file || (!used(msg, true) && !used(msg, false)))
            continue;
        write_open(w, msg->name, '{');
        write_members(w, msg, NULL, used(msg, true));
        write_close(w, '}');
    }
    write_error_schema(w);
    write_close(w, '}');

    write_open(w, "responses", '{');
    write_open(w, "error", '{');
    write_text(w, "description", "The call failed; nothing was changed unless the code is deadline or unavailable.");
    write_open(w, "content", '{');
    write_open(w, "application/json", '{');
    write_open(w, "schema", '{');
    write_ref(w, "#/components/schemas/", "error");
    write_close(w, '}');
    write_close(w, '}');
    write_close(w, '}');
    write_close(w, '}');
    write_close(w, '}');

    write_open(w, "securitySchemes", '{');
    write_open(w, "bearer", '{');
    write_text(w, "type", "http");
    write_text(w, "scheme", "bearer");
    write_text(w, "bearerFormat", "JWT");
    write_text(w, "description", "The access_token of session_tokens.");
    write_close(w, '}');
    write_close(w, '}');
    write_close(w, '}');
}

static void write_tags(struct writer *w)
{
    write_open(w, "tags", '[');
    for (size_t i = 0; i < proto_n_services; i++) {
        write_open(w, NULL, '{');
        write_text(w, "name", proto_services[i].name);
        write_text(w, "description", proto_services[i].doc);
        write_close(w, '}');
    }
    write_close(w, ']');
}

/* The tables of errors and roles, for clients that show the sentences themselves. */
static void write_tables(struct writer *w)
{
    write_open(w, "x-errors", '[');
    for (size_t i = 0; i < proto_n_errors; i++) {
        const struct err_row *row = &proto_errors[i];
        write_open(w, NULL, '{');
        write_text(w, "code", row->name);
        write_int(w, "status", row->status);
        write_text(w, "message_vi", row->vi);
        write_text(w, "message_en", row->en);
        write_close(w, '}');
    }
    write_close(w, ']');
    write_open(w, "x-roles", '[');
    for (size_t i = 0; i < proto_n_roles; i++) {
        const struct role_row *row = &proto_roles[i];
        write_open(w, NULL, '{');
        write_text(w, "name", row->name);
        write_text(w, "title_vi", row->vi);
        write_text(w, "title_en", row->en);
        write_close(w, '}');
    }
    write_close(w, ']');
}

void openapi_write(struct buf *out)
{
    struct writer w = {.out = out, .first = true};
    write_open(&w, NULL, '{');
    write_text(&w, "openapi", "3.1.0");
    write_open(&w, "info", '{');
    write_text(&w, "title", "Học Vụ Số");
    write_text(&w, "version", "1");
    write_text(&w, "description",
               "Derived from proto/*.def by protodoc; do not edit. Requests are read strictly: an unknown or doubled "
               "member, a wrong type or a value out of bounds is refused with the name of the member, and null is no "
               "value of any type. Times are RFC 3339 in UTC, binary is base64url without padding, integers beyond "
               "9007199254740991 are strings of digits. Ids of new things are made by the client (UUIDv7): a repeated "
               "request gives the first result again. In replies, members may be added over time.");
    write_close(&w, '}');
    write_tags(&w);
    write_paths(&w);
    write_components(&w);
    write_tables(&w);
    write_close(&w, '}');
}
