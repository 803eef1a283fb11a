/*
 * audit.h - the audit of a service: who did what, chained by hashes, and who looked at whose record.
 *
 * A service that has one says so in its first migration (SELECT hocvu.make_audit('<schema>', 'hocvu_<service>')) and in
 * its main (.audit = true). Entries are written in the transaction of what they tell, by audit_note or by a statement
 * of the service itself (INSERT INTO audit (action, actor, subject, detail, trace) ...); nobody waits for anybody. The
 * skeleton chains them within a second, signs the end of the chain each minute, writes that head to the log and
 * announces it (<service>_audit_headed), so that another service can keep it (audit_witness).
 */
#ifndef COMMON_AUDIT_H
#define COMMON_AUDIT_H

#include "service.h"

/*
 * Writes an entry; in the handler's transaction when it has one. `subject` (a person) may be NULL. `detail` is a JSON
 * object without personal numbers. 0 or fail().
 */
MUST_CHECK int audit_note(struct ctx *ctx, const char *action, const struct uuid *subject, struct span detail);
/*
 * For handlers that refuse: puts the refusal on record with a constant reason, logs it, and returns fail(). Must not be
 * called in a transaction that will be rolled back.
 */
int audit_refuse(struct ctx *ctx, const char *action, const struct uuid *subject, const char *reason, int code,
                 const char *field);

/* Keeps the head of another service's audit; for on_event_<service>_audit_headed. */
MUST_CHECK int audit_witness(struct ctx *ctx, const struct audit_head *head);

/* Chains what is committed; a tick of the skeleton, each AUDIT_EVERY_MS. */
enum { AUDIT_EVERY_MS = 500 };
int audit_tick(struct ctx *ctx);
/*
 * Signs the end of the chain if it has moved and the last head is older than this; `secret` (JWS_SECRET bytes) may be
 * NULL: then heads stand unsigned. A part of audit_tick, and for tests.
 */
MUST_CHECK int audit_head_make(struct ctx *ctx, const uint8_t *secret, uint32_t older_s);

#endif
