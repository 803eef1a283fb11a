/*
 * demo.h - one demonstration: the sample nation's people go through the whole journey over the public interface, and
 * what the services say is compared with what the plan says.
 *
 * Steps return 0, or -1 after demo_fault told what does not add up.
 */
#ifndef CTL_DEMO_H
#define CTL_DEMO_H

#include "ctl.h"
#include "jws.h"
#include "plan.h"
#include "progress.h"

enum stage_id {
    STAGE_IMPORT,
    STAGE_PUBLISH,
    STAGE_POLICY,
    STAGE_ASSIGN,
    STAGE_LOGIN,
    STAGE_STUDY,
    STAGE_TEST,
    STAGE_CERTIFY,
    STAGE_VERIFY,
    STAGE_REPORT,
    N_STAGES
};

enum {
    PATIENCE_S = 120,     /* how long a killed process may stay away */
    HEARS_S = 120,        /* how long an event may take to be known elsewhere, its service being killed on the way */
    REPORT_S = 60,        /* how long the roll-up may take to be what it must be */
    DEMO_MIN_SECONDS = 2, /* of each lesson, instead of minutes */
    DUE_DAYS = 30,
};

struct demo {
    const struct ctl_conf *conf;
    struct sample sample;
    struct plan plan;
    struct stage stages[N_STAGES];
    struct progress progress;
    struct client client; /* of the first thread */
    struct session operator, editor, reviewer, examiner, officer;
    struct uuid *unit_ids; /* by index of the sample's units */
    struct uuid *lesson_ids;
    struct uuid programme_id, bank_id;
    uint8_t attempt_key[JWS_PUBLIC]; /* with which the ends of attempts are signed */
    int32_t due_date;
    uint32_t items;                     /* of an attempt */
    uint32_t forms;                     /* made for the policy */
    atomic_uint answered[SAMPLE_TYPES]; /* items of each type; of situations how many were shown */
    uint32_t linked;
    bool report_matches;
    atomic_uint faults;
};

/* Tells what does not add up with whom (NULL: with nobody in particular) on standard error. Always returns -1. */
int demo_fault(struct demo *demo, const struct sample_official *who, const char *format, ...) PRINTF(3, 4);
/* A call whose failure is a fault. */
MUST_CHECK int demo_ask(struct demo *demo, struct client *client, struct session *session, uint16_t method,
                        const void *in, void *ret_out);
/* A call that waits HEARS_S while the answer is `not_yet`. */
MUST_CHECK int demo_await(struct demo *demo, struct client *client, struct session *session, uint16_t method,
                          const void *in, void *ret_out, const struct not_yet *not_yet);
/* A call that must be refused with `code` (or `other`); `out` only gives the reply a place. */
MUST_CHECK int demo_refused(struct demo *demo, struct client *client, struct session *session, uint16_t method,
                            const void *in, void *out, int code, int other);
/* Tells that a call failed, from client->fault. */
int demo_call_fault(struct demo *demo, const struct client *client, const struct session *session, uint16_t method);
/* From here on calls of this client count for the stage. */
void demo_stage(struct demo *demo, struct client *client, enum stage_id stage);

/* The journey, in this order. */
int demo_import(struct demo *demo);
int demo_publish(struct demo *demo);
int demo_policy(struct demo *demo);
int demo_assign(struct demo *demo);
int demo_learner(struct demo *demo, struct client *client,
                 uint32_t learner); /* one person, from login to certificate */
int demo_test(struct demo *demo, struct client *client, uint32_t learner);
int demo_answered(struct demo *demo); /* tells how many items of each type were answered */
int demo_certificate(struct demo *demo, struct client *client, struct learner *learner);
int demo_verify(struct demo *demo);
int demo_report(struct demo *demo);

#endif
