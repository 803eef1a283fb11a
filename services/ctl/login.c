/*
 * login.c - a person's login as a browser does it: the gateway's redirect to the provider, the provider's form, and the
 * redirects back, at whose end the gateway hands out the session's tokens.
 *
 * Every step may meet a process that has just been killed; what the provider or identity knew of this login is lost
 * then, so the whole login begins again.
 */
#include "client.h"
#include "codec.h"
#include "pace.h"
#include "service.h"

/* Two more than a login takes. Tokens are renewed before they end, so that a call does not arrive after their end. */
enum { HOPS_MOST = 10, RENEW_BEFORE_US = 10000000 };

/* Result of one try beside 0 and errors' codes: begin again. */
enum { AGAIN = -1 };

/* Where one try of a login stands. */
struct journey {
    char *url;      /* next page; owned */
    bool form_sent; /* number and password were given */
    bool post;      /* the next request sends the form */
};

/* Takes over `url`. */
static void go_to(struct journey *journey, char *url, bool post)
{
    free(journey->url);
    journey->url = url;
    journey->post = post;
}

static bool at_gateway(const struct client *client, const char *url)
{
    size_t n = strlen(client->url);
    return !strncmp(url, client->url, n) && (url[n] == '/' || url[n] == '?');
}

/* Number and password, into client->body. */
static void write_form(struct client *client, const struct session *session)
{
    buf_clear(&client->body);
    buf_add_text(&client->body, "number=");
    http_escape(&client->body, session->who->national_id);
    buf_add_text(&client->body, "&password=");
    http_escape(&client->body, client->password);
}

/* The address that the page's form sends to, or NULL. For free(). */
static char *form_action(struct client *client, const char *page_url)
{
    static const char mark[] = "<form method=\"post\" action=\"";
    const struct buf *page = &client->http.reply;
    const char *begin = page->n ? memmem(page->p, page->n, mark, strlen(mark)) : NULL;
    if (!begin)
        return NULL;
    begin += strlen(mark);
    const char *end = memchr(begin, '"', (size_t)(page->p + page->n - begin));
    char *link = end ? strndup(begin, (size_t)(end - begin)) : NULL;
    char *url = link ? http_resolve(page_url, link) : NULL;
    free(link);
    return url;
}

static int keep_tokens(struct client *client, struct session *session, const struct session_tokens *tokens)
{
    char *access = strndup(tokens->access_token.p, tokens->access_token.n);
    if (!access)
        return client_fail(client, ERR_TOO_LARGE, "access_token", "out of memory");
    free(session->access);
    session->access = access;
    session->access_until = tokens->access_expires;
    session->person_id = tokens->person_id;
    snprintf(session->refresh, sizeof(session->refresh), "%.*s", (int)tokens->refresh_token.n, tokens->refresh_token.p);
    return 0;
}

/* The end of the way: tokens, or an error of ours. Only what another try cannot mend is final. */
static int read_end(struct client *client, struct session *session)
{
    struct session_tokens tokens;
    struct fault fault;
    struct span reply = buf_span(&client->http.reply);
    if (client->http.status == 200) {
        int code = msg_from_json(&msg_session_tokens, &tokens, &client->arena, reply, &fault);
        if (code)
            return client_fail(client, code, fault.field, "the login did not end in session tokens");
        return keep_tokens(client, session, &tokens);
    }
    static const int final[] = {ERR_NOT_ON_ROSTER, ERR_ASSURANCE, ERR_FORBIDDEN};
    for (size_t i = 0; i < sizeof(final) / sizeof(final[0]); i++) {
        const struct err_row *row = err_find(final[i]);
        if (client->http.status == row->status && reply.n && memmem(reply.p, reply.n, row->name, strlen(row->name)))
            return client_fail(client, row->code, "", row->en);
    }
    return AGAIN;
}

/* What follows from the answer. 1: go on with journey->url. */
static int next_step(struct client *client, struct session *session, struct journey *journey)
{
    if (http_passing(&client->http))
        return AGAIN;
    if (client->http.location) {
        char *url = strdup(client->http.location);
        go_to(journey, url, false);
        return url ? 1 : AGAIN;
    }
    if (at_gateway(client, journey->url))
        return read_end(client, session);
    if (journey->form_sent)
        return client->http.status == 403 || client->http.status == 422
                   ? client_fail(client, ERR_UNAUTHENTICATED, "password",
                                 "the provider does not take number or password")
                   : AGAIN;
    char *url = client->http.status == 200 ? form_action(client, journey->url) : NULL;
    if (!url)
        return AGAIN;
    go_to(journey, url, true);
    return 1;
}

static int login_once(struct client *client, struct session *session)
{
    struct journey journey = {.url = NULL};
    int result = 1;
    http_forget_cookies(&client->http);
    buf_clear(&client->target);
    buf_printf(&client->target, "%s/login%s%s", client->url, client->provider ? "/" : "",
               client->provider ? client->provider : "");
    go_to(&journey, strndup(client->target.p, client->target.n), false);
    for (int hop = 0; result == 1 && hop < HOPS_MOST && journey.url; hop++) {
        struct http_request request = {.verb = journey.post ? "POST" : "GET", .url = journey.url};
        request.accept = at_gateway(client, journey.url) ? "application/json" : "text/html";
        if (journey.post) {
            write_form(client, session);
            request.content_type = "application/x-www-form-urlencoded";
            request.body = buf_span(&client->body);
            journey.form_sent = true;
        }
        if (!http_send(&client->http, &request))
            client->http.status = 0;
        result = next_step(client, session, &journey);
    }
    free(journey.url);
    http_forget_cookies(&client->http);
    return result == 1 ? AGAIN : result;
}

int session_open(struct client *client, struct session *session)
{
    struct pace pace = pace_begin(client->patience_s);
    for (;;) {
        int code = login_once(client, session);
        if (code != AGAIN)
            return code;
        if (client->http.stage)
            atomic_fetch_add(&client->http.stage->repeats, 1);
        char text[200];
        int status = client->http.status;
        snprintf(text, sizeof(text), "the login does not come to its end: %s",
                 status ? "the last page answered badly" : client->http.trouble);
        code = client_fail(client, ERR_UNAVAILABLE, "", text);
        client->fault.status = status;
        if (!pace_wait(&pace, client->http.retry_after))
            return code;
    }
}

/*
 * A refresh whose answer was lost gives the same pair again for ten seconds; a token that is used later than that ends
 * the session. So when it does not work soon, the person logs in again.
 */
int session_renew(struct client *client, struct session *session)
{
    struct session_tokens tokens;
    if (session->refresh[0]) {
        struct session_refresh refresh = {.refresh_token = {session->refresh, (uint32_t)strlen(session->refresh)}};
        int code = client_call(client, NULL, M_session_renew, &refresh, &tokens);
        session->refresh[0] = '\0';
        if (!code)
            return keep_tokens(client, session, &tokens);
    }
    return session_open(client, session);
}

bool session_needs_renewal(const struct session *session)
{
    return !session->access || session->access_until - now_us() < RENEW_BEFORE_US;
}

void session_release(struct session *session)
{
    free(session->access);
    session->access = NULL;
    session->refresh[0] = '\0';
}
