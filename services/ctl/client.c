/* client.c - calls of the public interface by METHOD rows; see client.h. */
#include "client.h"
#include "codec.h"
#include "pace.h"
#include "service.h"
#include "value.h"
#include <cjson/cJSON.h>

enum { ARENA_MOST = 64 << 20, TARGET_MOST = 4096, BODY_MOST = 12 << 20, LOGINS_MOST = 3 };

/* As proto_methods bounds a message. */
enum { FIELDS_MOST = 64 };

int client_init(struct client *client, const char *url, struct span password, uint32_t patience_s)
{
    *client = (struct client){.url = url, .password = password, .patience_s = patience_s};
    arena_init(&client->arena, ARENA_MOST);
    buf_init(&client->target, TARGET_MOST);
    buf_init(&client->body, BODY_MOST);
    return http_init(&client->http);
}

void client_release(struct client *client)
{
    http_release(&client->http);
    arena_release(&client->arena);
    buf_release(&client->target);
    buf_release(&client->body);
}

void client_clear(struct client *client)
{
    arena_clear(&client->arena);
}

/* Text of one member, percent-encoded where it may need it. */
static int add_text(const struct field *field, const void *message, struct buf *out)
{
    char text[UUID_TEXT];
    struct uuid uuid;
    switch ((enum field_type)field->type) {
    case T_BOOL:
        buf_add_text(out, value_bool(field, message) ? "true" : "false");
        return 0;
    case T_U8:
    case T_U16:
    case T_U32:
    case T_U64:
    case T_I64:
        buf_printf(out, "%lld", (long long)value_int(field, message));
        return 0;
    case T_STR:
        http_escape(out, value_span(field, message));
        return 0;
    case T_BIN:
        base64url_add(out, value_span(field, message).p, value_span(field, message).n);
        return 0;
    case T_UUID:
        memcpy(uuid.b, value_uuid(field, message), sizeof(uuid.b));
        uuid_format(&uuid, text);
        break;
    case T_TIME:
        time_format(value_int(field, message), text);
        break;
    case T_DATE:
        date_format((int32_t)value_int(field, message), text);
        break;
    case T_LIST:
        return -1;
    }
    http_escape(out, (struct span){text, (uint32_t)strlen(text)});
    return 0;
}

/* Is the member part of the path? */
static bool in_path(const struct method *method, const struct field *field)
{
    size_t n = strlen(field->name);
    for (const char *at = strchr(method->path, '{'); at; at = strchr(at + 1, '{')) {
        if (!strncmp(at + 1, field->name, n) && at[1 + n] == '}')
            return true;
    }
    return false;
}

static bool has_body(const struct method *method)
{
    return method->verb == POST || method->verb == PUT;
}

static int add_path(const struct method *method, const void *in, struct buf *out)
{
    for (const char *at = method->path; *at;) {
        size_t plain = strcspn(at, "{");
        buf_add(out, at, plain);
        at += plain;
        if (!*at)
            break;
        size_t n = strcspn(++at, "}");
        const struct field *field = msg_field(method->in, at, n);
        if (!field || add_text(field, in, out) < 0)
            return -1;
        at += n + 1;
    }
    return 0;
}

int client_target(const struct method *method, const void *in, struct buf *out)
{
    char before = '?';
    if (add_path(method, in, out) < 0)
        return -1;
    if (has_body(method) || method->in == &msg_empty)
        return 0;
    for (size_t i = 0; i < method->in->n_fields; i++) {
        const struct field *field = &method->in->fields[i];
        if (in_path(method, field) || !value_present(field, in, value_has(in)))
            continue;
        buf_add_char(out, before);
        buf_add_text(out, field->name);
        buf_add_char(out, '=');
        before = '&';
        if (add_text(field, in, out) < 0)
            return -1;
    }
    return 0;
}

/* The declaration without what stands in the path: the gateway refuses a member that is given twice. */
void client_body(const struct method *method, const void *in, struct buf *out)
{
    struct field fields[FIELDS_MOST];
    struct msg rest = *method->in;
    rest.fields = fields;
    rest.n_fields = 0;
    if (!has_body(method) || method->in == &msg_empty)
        return;
    for (size_t i = 0; i < method->in->n_fields && i < FIELDS_MOST; i++) {
        if (!in_path(method, &method->in->fields[i]))
            fields[rest.n_fields++] = method->in->fields[i];
    }
    if (rest.n_fields)
        msg_to_json(&rest, in, out);
}

int client_fail(struct client *client, int code, const char *field, const char *message)
{
    client->fault = (struct client_fault){.code = code};
    snprintf(client->fault.field, sizeof(client->fault.field), "%s", field);
    snprintf(client->fault.message, sizeof(client->fault.message), "%s", message);
    return code;
}

static void copy_member(const cJSON *object, const char *name, char *ret_text, size_t n)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    snprintf(ret_text, n, "%s", text ? text : "");
}

/* Fills the fault from the answer: {"error": {"code", "field", "message_en", "trace"}}, or what a proxy wrote instead.
 */
static int read_fault(struct client *client)
{
    struct client_fault *fault = &client->fault;
    char name[64];
    cJSON *answer = cJSON_ParseWithLength(client->http.reply.p, client->http.reply.n);
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(answer, "error");
    *fault = (struct client_fault){.status = client->http.status};
    copy_member(error, "code", name, sizeof(name));
    copy_member(error, "field", fault->field, sizeof(fault->field));
    copy_member(error, "message_en", fault->message, sizeof(fault->message));
    copy_member(error, "trace", fault->trace, sizeof(fault->trace));
    cJSON_Delete(answer);
    const struct err_row *row = err_find_name(name, strlen(name));
    fault->code = row ? row->code : fault->status == 401 ? ERR_UNAUTHENTICATED : ERR_INTERNAL;
    if (!fault->message[0])
        snprintf(fault->message, sizeof(fault->message), "the answer names no error");
    return fault->code;
}

/* The fault of a try that may be repeated. */
static int passing_fault(struct client *client)
{
    if (client->http.status)
        return read_fault(client);
    return client_fail(client, ERR_UNAVAILABLE, "", client->http.trouble);
}

static int read_file_reply(struct client *client, struct file *ret_file)
{
    struct span type = {client->http.media_type, (uint32_t)strlen(client->http.media_type)};
    struct span name = {client->http.file_name, (uint32_t)strlen(client->http.file_name)};
    struct file file = {0};
    if (arena_span(&client->arena, type, &file.media_type) < 0 || arena_span(&client->arena, name, &file.name) < 0 ||
        arena_span(&client->arena, buf_span(&client->http.reply), &file.content) < 0)
        return client_fail(client, ERR_TOO_LARGE, "content", "the answer is larger than this client holds");
    *ret_file = file;
    return 0;
}

static int read_reply(struct client *client, const struct method *method, void *ret_out)
{
    struct fault fault;
    if (method->out == &msg_file)
        return read_file_reply(client, ret_out);
    int code = msg_from_json(method->out, ret_out, &client->arena, buf_span(&client->http.reply), &fault);
    if (!code)
        return 0;
    char text[300];
    snprintf(text, sizeof(text), "the answer to %s is not what its declaration says (%s)", method->name,
             err_find(code)->name);
    return client_fail(client, code, fault.field, text);
}

/* The member that is the body itself, as the gateway takes it: a BIN called `bytes`. NULL: the body is JSON. */
static const struct field *body_bytes(const struct method *method)
{
    const struct field *field = msg_field(method->in, "bytes", 5);
    return field && field->type == T_BIN && has_body(method) ? field : NULL;
}

/* One try. ERR_NONE also when an answer came that is no reply: look at the status. */
static int send_once(struct client *client, const struct session *session, const struct method *method, const void *in)
{
    static const char *const verbs[] = {"GET", "POST", "PUT", "DELETE"};
    buf_clear(&client->target);
    buf_clear(&client->body);
    buf_add_text(&client->target, client->url);
    int list = client_target(method, in, &client->target);
    const struct field *bytes = body_bytes(method);
    if (bytes)
        buf_add_span(&client->body, value_span(bytes, in));
    else
        client_body(method, in, &client->body);
    buf_add(&client->target, "", 1);
    if (method->verb == INTERNAL || list < 0 || client->target.failed || client->body.failed)
        return client_fail(client, ERR_TOO_LARGE, "", "the request cannot be written");
    struct http_request request = {
        .verb = verbs[method->verb],
        .url = client->target.p,
        .accept = method->out == &msg_file ? "*/*" : NULL,
        .bearer = session ? session->access : NULL,
        .content_type = !client->body.n ? NULL
                        : bytes         ? "application/octet-stream"
                                        : "application/json",
        .body = buf_span(&client->body),
    };
    if (!http_send(&client->http, &request))
        client->http.status = 0;
    return 0;
}

int client_call(struct client *client, struct session *session, uint16_t number, const void *in, void *ret_out)
{
    const struct method *method = method_find(number);
    struct pace pace = pace_begin(client->patience_s);
    uint32_t logins = 0;
    for (;;) {
        int code = session && session_needs_renewal(session) ? session_renew(client, session) : 0;
        if (!code)
            code = send_once(client, session, method, in);
        if (code)
            return code;
        if (client->http.status == 200 || client->http.status == 202)
            return read_reply(client, method, ret_out);
        if (client->http.status == 401 && session && logins < LOGINS_MOST) {
            session->access_until = 0;
            logins++;
        } else if (!http_passing(&client->http)) {
            return read_fault(client);
        }
        if (client->http.stage)
            atomic_fetch_add(&client->http.stage->repeats, 1);
        code = passing_fault(client);
        if (client->http.status != 401 && !pace_wait(&pace, client->http.retry_after))
            return code;
    }
}

static bool is_not_yet(const struct client *client, const struct not_yet *not_yet)
{
    for (; not_yet->code; not_yet++) {
        if (client->fault.code == not_yet->code && (!not_yet->field || !strcmp(client->fault.field, not_yet->field)))
            return true;
    }
    return false;
}

int client_await(struct client *client, struct session *session, uint16_t method, const void *in, void *ret_out,
                 const struct not_yet *not_yet, uint32_t seconds)
{
    struct pace pace = pace_begin(seconds);
    int code;
    do
        code = client_call(client, session, method, in, ret_out);
    while (code && is_not_yet(client, not_yet) && pace_wait(&pace, 0));
    return code;
}

void client_fault_text(const struct client *client, struct buf *out)
{
    const struct client_fault *fault = &client->fault;
    buf_add_text(out, err_find(fault->code)->name);
    if (fault->status)
        buf_printf(out, " (%d)", fault->status);
    if (fault->field[0])
        buf_printf(out, ", %s", fault->field);
    buf_printf(out, ": %s", fault->message);
    if (fault->trace[0])
        buf_printf(out, " [trace %s]", fault->trace);
}
