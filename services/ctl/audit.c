/*
 * audit.c - `hocvu audit verify [SERVICE] [--heads LOG]`: fetches the audits over the bus, computes every hash itself
 * and compares them with the heads that the service, other services and, if wanted, log files have kept.
 */
#include "audit_verify.h"
#include "ctl.h"
#include <errno.h>
#include <sodium.h>

enum { PART_ROWS = 200, LINE_MOST = 4096 };

const char audit_help[] =
    "usage: hocvu audit verify [SERVICE] [--heads LOG]\n\n"
    "Goes through the audit of one service, or of all, row by row: numbers without a hole, every hash computed anew,\n"
    "every head signed with audit_public_key, heads that other services have kept. --heads also compares the heads in\n"
    "a file of log lines (\"audit head ...\"), which may come from a log server or a backup.\n"
    "Says what was changed, removed, moved, cut off or made anew; exit code 1 when something was, or a service is "
    "silent.\nWhat was written in the last second before is not chained yet, and not protected.\n";

struct verify_run {
    struct bus *bus;
    const uint8_t *public;
    const char *heads; /* path; NULL: none */
};

static void say(void *arg, const char *sentence)
{
    printf("%s: %s\n", (const char *)arg, sentence);
}

static int ask(struct bus *bus, const struct service_row *service, const struct audit_query *query,
               struct audit_part *ret_part)
{
    int code = bus_call_service(bus, service->number, M_audit_page, &msg_audit_query, query, &msg_audit_part, ret_part);
    if (code)
        ctl_bus_fault(bus, service->name);
    return code;
}

/* What the other services have kept of this one's heads. */
static int keep_witnessed(struct verify_run *run, struct audit_verify *v, const struct service_row *service)
{
    for (size_t i = 0; i < proto_n_services; i++) {
        struct audit_query query = {.most = PART_ROWS};
        struct audit_part part = {0};
        struct span name = {service->name, (uint32_t)strlen(service->name)};
        PUT_FIELD(&query, audit_query, witness_of, name);
        do {
            if (&proto_services[i] == service)
                break;
            if (ask(run->bus, &proto_services[i], &query, &part))
                return -1;
            for (uint32_t n = 0; n < part.n_heads; n++) {
                if (audit_verify_keep(v, &part.heads[n], proto_services[i].name) < 0)
                    return -1;
                query.after = part.heads[n].seq;
            }
        } while (part.n_heads == PART_ROWS);
    }
    return 0;
}

/* One line of a log: ... audit head SERVICE NUMBER MICROSECONDS HASH SIGNATURE ... */
static int keep_line(struct audit_verify *v, const char *line)
{
    char service[33], hash_hex[65], signature_hex[129];
    unsigned long long seq;
    long long at;
    uint8_t hash[AUDIT_HASH], signature[JWS_SIGNATURE];
    const char *found = strstr(line, "audit head ");
    if (!found || sscanf(found, "audit head %32s %llu %lld %64[0-9a-f] %128[0-9a-f-]", service, &seq, &at, hash_hex,
                         signature_hex) != 5)
        return 0;
    if (strcmp(service, v->service) != 0 || sodium_hex2bin(hash, sizeof(hash), hash_hex, 64, NULL, NULL, NULL))
        return 0;
    struct audit_head head = {.service = {service, (uint32_t)strlen(service)},
                              .seq = seq,
                              .at = at,
                              .hash = {(const char *)hash, sizeof(hash)}};
    if (!sodium_hex2bin(signature, sizeof(signature), signature_hex, 128, NULL, NULL, NULL))
        PUT_FIELD(&head, audit_head, signature, ((struct span){(const char *)signature, sizeof(signature)}));
    return audit_verify_keep(v, &head, "the log");
}

static int keep_logged(struct audit_verify *v, const char *path)
{
    char line[LINE_MOST];
    FILE *file = path ? fopen(path, "re") : NULL;
    int result = 0;
    if (path && !file) {
        fprintf(stderr, "hocvu: %s: %s\n", path, strerror(errno));
        return -1;
    }
    while (file && !result && fgets(line, sizeof(line), file))
        result = keep_line(v, line);
    if (file)
        fclose(file);
    return result;
}

/* Parts whose details are long do not fit a reply: then fewer rows at a time. */
static int walk(struct verify_run *run, struct audit_verify *v, const struct service_row *service)
{
    struct audit_query query = {.most = PART_ROWS};
    struct audit_part part;
    do {
        part = (struct audit_part){0};
        int code =
            bus_call_service(run->bus, service->number, M_audit_page, &msg_audit_query, &query, &msg_audit_part, &part);
        if (code == ERR_TOO_LARGE && query.most > 1) {
            query.most = (uint16_t)(query.most / 4 + 1);
            part.last = UINT64_MAX;
            continue;
        }
        if (code) {
            ctl_bus_fault(run->bus, service->name);
            return -1;
        }
        audit_verify_part(v, &part);
        if (!part.n_rows && v->seq < part.last)
            break; /* numbers promised that nobody has: the end below says so */
        query.after = v->seq;
    } while (v->seq < part.last);
    audit_verify_end(v);
    return 0;
}

static bool verify(struct verify_run *run, const struct service_row *service)
{
    struct audit_verify v = {
        .service = service->name, .public = run->public, .say = say, .arg = (void *)(uintptr_t)service->name};
    bool done = !keep_witnessed(run, &v, service) && !keep_logged(&v, run->heads) && !walk(run, &v, service);
    if (done)
        printf("%-14s %10llu entries, %llu heads%s: %s\n", service->name, (unsigned long long)v.seq,
               (unsigned long long)v.n_heads, run->public ? ", signed" : "", v.n_faults ? "NOT WHOLE" : "whole");
    bool whole = done && !v.n_faults;
    audit_verify_release(&v);
    return whole;
}

int audit_command(struct ctl *ctl, int argc, char **argv)
{
    struct verify_run run = {0};
    const struct service_row *only = NULL;
    uint8_t public[JWS_PUBLIC];
    bool right = argc >= 2 && !strcmp(argv[1], "verify"), whole = true;
    for (int i = 2; right && i < argc; i++) {
        if (!strcmp(argv[i], "--heads") && i + 1 < argc)
            run.heads = argv[++i];
        else
            right = !only && (only = service_find_name(argv[i]));
    }
    if (!right) {
        fputs(audit_help, stderr);
        return 2;
    }
    run.bus = ctl_bus(ctl);
    if (!run.bus)
        return 1;
    const struct conf_secret *key = &ctl_conf(ctl)->audit_public_key;
    if (key->n && jws_public_parse((struct span){key->bytes, (uint32_t)key->n}, public) < 0) {
        fprintf(stderr, "hocvu: audit_public_key does not name a file with a public key in hex.\n");
        return 1;
    }
    run.public = key->n ? public : NULL;
    if (!run.public)
        printf("audit_public_key is not set: signatures of heads are not looked at.\n");
    for (size_t i = 0; i < proto_n_services; i++) {
        if (!only || only == &proto_services[i])
            whole &= verify(&run, &proto_services[i]);
    }
    return whole ? 0 : 1;
}
