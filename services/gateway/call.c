/*
 * call.c - a request becomes the message of its METHOD, strictly; the service's reply becomes the answer.
 *
 * Members come from the path, from the query and from the JSON body (or one is the body itself, see route.h); each may
 * be given once, and none that the message does not have. Nothing of the request is needed any more when the call is
 * packed, so while a service works on it a request holds a few hundred bytes.
 */
#include "reply.h"

/* A message while it is put together. */
struct building {
    struct request *request;
    const struct msg *desc;
    void *message;
    uint64_t seen;
    struct fault fault;
};

static int wrong(struct building *b, int code, const char *field)
{
    b->fault = (struct fault){code, field};
    return code;
}

static int set_params(struct building *b)
{
    const struct route_match *match = &b->request->match;
    struct arena *work = &b->request->gw->building;
    for (uint8_t i = 0; i < match->route->n_params; i++) {
        const struct field *field = match->route->params[i];
        struct span text;
        if (percent_decode(work, match->params[i], false, &text) < 0)
            return wrong(b, ERR_SYNTAX, field->name);
        int code = msg_set_text(b->desc, field, b->message, &b->seen, work, text, &b->fault);
        if (code)
            return code;
    }
    return 0;
}

static enum MHD_Result on_query(void *cls, enum MHD_ValueKind kind, const char *key, size_t n_key, const char *value,
                                size_t n)
{
    struct building *b = cls;
    struct arena *work = &b->request->gw->building;
    struct span name, text = SPAN("");
    (void)kind;
    if (percent_decode(work, (struct span){key, (uint32_t)n_key}, false, &name) < 0 ||
        (value && percent_decode(work, (struct span){value, (uint32_t)n}, false, &text) < 0)) {
        wrong(b, ERR_SYNTAX, "query");
        return MHD_NO;
    }
    const struct field *field = msg_field(b->desc, name.p, name.n);
    if (field && field->type != T_LIST)
        return msg_set_text(b->desc, field, b->message, &b->seen, work, text, &b->fault) ? MHD_NO : MHD_YES;
    struct span shown;
    wrong(b, ERR_UNKNOWN, arena_span(work, name, &shown) < 0 ? "query" : shown.p);
    return MHD_NO;
}

/* The body as a member of its own; borrowed until the call is packed. */
static int set_bytes(struct building *b, const struct field *field, struct span body)
{
    uint64_t bit = UINT64_C(1) << field->number, has;
    if (b->seen & bit)
        return wrong(b, ERR_TWICE, field->name);
    if (body.n < (uint64_t)field->min || body.n > (uint64_t)field->max)
        return wrong(b, ERR_RANGE, field->name);
    memcpy((char *)b->message + field->offset, &body, sizeof(body));
    b->seen |= bit;
    if (!field->required) {
        memcpy(&has, b->message, sizeof(has)); /* `has` is the first member of every message */
        has |= bit;
        memcpy(b->message, &has, sizeof(has));
    }
    return 0;
}

static int build(struct building *b)
{
    struct request *request = b->request;
    int code = set_params(b);
    if (code)
        return code;
    b->fault.code = ERR_NONE;
    MHD_get_connection_values_n(request->http, MHD_GET_ARGUMENT_KIND, on_query, b);
    if (b->fault.code)
        return b->fault.code;
    const struct field *bytes = request->match.route->bytes;
    if (request->body.n && bytes) {
        code = set_bytes(b, bytes, buf_span(&request->body));
        if (code)
            return code;
    } else if (request->body.n) {
        code =
            msg_merge_json(b->desc, b->message, &b->seen, &request->gw->building, buf_span(&request->body), &b->fault);
        if (code)
            return code;
    }
    return msg_check_seen(b->desc, b->seen, &b->fault);
}

static void on_reply(void *owner, const struct reply_header *reply, struct span body)
{
    struct request *request = owner;
    const struct method *method = request->match.route->method;
    if (!reply->code && (method->number == M_session_end || method->number == M_sessions_end_all))
        request_note_logout(request);
    if (reply->code)
        reply_error(request, reply->code, reply->field);
    else
        reply_message(request, method->out, reply, body);
}

enum MHD_Result call_method(struct request *request)
{
    struct gateway *gw = request->gw;
    const struct method *method = request->match.route->method;
    struct building b = {.request = request, .desc = method->in};
    arena_clear(&gw->building);
    b.message = arena_alloc(&gw->building, method->in->size);
    int code = b.message ? build(&b) : wrong(&b, ERR_BUSY, "");
    if (!code) {
        struct call_header head = request_call_header(request, method->number);
        code = upstream_call(&gw->upstreams, (uint8_t)(method->number >> 8), false, &head, method->in, b.message,
                             &gw->now, on_reply, request);
        b.fault.field = "";
    }
    if (code)
        return reply_error(request, code, (struct span){b.fault.field, (uint32_t)strlen(b.fault.field)});
    gw->body_bytes -= request->body.n;
    request->body.n = 0;
    request_suspend(request);
    return MHD_YES;
}
