/*
 * roster.c - `hocvu roster FILE`: a roster uploaded in parts and imported, with a bar that says how far it is.
 *
 * Ids come from the file and from what is to be done with it, so that the same command again goes on with the upload
 * and with the import that it began; when that import is over, it is a new one.
 */
#include "roster.h"
#include "ctl.h"
#include "pace.h"
#include "service.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PART = 1 << 20, POLL_MS = 200, PATIENCE_S = 120, ROUNDS_MOST = 10000, FAULT_PARTS = 1000 };

const char roster_help[] =
    "hocvu roster FILE [--dry-run] [--complete CODE [--remove-most PERCENT]] [--faults OUT.csv|OUT.xlsx]\n\n"
    "Imports officials from a CSV or XLSX file: national_id,full_name,birth_date,unit_code,position,leader,roles.\n"
    "A file that names tenures has any of kind,valid_from,valid_to,home_unit,position_code besides, and may name a\n"
    "person several times (docs/integrators.md, part 3).\n"
    "The same command again goes on where it was interrupted. Exit code 1 when rows were refused.\n\n"
    "  --dry-run       only say what would be done\n"
    "  --complete CODE the file names everybody who works in this unit and below: who is missing leaves today\n"
    "  --remove-most   refuse the file when it would remove more than this share of them (5)\n"
    "  --faults OUT    write why rows were refused, to be handed back\n\n"
    "$HOCVU_TOKEN is the access token of whoever imports; without it the operator of the sample nation logs in.\n";

/* Sixteen bytes of a hash as an id (UUID version 8: made by a rule of our own). */
static struct uuid id_of(const unsigned char hash[crypto_generichash_BYTES])
{
    struct uuid id;
    memcpy(id.b, hash, sizeof(id.b));
    id.b[6] = (uint8_t)((id.b[6] & 0x0f) | 0x80);
    id.b[8] = (uint8_t)((id.b[8] & 0x3f) | 0x80);
    return id;
}

/* The upload's id: of its owner, name and content. */
static struct uuid upload_id_of(const struct session *session, const struct roster_file *file,
                                const unsigned char sha256[crypto_hash_sha256_BYTES])
{
    unsigned char hash[crypto_generichash_BYTES];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof(hash));
    crypto_generichash_update(&state, session->person_id.b, sizeof(session->person_id.b));
    crypto_generichash_update(&state, (const unsigned char *)file->name, strlen(file->name) + 1);
    crypto_generichash_update(&state, sha256, crypto_hash_sha256_BYTES);
    crypto_generichash_final(&state, hash, sizeof(hash));
    return id_of(hash);
}

/* The id of the import that does this with the upload, for the `round`th time. */
static struct uuid import_id_of(const struct uuid *upload_id, const struct roster_file *file, uint32_t round)
{
    unsigned char hash[crypto_generichash_BYTES];
    char text[200];
    snprintf(text, sizeof(text), "%u %d %d %s", round, file->dry_run, file->remove_most_percent,
             file->complete_unit ? file->complete_unit : "");
    crypto_generichash(hash, sizeof(hash), (const unsigned char *)text, strlen(text), upload_id->b,
                       sizeof(upload_id->b));
    return id_of(hash);
}

static bool over(const struct import_state *state)
{
    return span_is(state->state, "done") || span_is(state->state, "refused") || span_is(state->state, "stopped");
}

/* Sends the parts that are not there yet. */
static int upload(struct client *client, struct session *session, const struct roster_file *file,
                  const unsigned char sha256[crypto_hash_sha256_BYTES], struct uuid upload_id, struct bar *bar)
{
    struct upload_open open = {
        .upload_id = upload_id, .name = {file->name, (uint32_t)strlen(file->name)}, .bytes = file->n};
    struct upload_state state;
    PUT_FIELD(&open, upload_open, sha256, ((struct span){(const char *)sha256, crypto_hash_sha256_BYTES}));
    int code = client_call(client, session, M_upload_open, &open, &state);
    while (!code && state.received < file->n) {
        size_t left = file->n - state.received;
        struct upload_part part = {.upload_id = upload_id, .offset = state.received};
        part.bytes = (struct span){file->bytes + state.received, left < PART ? (uint32_t)left : PART};
        bar_show(bar, "uploading", state.received >> 10, file->n >> 10, "KB");
        client_clear(client);
        code = client_call(client, session, M_upload_part, &part, &state);
    }
    return code;
}

/* The bar of an import: rows once they are counted, before that the file. */
static void show(struct bar *bar, const struct import_state *state)
{
    if (span_is(state->state, "writing"))
        bar_show(bar, "writing", state->rows_done, state->rows, "rows");
    else if (span_is(state->state, "comparing"))
        bar_show(bar, "comparing", state->rows_done, 0, "rows");
    else if (span_is(state->state, "reading"))
        bar_show(bar, "reading", state->bytes_read >> 10, state->bytes >> 10, "KB");
    else
        bar_show(bar, "waiting", 0, 0, "rows");
}

/* Until the import is over. */
static int watch(struct client *client, struct session *session, struct uuid import_id, struct bar *bar,
                 struct import_state *ret_state)
{
    struct import_ref ref = {.import_id = import_id};
    for (;;) {
        client_clear(client);
        int code = client_call(client, session, M_import_get, &ref, ret_state);
        if (code || over(ret_state))
            return code;
        show(bar, ret_state);
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
    }
}

/* The import of this kind that is under way, or the id of the next one with ret_state->state empty. */
static int find_import(struct client *client, struct session *session, const struct roster_file *file,
                       const struct uuid *upload_id, struct uuid *ret_id, bool *ret_running)
{
    struct import_ref ref;
    struct import_state state;
    for (uint32_t round = 0; round < ROUNDS_MOST; round++) {
        ref.import_id = import_id_of(upload_id, file, round);
        int code = client_call(client, session, M_import_get, &ref, &state);
        bool running = !code && !over(&state);
        client_clear(client);
        if (code && code != ERR_NOT_FOUND)
            return code;
        if (!code && !running)
            continue;
        *ret_id = ref.import_id;
        *ret_running = running;
        return 0;
    }
    return client_fail(client, ERR_CONFLICT, "import_id", "this file was imported too often");
}

int roster_import(struct client *client, struct session *session, const struct roster_file *file, struct bar *bar,
                  struct import_state *ret_state)
{
    unsigned char sha256[crypto_hash_sha256_BYTES];
    struct uuid upload_id;
    struct import_request request = {0};
    bool running = false;
    if (sodium_init() < 0)
        return client_fail(client, ERR_INTERNAL, "", "libsodium cannot start");
    int code = session_needs_renewal(session) ? session_renew(client, session) : 0;
    if (code)
        return code;
    crypto_hash_sha256(sha256, (const unsigned char *)file->bytes, file->n);
    upload_id = upload_id_of(session, file, sha256);
    code = find_import(client, session, file, &upload_id, &request.import_id, &running);
    if (!code && !running)
        code = upload(client, session, file, sha256, upload_id, bar);
    if (!code && !running) {
        request.upload_id = upload_id;
        PUT_FIELD(&request, import_request, dry_run, file->dry_run);
        if (file->complete_unit)
            PUT_FIELD(&request, import_request, complete_unit,
                      ((struct span){file->complete_unit, (uint32_t)strlen(file->complete_unit)}));
        if (file->remove_most_percent >= 0)
            PUT_FIELD(&request, import_request, remove_most_percent, (uint8_t)file->remove_most_percent);
        client_clear(client);
        code = client_call(client, session, M_import_begin, &request, ret_state);
    }
    if (!code)
        code = watch(client, session, request.import_id, bar, ret_state);
    bar_clear(bar);
    return code;
}

/* --- The command. --- */

struct options {
    struct roster_file file;
    const char *path, *faults;
};

static int write_file(const char *path, struct span bytes, bool append)
{
    FILE *out = fopen(path, append ? "ae" : "we");
    bool good = out && fwrite(bytes.p, 1, bytes.n, out) == bytes.n;
    if (out && fclose(out) != 0)
        good = false;
    if (!good)
        fprintf(stderr, "hocvu: %s: %s\n", path, strerror(errno));
    return good ? 0 : -1;
}

/* A part of a CSV without its byte order mark and header. */
static struct span without_header(struct span csv)
{
    const char *end = memchr(csv.p, '\n', csv.n);
    uint32_t skip = end ? (uint32_t)(end - csv.p) + 1 : csv.n;
    return (struct span){csv.p + skip, csv.n - skip};
}

/* OUT.xlsx, OUT-2.xlsx ...; a CSV is one file. */
static int save_part(const char *path, bool xlsx, uint32_t part, struct span content)
{
    char name[4096];
    if (!xlsx)
        return write_file(path, part ? without_header(content) : content, part > 0);
    if (part == 0)
        return write_file(path, content, false);
    snprintf(name, sizeof(name), "%.*s-%u.xlsx", (int)(strlen(path) - strlen(".xlsx")), path, part + 1);
    return write_file(name, content, false);
}

static int save_faults(struct client *client, struct session *session, struct uuid import_id, const char *path)
{
    size_t n = strlen(path);
    bool xlsx = n > 5 && !strcmp(path + n - 5, ".xlsx");
    struct import_faults ask = {.import_id = import_id};
    struct file file;
    PUT_FIELD(&ask, import_faults, format, xlsx ? SPAN("xlsx") : SPAN("csv"));
    for (uint32_t part = 0; part < FAULT_PARTS; part++) {
        PUT_FIELD(&ask, import_faults, part, part);
        client_clear(client);
        int code = client_call(client, session, M_import_faults, &ask, &file);
        if (code == ERR_NOT_FOUND && part > 0)
            return 0;
        if (code)
            return code;
        if (save_part(path, xlsx, part, file.content) < 0)
            return client_fail(client, ERR_INTERNAL, "faults", "the file cannot be written");
    }
    return 0;
}

static void complain(const struct client *client, const char *what)
{
    struct buf text;
    buf_init(&text, 1024);
    client_fault_text(client, &text);
    fprintf(stderr, "hocvu: %s: %.*s\n", what, (int)text.n, text.p);
    buf_release(&text);
}

static int run(struct client *client, struct session *session, const struct options *o)
{
    struct import_state state;
    struct bar bar;
    bar_init(&bar, false);
    if (roster_import(client, session, &o->file, &bar, &state)) {
        bar_clear(&bar);
        complain(client, o->path);
        return 1;
    }
    printf("%s%s: %u rows: %u created, %u changed, %u unchanged, %u refused, %u left\n", o->file.name,
           o->file.dry_run ? " (dry run)" : "", state.rows, state.created, state.changed, state.unchanged,
           state.refused, state.ended);
    if (HAS(&state, import_state, sentence_vi))
        printf("%.*s\n%.*s\n", (int)state.sentence_vi.n, state.sentence_vi.p, (int)state.sentence_en.n,
               state.sentence_en.p);
    bool bad = state.faults > 0 || state.refused > 0 || !span_is(state.state, "done");
    if (o->faults && save_faults(client, session, state.import_id, o->faults)) {
        complain(client, o->faults);
        return 1;
    }
    if (bad && state.faults)
        fprintf(stderr, "hocvu: %u faults%s%s.\n", state.faults,
                o->faults ? ", written to " : "; --faults OUT.csv writes them", o->faults ? o->faults : "");
    return bad;
}

/* Whoever imports: the token's person, or the operator of the sample nation. */
static int log_in(struct client *client, const struct ctl_conf *conf, struct session *session, struct sample *sample)
{
    const char *token = getenv("HOCVU_TOKEN");
    struct profile me;
    if (!token || !*token) {
        if (sample_read_people(sample, conf->sample_dir) < 0)
            return -1;
        session->who = &sample->officials[0];
        return 0;
    }
    session->access = strdup(token);
    session->access_until = INT64_MAX;
    if (!session->access || client_call(client, session, M_me, &(struct empty){0}, &me)) {
        complain(client, "HOCVU_TOKEN");
        return -1;
    }
    session->person_id = me.person_id;
    client_clear(client);
    return 0;
}

static int with_file(struct ctl *ctl, struct options *o)
{
    const struct ctl_conf *conf = ctl_conf(ctl);
    struct client client = {0};
    struct session session = {0};
    struct sample sample = {0};
    struct stat about;
    int code = 1, fd = conf ? open(o->path, O_RDONLY | O_CLOEXEC) : -1;
    if (!conf)
        return 1;
    void *bytes = fd >= 0 && fstat(fd, &about) == 0 && about.st_size > 0
                      ? mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0)
                      : MAP_FAILED;
    if (bytes == MAP_FAILED) {
        fprintf(stderr, "hocvu: %s: %s\n", o->path, fd < 0 ? strerror(errno) : "is empty or cannot be read");
    } else {
        struct span password = {conf->demo_password.bytes, (uint32_t)conf->demo_password.n};
        o->file.bytes = bytes;
        o->file.n = (size_t)about.st_size;
        if (http_start() == 0 && client_init(&client, conf->url, password, PATIENCE_S) == 0 &&
            log_in(&client, conf, &session, &sample) == 0)
            code = run(&client, &session, o);
        munmap(bytes, o->file.n);
    }
    if (fd >= 0)
        close(fd);
    session_release(&session);
    client_release(&client);
    sample_release(&sample);
    return code;
}

static bool take_option(struct options *o, const char *name, const char *value)
{
    if (!strcmp(name, "--complete"))
        o->file.complete_unit = value;
    else if (!strcmp(name, "--faults"))
        o->faults = value;
    else if (!strcmp(name, "--remove-most") && strspn(value, "0123456789") == strlen(value) && strlen(value) < 4)
        o->file.remove_most_percent = (int)strtol(value, NULL, 10);
    else
        return false;
    return *value && o->file.remove_most_percent <= 100;
}

int roster_command(struct ctl *ctl, int argc, char **argv)
{
    struct options o = {.file.remove_most_percent = -1};
    bool good = true;
    for (int i = 1; i < argc && good; i++) {
        if (!strcmp(argv[i], "--dry-run")) {
            o.file.dry_run = true;
        } else if (argv[i][0] == '-') {
            good = i + 1 < argc && take_option(&o, argv[i], argv[i + 1]);
            i++;
        } else {
            good = !o.path;
            o.path = argv[i];
        }
    }
    if (!good || !o.path) {
        fputs(roster_help, stderr);
        return 2;
    }
    const char *slash = strrchr(o.path, '/');
    o.file.name = slash ? slash + 1 : o.path;
    return with_file(ctl, &o);
}
