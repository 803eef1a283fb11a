/* login_page.c - see login_page.h. Vietnamese first, English second; nothing is loaded from elsewhere. */
#include "login_page.h"
#include "reply.h"

static void begin(struct request *request, struct answer *answer, struct span title)
{
    pages_begin(&request->gw->pages, &answer->buf, title);
}

/* The response, with the foot of the page. */
static struct MHD_Response *finish(struct request *request, struct answer *answer)
{
    pages_end(&request->gw->pages, &answer->buf);
    struct MHD_Response *response = reply_make("text/html; charset=utf-8", answer);
    if (response)
        reply_secure(request, response, "default-src 'self'; base-uri 'none'; frame-ancestors 'none'");
    return response;
}

/* What can be done about an error, beyond its own sentence. The first row that fits counts; field "": any. */
static const struct advice {
    int code;
    const char *field;
    const char *vi, *en;
} advices[] = {
    {ERR_ASSURANCE, "account_type",
     "Loại tài khoản này không được dùng ở đây. Hãy đăng nhập bằng tài khoản cá nhân của bạn.",
     "Accounts of this kind are not used here. Log in with your personal account."},
    {ERR_PROVIDER_SLOW, "",
     "Hệ thống của chúng tôi vẫn hoạt động; bạn không mất gì. Hãy đợi hai, ba phút trước khi thử lại.",
     "Our own system works, and nothing of yours is lost. Wait two or three minutes before you try again."},
    {ERR_PROVIDER_REFUSED, "error", "Bạn hoặc hệ thống định danh đã dừng việc đăng nhập giữa chừng.",
     "You or the identity provider stopped the login half way."},
    {ERR_PROVIDER_REFUSED, "", "Mã đăng nhập chỉ sống vài giây và chỉ dùng được một lần; đừng tải lại trang này.",
     "A login code lives for seconds and works once; do not reload this page."},
    {ERR_PROVIDER, "", "Nếu lỗi lặp lại, hãy gửi mã theo dõi dưới đây cho bộ phận hỗ trợ.",
     "If this comes again, give the trace id below to the support team."},
    {ERR_UNAUTHENTICATED, "state", "Lần đăng nhập này đã cũ hoặc đã dùng. Mỗi lần đăng nhập có hiệu lực mười phút.",
     "This login is too old or was used already. A login is good for ten minutes."},
    {ERR_UNAUTHENTICATED, "binding",
     "Hãy hoàn tất đăng nhập trong chính trình duyệt đã bắt đầu, và cho phép cookie của trang này.",
     "Finish the login in the browser in which you began it, and allow this site's cookies."},
};

static const struct advice *advice_find(int code, struct span field)
{
    for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
        const struct advice *advice = &advices[i];
        size_t n = strlen(advice->field);
        if (advice->code == code && (!n || (n == field.n && !memcmp(advice->field, field.p, n))))
            return advice;
    }
    return NULL;
}

static void add_html(struct buf *out, struct span text)
{
    for (uint32_t i = 0; i < text.n; i++) {
        const char *entity = text.p[i] == '&'   ? "&amp;"
                             : text.p[i] == '<' ? "&lt;"
                             : text.p[i] == '>' ? "&gt;"
                             : text.p[i] == '"' ? "&quot;"
                                                : NULL;
        if (entity)
            buf_add_text(out, entity);
        else
            buf_add_char(out, text.p[i]);
    }
}

struct MHD_Response *login_page_choice(struct request *request, const struct login_redirect *to)
{
    struct answer *answer = answer_new(request->gw);
    if (!answer)
        return NULL;
    begin(request, answer, SPAN("Đăng nhập"));
    buf_add_text(&answer->buf, "<h1>Đăng nhập · <span lang=\"en\">Log in</span></h1>\n"
                               "<p>Chọn nơi đăng nhập. <span lang=\"en\">Choose where to log in.</span></p>\n"
                               "<ul class=\"choices\">\n");
    for (uint32_t i = 0; i < to->n_choices; i++) {
        const struct provider_shown *p = &to->choices[i];
        buf_printf(&answer->buf, "<li><a class=\"button\" href=\"/login/%.*s\">", (int)p->name.n, p->name.p);
        add_html(&answer->buf, p->title_vi);
        buf_add_text(&answer->buf, " · <span lang=\"en\">");
        add_html(&answer->buf, p->title_en);
        buf_add_text(&answer->buf, "</span></a></li>\n");
    }
    buf_add_text(&answer->buf, "</ul>\n");
    return finish(request, answer);
}

/* A login that was made to see what the provider tells, and opens no session. */
static struct MHD_Response *tested(struct request *request, struct answer *answer)
{
    begin(request, answer, SPAN("Đăng nhập thử"));
    buf_add_text(&answer->buf, "<h1>Đăng nhập thử đã xong</h1>\n"
                               "<p>Không có phiên nào được mở. Kết quả ở cửa sổ lệnh hocvu idp test.</p>\n"
                               "<p lang=\"en\">The test login is over and has opened no session. What came of it is "
                               "where hocvu idp test runs.</p>\n");
    return finish(request, answer);
}

struct MHD_Response *login_page_error(struct request *request, const struct err_row *row, struct span field,
                                      const struct provider_shown *at)
{
    struct answer *answer = answer_new(request->gw);
    const struct advice *advice = advice_find(row->code, field);
    struct span vi = SPAN(""), en = SPAN("");
    if (!answer)
        return NULL;
    if (row->code == ERR_STATE && field.n == 4 && !memcmp(field.p, "test", 4))
        return tested(request, answer);
    if (advice) {
        vi = (struct span){advice->vi, (uint32_t)strlen(advice->vi)};
        en = (struct span){advice->en, (uint32_t)strlen(advice->en)};
    } else if (row->code == ERR_ASSURANCE && at) {
        vi = at->level_vi;
        en = at->level_en;
    }
    begin(request, answer, SPAN("Chưa đăng nhập được"));
    buf_printf(&answer->buf, "<h1>Chưa đăng nhập được</h1>\n<p>%s</p>\n<p>", row->vi);
    add_html(&answer->buf, vi);
    buf_printf(&answer->buf, "</p>\n<p lang=\"en\">%s ", row->en);
    add_html(&answer->buf, en);
    buf_printf(&answer->buf,
               "</p>\n<p><a class=\"button\" href=\"/login\">Đăng nhập lại · <span lang=\"en\">Log in again</span></a> "
               "<a href=\"/\">Trang đầu · <span lang=\"en\">Start page</span></a></p>\n"
               "<p class=\"small\">Mã theo dõi · <span lang=\"en\">Trace id</span>: <code>%s</code></p>\n",
               request->trace.id);
    return finish(request, answer);
}
