/*
 * archive.c - a person's data from all services as one ZIP file, and erasing it everywhere. A job: nobody waits for it,
 * and a service that is away is asked again at the next run; only when the legal time has passed an archive is made
 * without it, and says so. Erasing asks the others first and identity last, so that a run that was broken off can go
 * on.
 */
#include "archive.h"
#include "bus.h"
#include "identity.h"
#include "pg_conn.h"
#include <sys/mman.h>
#include <unistd.h>
#include <zip.h>

enum { PART_BYTES = 1 << 20, ANSWER_BYTES = 2000, MISSING_BYTES = 200, ASK_MS = 5000 };
enum { PAGE_BYTES = 2 << 20 }; /* 100 rows of 16 KiB */

/* One archive while it is made; it never touches a disk. */
struct archive {
    struct ctx *ctx;
    const struct asking *asking;
    const struct request_work *work;
    zipFile zip;
    struct buf page, missing;
    bool broken;
};

static void begin_entry(struct archive *a, const char *name)
{
    const zip_fileinfo info = {.tmz_date = {.tm_mday = 1, .tm_year = 2026}};
    if (zipOpenNewFileInZip64(a->zip, name, &info, NULL, 0, NULL, 0, NULL, Z_DEFLATED, Z_DEFAULT_COMPRESSION, 1) !=
        ZIP_OK)
        a->broken = true;
}

static void add_text(struct archive *a, struct span text)
{
    if (!a->broken && zipWriteInFileInZip(a->zip, text.p, text.n) != ZIP_OK)
        a->broken = true;
}

static void end_entry(struct archive *a)
{
    if (!a->broken && zipCloseFileInZip(a->zip) != ZIP_OK)
        a->broken = true;
}

/* A page of a section: its rows, after `before` others. */
static void add_page(struct archive *a, const struct person_data_part *part, uint32_t before)
{
    buf_clear(&a->page);
    for (uint32_t i = 0; i < part->n_rows; i++) {
        buf_add_text(&a->page, before + i ? ",\n" : "\n");
        buf_add(&a->page, part->rows[i].line.p, part->rows[i].line.n);
    }
    a->broken = a->broken || a->page.failed;
    add_text(a, buf_span(&a->page));
}

/*
 * One section as a JSON array, written page by page: however long it is, no more than a page of it is in memory at
 * once. 1: there is none behind the last. 0 or an error's code, negative: what came before it stays, a whole array.
 */
static int put_section(struct archive *a, const struct service_row *service, uint16_t section)
{
    struct person_data_query query = {.person_id = a->work->person_id, .section = section};
    struct person_data_part part;
    char name[100] = "";
    int code;
    do {
        part = (struct person_data_part){0};
        code = a->asking->data(a->asking->arg, service->number, &query, &part);
        if (!name[0] && (code || !HAS(&part, person_data_part, section)))
            return code ? -code : 1;
        if (!name[0]) {
            snprintf(name, sizeof(name), "%s/%.*s.json", service->name, (int)part.section.n, part.section.p);
            begin_entry(a, name);
            add_text(a, SPAN("["));
        }
        if (!code)
            add_page(a, &part, query.after);
        query.after += code ? 0 : part.n_rows;
    } while (!code && !a->broken && !job_stopping(a->ctx) && part.more && part.n_rows);
    add_text(a, SPAN("\n]\n"));
    end_entry(a);
    return code ? -code : part.more && job_stopping(a->ctx) ? -ERR_UNAVAILABLE : 0;
}

/* All services. 0, or the code of one that did not answer in time to be waited for. */
static int put_services(struct archive *a)
{
    for (size_t i = 0; i < proto_n_services; i++) {
        int code = 0;
        for (uint16_t section = 0; !code; section++)
            code = put_section(a, &proto_services[i], section);
        if (code < 0 && (!a->work->late || job_stopping(a->ctx)))
            return -code;
        if (code < 0)
            buf_printf(&a->missing, "%s%s", a->missing.n ? ", " : "", proto_services[i].name);
    }
    return 0;
}

static void put_readme(struct archive *a)
{
    static const char vi[] = "Dữ liệu cá nhân của bạn trong hệ thống Học Vụ Số.\n"
                             "Mỗi thư mục là một dịch vụ, mỗi tệp .json là một loại dữ liệu. Số định danh được giữ "
                             "trong hộp niêm phong mà hệ\n"
                             "thống không tự mở được, nên không có trong tệp này.\n";
    static const char en[] = "Your personal data in the system Hoc Vu So.\n"
                             "A directory for each service, a .json file for each kind of data. Your personal number "
                             "is kept in a sealed box\n"
                             "which the system itself cannot open, so it is not in this archive.\n";
    struct buf text;
    buf_init(&text, 4096);
    buf_printf(&text, "%s\n%s", vi, en);
    if (a->missing.n)
        buf_printf(&text, "\nThiếu / missing: %.*s\n", (int)a->missing.n, a->missing.p);
    a->broken = a->broken || text.failed;
    begin_entry(a, "README.txt");
    add_text(a, buf_span(&text));
    end_entry(a);
    buf_release(&text);
}

/* Whether the request is still to be done: the person may have withdrawn it meanwhile. Nobody does so until the end of
 * the transaction. 0 or fail(). */
static int hold(struct ctx *ctx, const struct request_work *work, bool *ret_working)
{
    struct request_key key = {.request_id = work->request_id};
    struct request_held held;
    int code = pg_call(ctx, &SQL_request_hold, &key, &held);
    if (!code)
        *ret_working = held.working;
    return code;
}

/* The file's bytes into the database, in parts, with the end of the request. 0 or fail(). */
static int store(struct ctx *ctx, const struct archive *a, int fd)
{
    struct request_key key = {.request_id = a->work->request_id};
    struct request_end end = {.request_id = a->work->request_id};
    char *bytes = arena_alloc(ctx->arena, PART_BYTES);
    ssize_t n = 0;
    if (!bytes)
        return fail(ctx, ERR_TOO_LARGE, "archive");
    if (a->missing.n)
        PUT_FIELD(&end, request_end, missing, buf_span(&a->missing));
    bool working = false;
    int code = pg_begin(ctx);
    if (!code)
        code = hold(ctx, a->work, &working);
    if (code || !working)
        return code ? code : pg_commit(ctx);
    if (!code)
        code = pg_call(ctx, &SQL_archive_drop, &key, NULL);
    for (uint32_t part = 0; !code && (n = pread(fd, bytes, PART_BYTES, (off_t)part * PART_BYTES)) > 0; part++) {
        struct archive_part row = {key.has, key.request_id, part, {bytes, (uint32_t)n}};
        code = pg_call(ctx, &SQL_archive_add, &row, NULL);
    }
    if (!code && n < 0)
        code = fail(ctx, ERR_INTERNAL, "archive");
    if (!code)
        code = pg_call(ctx, &SQL_request_finish, &end, NULL);
    return code ? code : pg_commit(ctx);
}

/* 0, also when it must wait; or fail(). */
static int make_archive(struct ctx *ctx, const struct asking *asking, const struct request_work *work)
{
    struct archive a = {.ctx = ctx, .asking = asking, .work = work};
    char path[32];
    int fd = memfd_create("archive", MFD_CLOEXEC);
    if (fd < 0)
        return fail(ctx, ERR_INTERNAL, "archive");
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    buf_init(&a.page, PAGE_BYTES);
    buf_init(&a.missing, MISSING_BYTES);
    a.zip = zipOpen64(path, APPEND_STATUS_CREATE);
    int waits = a.zip ? put_services(&a) : 0, code = 0;
    if (a.zip && !waits)
        put_readme(&a);
    if (!a.zip || zipClose(a.zip, NULL) != ZIP_OK || a.broken)
        code = fail(ctx, ERR_INTERNAL, "archive");
    else if (!waits)
        code = store(ctx, &a, fd);
    if (waits)
        log_warn(ctx->head->trace, "an archive waits: a service does not answer (%s)", err_find(waits)->name);
    buf_release(&a.page);
    buf_release(&a.missing);
    close(fd);
    return code;
}

/* --- erasing --- */

/* What each service said, in a line each, as words for the record. */
static void say(struct buf *answer, const char *service, const struct erased_sections *sections)
{
    char day[DATE_TEXT];
    for (uint32_t i = 0; i < sections->n_sections; i++) {
        const struct erased_section *s = &sections->sections[i];
        if (!s->erased && !s->kept)
            continue;
        buf_printf(answer, "%s/%.*s: xoá %u, giữ %u", service, (int)s->section.n, s->section.p, s->erased, s->kept);
        if (s->kept && HAS(s, erased_section, until)) {
            date_format(s->until, day);
            buf_printf(answer, " đến %s", day);
        }
        if (HAS(s, erased_section, basis))
            buf_printf(answer, " (%.*s)", (int)s->basis.n, s->basis.p);
        buf_add_text(answer, "\n");
    }
}

/* The rules of one service. */
static uint32_t rules_of(const struct retention_row *all, uint32_t n, const char *service, struct erase_rule *ret_rules)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (all[i].service.n == strlen(service) && !memcmp(all[i].service.p, service, all[i].service.n))
            ret_rules[found++] =
                (struct erase_rule){.section = all[i].section, .years = all[i].years, .basis = all[i].basis};
    }
    return found;
}

/* Every service but identity's own rows. 0, an error of one that did not answer, or fail() negative. */
static int ask_all(struct ctx *ctx, const struct asking *asking, const struct request_work *work, struct buf *answer)
{
    struct retention_row *rules;
    struct erase_rule own[100];
    uint32_t n;
    if (pg_list(ctx, &SQL_retention_rules, NULL, 100, &rules, &n))
        return ERR_UNAVAILABLE;
    for (size_t i = 0; i < proto_n_services; i++) {
        const char *name = proto_services[i].name;
        struct person_erasure query = {.person_id = work->person_id, .rules = own};
        struct erased_sections sections = {0};
        query.n_rules = rules_of(rules, n, name, own);
        int code = asking->erase(asking->arg, proto_services[i].number, &query, &sections);
        if (code)
            return code;
        say(answer, name, &sections);
    }
    return 0;
}

/* Identity's own part, the answer and the end of the request, when it is still to be done. 0 or fail(). */
static int erase_here(struct ctx *ctx, const struct request_work *work, struct buf *answer)
{
    struct request_end end = {.request_id = work->request_id};
    struct erase_outcome outcome = {0};
    bool working = false;
    int code = pg_begin(ctx);
    if (!code)
        code = hold(ctx, work, &working);
    if (code || !working)
        return code ? code : pg_commit(ctx);
    code = pg_call(ctx, &SQL_person_erase, work, &outcome);
    if (!code && outcome.rows < 0)
        buf_add_text(answer, "identity: không xoá, người này đang làm việc hoặc đã được xoá\n");
    else
        buf_printf(answer, "identity: xoá họ tên, ngày sinh, số định danh, %lld dòng khác\n", (long long)outcome.rows);
    PUT_FIELD(&end, request_end, answer, buf_span(answer));
    if (!code)
        code = answer->failed ? fail(ctx, ERR_TOO_LARGE, "answer") : pg_call(ctx, &SQL_request_finish, &end, NULL);
    return code ? code : pg_commit(ctx);
}

static int erase(struct ctx *ctx, const struct asking *asking, const struct request_work *work)
{
    struct buf answer;
    buf_init(&answer, ANSWER_BYTES);
    int waits = ask_all(ctx, asking, work, &answer);
    int code = waits ? 0 : erase_here(ctx, work, &answer);
    if (waits)
        log_warn(ctx->head->trace, "an erasure waits: a service does not answer (%s)", err_find(waits)->name);
    buf_release(&answer);
    return code;
}

/* --- the job --- */

int privacy_work(struct ctx *ctx, const struct asking *asking)
{
    struct request_key after = {0};
    int result = 0;
    while (!job_stopping(ctx)) {
        struct request_work *next;
        uint32_t n;
        int code = pg_list(ctx, &SQL_request_next, &after, 1, &next, &n);
        if (code || !n)
            return code ? code : result;
        after.request_id = next->request_id;
        bool erases = next->kind.n == 5 && !memcmp(next->kind.p, "erase", 5);
        code = erases ? erase(ctx, asking, next) : make_archive(ctx, asking, next);
        if (code) {
            pg_settle(ctx->pg);
            result = code; /* the others do not wait for this one */
        }
        arena_clear(ctx->arena);
    }
    return result;
}

static int ask_data(void *bus, uint8_t service, const struct person_data_query *query,
                    struct person_data_part *ret_part)
{
    return bus_call_service(bus, service, M_person_data, &msg_person_data_query, query, &msg_person_data_part,
                            ret_part);
}

static int ask_erase(void *bus, uint8_t service, const struct person_erasure *query,
                     struct erased_sections *ret_sections)
{
    return bus_call_service(bus, service, M_person_erase, &msg_person_erasure, query, &msg_erased_sections,
                            ret_sections);
}

int privacy_run(struct ctx *ctx)
{
    struct bus *bus = service_bus(ctx, ASK_MS);
    struct asking asking = {ask_data, ask_erase, bus};
    if (!bus)
        return fail(ctx, ERR_UNAVAILABLE, "bus");
    int code = privacy_work(ctx, &asking);
    bus_free(bus);
    return code;
}

int archives_prune(struct ctx *ctx)
{
    return pg_call(ctx, &SQL_archives_prune, NULL, NULL);
}
