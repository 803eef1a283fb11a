/*
 * page.c - the API page: one static HTML file without scripts, Vietnamese headings first.
 */
#include "protodoc.h"
#include "lint.h"
#include "lock.h"
#include "proto.h"

#include <string.h>

/* Text with the characters that HTML takes for its own escaped. */
static void add_escaped(struct buf *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            buf_add_text(out, "&amp;");
            break;
        case '<':
            buf_add_text(out, "&lt;");
            break;
        case '>':
            buf_add_text(out, "&gt;");
            break;
        case '"':
            buf_add_text(out, "&quot;");
            break;
        default:
            buf_add_char(out, *text);
        }
    }
}

static void add_element(struct buf *out, const char *open, const char *text, const char *close)
{
    buf_add_text(out, open);
    add_escaped(out, text);
    buf_add_text(out, close);
}

static const char STYLE[] =
    ":root{color-scheme:light dark;--line:#8888;--soft:#8882;--link:#0b57a4}\n"
    "@media (prefers-color-scheme:dark){:root{--link:#8ab8f0}}\n"
    "body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:72rem;padding:1rem}\n"
    "a{color:var(--link)}a:focus-visible{outline:3px solid var(--link);outline-offset:2px}\n"
    ".skip{position:absolute;left:-99rem}.skip:focus{left:1rem}\n"
    "h2{border-top:2px solid var(--line);padding-top:1rem}h3{margin-bottom:.25rem}\n"
    "code{font:.95em ui-monospace,monospace;overflow-wrap:anywhere}\n"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}\n"
    "caption{text-align:left;font-weight:600;padding:.25rem 0}\n"
    "th,td{border:1px solid var(--line);padding:.3rem .5rem;text-align:left;vertical-align:top}\n"
    "thead th{background:var(--soft)}.en{opacity:.85}\n"
    ".verb{font-weight:700;border:1px solid var(--line);border-radius:.25rem;padding:0 .35rem}\n";

static void add_head(struct buf *out)
{
    buf_add_text(out, "<!DOCTYPE html>\n<!-- Derived from proto/*.def by protodoc; do not edit. -->\n"
                      "<html lang=\"vi\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                      "<title>Học Vụ Số: giao diện lập trình (API)</title>\n<style>\n");
    buf_add_text(out, STYLE);
    buf_add_text(out, "</style>\n</head>\n<body>\n"
                      "<a class=\"skip\" href=\"#main\">Đến nội dung chính</a>\n"
                      "<header>\n<h1>Học Vụ Số: giao diện lập trình</h1>\n"
                      "<p lang=\"en\" class=\"en\">Application programming interface (API)</p>\n</header>\n");
}

static bool service_has_routes(const struct service_row *service)
{
    for (size_t i = 0; i < proto_n_methods; i++) {
        if (proto_methods[i].number >> 8 == service->number && proto_methods[i].verb != INTERNAL)
            return true;
    }
    return false;
}

static void add_contents(struct buf *out)
{
    buf_add_text(out,
                 "<nav aria-label=\"Mục lục\">\n<h2>Mục lục <span lang=\"en\" class=\"en\">Contents</span></h2>\n<ul>\n"
                 "<li><a href=\"#rules\">Quy tắc chung <span lang=\"en\" class=\"en\">Common rules</span></a></li>\n");
    for (size_t i = 0; i < proto_n_services; i++) {
        const struct service_row *service = &proto_services[i];
        if (!service_has_routes(service))
            continue;
        buf_printf(out, "<li><a href=\"#service-%s\">%s</a>\n<ul>\n", service->name, service->name);
        for (size_t j = 0; j < proto_n_methods; j++) {
            const struct method *m = &proto_methods[j];
            if (m->number >> 8 != service->number || m->verb == INTERNAL)
                continue;
            buf_printf(out, "<li><a href=\"#%s\">%s <code>", m->name, verb_name(m->verb));
            add_escaped(out, m->path);
            buf_add_text(out, "</code></a></li>\n");
        }
        buf_add_text(out, "</ul>\n</li>\n");
    }
    buf_add_text(out,
                 "<li><a href=\"#messages\">Cấu trúc dữ liệu <span lang=\"en\" class=\"en\">Messages</span></a></li>\n"
                 "<li><a href=\"#errors\">Bảng lỗi <span lang=\"en\" class=\"en\">Errors</span></a></li>\n"
                 "<li><a href=\"#roles\">Vai trò <span lang=\"en\" class=\"en\">Roles</span></a></li>\n"
                 "</ul>\n</nav>\n");
}

static void add_rules(struct buf *out)
{
    buf_add_text(
        out, "<section id=\"rules\">\n<h2>Quy tắc chung <span lang=\"en\" class=\"en\">Common rules</span></h2>\n"
             "<ul>\n"
             "<li>Nội dung là JSON, mã UTF-8. Trường lạ, trường lặp, sai kiểu, ngoài giới hạn hoặc <code>null</code> "
             "đều bị từ "
             "chối và lỗi nêu tên trường.\n<span lang=\"en\" class=\"en\">Bodies are JSON in UTF-8. Unknown or doubled "
             "members, "
             "wrong types, values out of bounds and <code>null</code> are refused, and the error names the "
             "member.</span></li>\n"
             "<li>Mã định danh mới do phía gửi tạo (UUIDv7); gửi lại thì nhận lại kết quả đầu tiên.\n"
             "<span lang=\"en\" class=\"en\">Ids of new things are made by the client (UUIDv7); a repeated request "
             "gives the "
             "first result again.</span></li>\n"
             "<li>Thời điểm theo RFC 3339, giờ UTC; dữ liệu nhị phân viết bằng base64url không đệm; số nguyên lớn hơn "
             "9007199254740991 viết thành chuỗi chữ số.\n<span lang=\"en\" class=\"en\">Times are RFC 3339 in UTC; "
             "binary is "
             "base64url without padding; integers beyond 9007199254740991 are strings of digits.</span></li>\n"
             "<li>Trừ phương thức mở cho mọi người, mỗi yêu cầu mang <code>Authorization: Bearer "
             "&lt;access_token&gt;</code>.\n"
             "<span lang=\"en\" class=\"en\">Except for methods open to everyone, a request carries "
             "<code>Authorization: Bearer &lt;access_token&gt;</code>.</span></li>\n"
             "<li>Giới hạn của STR và BIN tính theo byte, của LIST theo số dòng.\n<span lang=\"en\" "
             "class=\"en\">Bounds of STR "
             "and BIN count bytes, those of LIST count rows.</span></li>\n"
             "<li>202 với <code>Retry-After</code>: chưa xong; sau thời gian đó gửi lại chính yêu cầu này.\n"
             "<span lang=\"en\" class=\"en\">202 with <code>Retry-After</code>: not done yet; send the same request "
             "again after that time.</span></li>\n"
             "</ul>\n</section>\n");
}

/* "1 to 200", or nothing for types whose rows have no bounds. */
static void add_bounds(struct buf *out, const struct field *field)
{
    switch ((enum field_type)field->type) {
    case T_BOOL:
    case T_UUID:
    case T_TIME:
    case T_DATE:
        buf_add_text(out, "<td></td>");
        return;
    default:
        buf_printf(out, "<td>%lld … %lld</td>", (long long)field->min, (long long)field->max);
    }
}

static void add_type(struct buf *out, const struct field *field)
{
    if (field->type == T_LIST)
        buf_printf(out, "<td>LIST of <a href=\"#msg-%s\"><code>%s</code></a></td>", field->sub->name, field->sub->name);
    else
        buf_printf(out, "<td>%s</td>", type_name(field->type));
}

/* A table of fields. `method`: say where each stands in its request. */
static void add_fields(struct buf *out, const struct msg *msg, const struct method *method)
{
    buf_add_text(out, "<thead><tr><th scope=\"col\">Trường <span lang=\"en\" class=\"en\">Field</span></th>");
    if (method)
        buf_add_text(out, "<th scope=\"col\">Vị trí <span lang=\"en\" class=\"en\">In</span></th>");
    buf_add_text(
        out, "<th scope=\"col\">Kiểu <span lang=\"en\" class=\"en\">Type</span></th>"
             "<th scope=\"col\">Bắt buộc <span lang=\"en\" class=\"en\">Required</span></th>"
             "<th scope=\"col\">Giới hạn <span lang=\"en\" class=\"en\">Bounds</span></th>"
             "<th scope=\"col\">Ý nghĩa <span lang=\"en\" class=\"en\">Meaning</span></th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < msg->n_fields; i++) {
        const struct field *field = &msg->fields[i];
        buf_printf(out, "<tr><th scope=\"row\"><code>%s</code></th>", field->name);
        if (method) {
            bool body = method->verb == POST || method->verb == PUT;
            buf_printf(out, "<td>%s</td>", method_has_parameter(method, field) ? "path" : body ? "body" : "query");
        }
        add_type(out, field);
        buf_add_text(out, field->required ? "<td>có</td>" : "<td>không</td>");
        add_bounds(out, field);
        add_element(out, "<td lang=\"en\">", field->doc, "</td></tr>\n");
    }
    buf_add_text(out, "</tbody></table></div>\n");
}

static void add_method(struct buf *out, const struct method *m)
{
    buf_printf(out,
               "<article id=\"%s\" aria-labelledby=\"%s-title\">\n<h3 id=\"%s-title\"><span class=\"verb\">%s</span> ",
               m->name, m->name, m->name, verb_name(m->verb));
    add_element(out, "<code>", m->path, "</code></h3>\n");
    add_element(out, "<p lang=\"en\">", m->doc, "</p>\n");
    buf_add_text(out, "<p>Vai trò <span lang=\"en\" class=\"en\">Open to</span>: <code>");
    roles_write(m->roles, out);
    buf_add_text(out, "</code></p>\n");
    if (m->in != &msg_empty) {
        add_element(out,
                    "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Yêu cầu\"><table>"
                    "<caption>Yêu cầu <span lang=\"en\" class=\"en\">Request</span>: <span lang=\"en\">",
                    m->in->doc, "</span></caption>\n");
        add_fields(out, m->in, m);
    } else {
        buf_add_text(out, "<p>Yêu cầu không có tham số. <span lang=\"en\" class=\"en\">The request has no "
                          "parameters.</span></p>\n");
    }
    buf_printf(out, "<p>Trả lời <span lang=\"en\" class=\"en\">Reply</span>: <a href=\"#msg-%s\"><code>%s</code></a>. ",
               m->out->name, m->out->name);
    add_element(out, "<span lang=\"en\">", m->out->doc, "</span></p>\n</article>\n");
}

static void add_services(struct buf *out)
{
    for (size_t i = 0; i < proto_n_services; i++) {
        const struct service_row *service = &proto_services[i];
        if (!service_has_routes(service))
            continue;
        buf_printf(out,
                   "<section id=\"service-%s\">\n<h2>Dịch vụ %s <span lang=\"en\" class=\"en\">Service</span></h2>\n",
                   service->name, service->name);
        add_element(out, "<p lang=\"en\">", service->doc, "</p>\n");
        for (size_t j = 0; j < proto_n_methods; j++) {
            if (proto_methods[j].number >> 8 == service->number && proto_methods[j].verb != INTERNAL)
                add_method(out, &proto_methods[j]);
        }
        buf_add_text(out, "</section>\n");
    }
}

/* Is the message a reply over HTTP, or a part of something that stands on this page? */
static bool message_shown(const struct msg *msg)
{
    for (size_t i = 0; i < proto_n_methods; i++) {
        if (proto_methods[i].verb != INTERNAL && proto_methods[i].out == msg)
            return true;
    }
    for (size_t i = 0; i < proto_n_msgs; i++) {
        for (size_t j = 0; j < proto_msgs[i]->n_fields; j++) {
            if (proto_msgs[i]->fields[j].sub == msg)
                return true;
        }
    }
    return false;
}

static void add_messages(struct buf *out)
{
    buf_add_text(
        out, "<section id=\"messages\">\n<h2>Cấu trúc dữ liệu <span lang=\"en\" class=\"en\">Messages</span></h2>\n");
    for (size_t i = 0; i < proto_n_msgs; i++) {
        const struct msg *msg = proto_msgs[i];
        if (!message_shown(msg))
            continue;
        buf_printf(out, "<h3 id=\"msg-%s\"><code>%s</code></h3>\n", msg->name, msg->name);
        buf_printf(out,
                   "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"msg-%s\"><table>"
                   "<caption lang=\"en\">",
                   msg->name);
        add_element(out, "", msg->doc, "</caption>\n");
        add_fields(out, msg, NULL);
    }
    buf_add_text(out, "</section>\n");
}

static void add_errors(struct buf *out)
{
    buf_add_text(
        out,
        "<section id=\"errors\">\n<h2>Bảng lỗi <span lang=\"en\" class=\"en\">Errors</span></h2>\n"
        "<p>Mọi trạng thái từ 400 trở lên mang <code>{\"error\": {\"code\", \"field\", \"message_vi\", \"message_en\", "
        "\"trace\"}}</code>. <span lang=\"en\" class=\"en\">Every status from 400 on carries this object.</span></p>\n"
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Bảng lỗi\"><table><thead><tr>"
        "<th scope=\"col\">Mã <span lang=\"en\" class=\"en\">Code</span></th><th scope=\"col\">HTTP</th>"
        "<th scope=\"col\">Thông báo</th><th scope=\"col\" lang=\"en\">Message</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < proto_n_errors; i++) {
        const struct err_row *row = &proto_errors[i];
        buf_printf(out, "<tr><th scope=\"row\"><code>%s</code></th><td>%d</td>", row->name, row->status);
        add_element(out, "<td>", row->vi, "</td>");
        add_element(out, "<td lang=\"en\">", row->en, "</td></tr>\n");
    }
    buf_add_text(out, "</tbody></table></div>\n</section>\n");
}

static void add_roles(struct buf *out)
{
    buf_add_text(out, "<section id=\"roles\">\n<h2>Vai trò <span lang=\"en\" class=\"en\">Roles</span></h2>\n"
                      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Vai trò\"><table><thead><tr>"
                      "<th scope=\"col\">Mã <span lang=\"en\" class=\"en\">Name</span></th><th scope=\"col\">Tên</th>"
                      "<th scope=\"col\" lang=\"en\">Title</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < proto_n_roles; i++) {
        const struct role_row *row = &proto_roles[i];
        buf_printf(out, "<tr><th scope=\"row\"><code>%s</code></th>", row->name);
        add_element(out, "<td>", row->vi, "</td>");
        add_element(out, "<td lang=\"en\">", row->en, "</td></tr>\n");
    }
    buf_add_text(out, "</tbody></table></div>\n</section>\n");
}

void page_write(struct buf *out)
{
    add_head(out);
    add_contents(out);
    buf_add_text(out, "<main id=\"main\">\n");
    add_rules(out);
    add_services(out);
    add_messages(out);
    add_errors(out);
    add_roles(out);
    buf_add_text(out, "</main>\n</body>\n</html>\n");
}
