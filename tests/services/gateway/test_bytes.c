/* test_bytes.c - a request whose member `bytes` is the body itself. */
#include "edge.h"

#define PART_PATH "/v1/uploads/01890000-0000-7000-8000-000000000001/parts/1048576"

static struct edge *e;
static struct peer *identity;

static void open_edge(void)
{
    e = edge_open();
    identity = peer_open(e, "identity");
    edge_start(e, "");
}

static void close_edge(void)
{
    edge_close(e);
}

/* The head of a request with `n` bytes of this type. */
static const char *head_of(const char *path, const char *type, size_t n)
{
    return edge_text(e, "PUT", path, edge_token(e, IDENTITY_OFFICER),
                     arena_printf(&e->arena, "%s%s%sContent-Length: %zu\r\n", type ? "Content-Type: " : "",
                                  type ? type : "", type ? "\r\n" : "", n),
                     NULL);
}

/* What the gateway says by itself. */
static struct response refused(const char *path, const char *type, const char *bytes, size_t n)
{
    int fd = edge_connect(e);
    edge_say(fd, head_of(path, type, n));
    if (n)
        edge_send(fd, bytes, n);
    struct response r = edge_read(e, fd);
    close(fd);
    return r;
}

Test(bytes, reach_the_service_as_they_are, .init = open_edge, .fini = close_edge)
{
    static const char bytes[] = "a\0b\xff{\"}\r\n\r\n";
    size_t n = sizeof(bytes) - 1;
    int fd = edge_connect(e);
    edge_say(fd, head_of(PART_PATH, "application/octet-stream", n));
    edge_send(fd, bytes, n);
    struct call *call = peer_await(identity, 1);
    struct upload_part part;
    call_body(e, call, &msg_upload_part, &part);
    cr_expect_eq(call->head.method, M_upload_part);
    cr_expect_eq(part.offset, 1048576);
    cr_expect(part.bytes.n == n && !memcmp(part.bytes.p, bytes, n));
    struct upload_state state = {.upload_id = part.upload_id, .name = SPAN("x.csv"), .bytes = 2, .received = 1};
    peer_reply(identity, call, &msg_upload_state, &state);
    struct response r = edge_read(e, fd);
    cr_expect_eq(r.status, 200, "%s", r.body);
    close(fd);
}

Test(bytes, are_not_taken_as_json, .init = open_edge, .fini = close_edge)
{
    cr_expect_eq(refused(PART_PATH, "application/json", "{\"bytes\":\"YQ\"}", 14).status, 400);
    cr_expect_eq(refused(PART_PATH, NULL, "a", 1).status, 400);
    cr_expect_eq(refused(PART_PATH, "application/octet-stream-not", "a", 1).status, 400);
    cr_expect_eq(identity->n_calls, 0);
}

Test(bytes, are_bounded, .init = open_edge, .fini = close_edge)
{
    static char much[(1 << 20) + 1];
    cr_expect_eq(refused(PART_PATH, "application/octet-stream", much, sizeof(much)).status, 413);
    cr_expect_eq(refused(PART_PATH, "application/octet-stream", "", 0).status, 400);
    cr_expect_eq(refused(PART_PATH "?bytes=YQ", "application/octet-stream", "a", 1).status, 400);
    cr_expect_eq(identity->n_calls, 0);
}
