/* audit_verify.c - finds what does not fit in an audit, see audit_verify.h. */
#include "audit_verify.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void PRINTF(2, 3) fault(struct audit_verify *v, const char *format, ...)
{
    char sentence[400];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    v->n_faults++;
    if (v->say)
        v->say(v->arg, sentence);
}

static void check_signature(struct audit_verify *v, const struct audit_head *head, const char *by)
{
    v->n_heads++;
    if (v->public && !audit_head_signed_by(v->public, head))
        fault(v, "the head of row %llu kept by %s does not carry our signature", (unsigned long long)head->seq, by);
}

static bool same_service(const struct audit_verify *v, const struct audit_head *head)
{
    return head->service.n == strlen(v->service) && !memcmp(head->service.p, v->service, head->service.n);
}

int audit_verify_keep(struct audit_verify *v, const struct audit_head *head, const char *by)
{
    struct audit_kept *more = realloc(v->kept, (v->n_kept + 1) * sizeof(*more));
    if (!more)
        return -1;
    v->kept = more;
    struct audit_kept *kept = &v->kept[v->n_kept];
    *kept = (struct audit_kept){.seq = head->seq};
    memcpy(kept->hash, head->hash.p, AUDIT_HASH);
    snprintf(kept->by, sizeof(kept->by), "%s", by);
    if (!same_service(v, head))
        fault(v, "a head kept by %s is not of this service", by);
    else
        v->n_kept++;
    check_signature(v, head, by);
    return 0;
}

static void check_head(struct audit_verify *v, uint64_t seq, const uint8_t *head, const uint8_t *row, const char *by)
{
    if (memcmp(head, row, AUDIT_HASH) != 0)
        fault(v, "row %llu is not the one whose head %s keeps: the chain was made anew up to it or before",
              (unsigned long long)seq, by);
}

static void check_row(struct audit_verify *v, const struct audit_row *row)
{
    uint8_t wanted[AUDIT_HASH];
    if (row->seq != v->seq + 1) {
        fault(v, "rows %llu to %llu are missing", (unsigned long long)v->seq + 1, (unsigned long long)row->seq - 1);
        v->torn = true;
    }
    audit_row_hash(row, v->hash, wanted);
    if (!v->torn && memcmp(wanted, row->hash.p, AUDIT_HASH) != 0)
        fault(v, "row %llu was changed, moved or put in later", (unsigned long long)row->seq);
    /* On from what it carries: so each wrong row is said by itself. */
    v->torn = false;
    v->seq = row->seq;
    memcpy(v->hash, row->hash.p, AUDIT_HASH);
    for (size_t i = 0; i < v->n_kept; i++) {
        if (v->kept[i].seq == row->seq)
            check_head(v, row->seq, v->kept[i].hash, v->hash, v->kept[i].by);
    }
}

/* The service's own heads: of a row of this part, or of one that is not there. */
static void check_own(struct audit_verify *v, const struct audit_part *part, const struct audit_head *head)
{
    check_signature(v, head, "the service itself");
    for (uint32_t i = 0; i < part->n_rows; i++) {
        if (part->rows[i].seq == head->seq) {
            check_head(v, head->seq, (const uint8_t *)head->hash.p, (const uint8_t *)part->rows[i].hash.p,
                       "the service itself");
            return;
        }
    }
    if (head->seq > v->seq)
        fault(v, "the chain ends at row %llu, but the service itself has a head of row %llu: its end was cut off",
              (unsigned long long)v->seq, (unsigned long long)head->seq);
}

void audit_verify_part(struct audit_verify *v, const struct audit_part *part)
{
    for (uint32_t i = 0; i < part->n_rows; i++)
        check_row(v, &part->rows[i]);
    for (uint32_t i = 0; i < part->n_heads; i++)
        check_own(v, part, &part->heads[i]);
    if (part->loose && v->seq >= part->last)
        fault(v, "%u entries are older than a minute and not chained", part->loose);
}

void audit_verify_end(struct audit_verify *v)
{
    for (size_t i = 0; i < v->n_kept; i++) {
        if (v->kept[i].seq > v->seq)
            fault(v, "the chain ends at row %llu, but %s keeps a head of row %llu: its end was cut off",
                  (unsigned long long)v->seq, v->kept[i].by, (unsigned long long)v->kept[i].seq);
    }
}

void audit_verify_release(struct audit_verify *v)
{
    free(v->kept);
    v->kept = NULL;
    v->n_kept = 0;
}
