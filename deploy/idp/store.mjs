// What oidc-provider must remember between two requests of a login, in memory. A restart forgets it, and a login in
// flight starts again. Memory is bounded twice: by the lifetime of each entry and by a count per kind, beyond which the
// oldest goes first, so that a flood of abandoned logins cannot fill the machine.

import { errors } from 'oidc-provider';

const MAX_PER_KIND = 50_000;
const SWEEP_MS = 10_000;

// Returns an adapter class for oidc-provider; all its instances belong to this one store.
export function createStore(sweepMs = SWEEP_MS) {
    const kinds = new Map();

    // Entries are kept as JSON: compact, and no caller can change what is stored by keeping a reference.
    class Adapter {
        constructor(kind) {
            this.kind = kind;
            this.entries = new Map();
            kinds.set(kind, this.entries);
        }

        async upsert(id, payload, expiresIn) {
            // Removed first, so that the Map's order is the order of the last write.
            this.entries.delete(id);
            if (this.entries.size >= MAX_PER_KIND) {
                this.entries.delete(this.entries.keys().next().value);
            }
            this.entries.set(id, { json: JSON.stringify(payload), expires: Date.now() + expiresIn * 1000 });
        }

        async find(id) {
            const entry = this.entries.get(id);
            return entry && entry.expires > Date.now() ? JSON.parse(entry.json) : undefined;
        }

        // The provider looks at `consumed` before it calls this; two requests that both passed that look end here.
        async consume(id) {
            const entry = this.entries.get(id);
            const payload = entry && JSON.parse(entry.json);
            if (!payload || payload.consumed) {
                throw new errors.InvalidGrant(`${this.kind} already consumed`);
            }
            payload.consumed = Math.floor(Date.now() / 1000);
            entry.json = JSON.stringify(payload);
        }

        async destroy(id) {
            this.entries.delete(id);
        }

        // Both are rare (a code used twice, a token checked against a session), so they search instead of keeping an
        // index for every login.
        async revokeByGrantId(grantId) {
            for (const [id, entry] of this.entries) {
                if (JSON.parse(entry.json).grantId === grantId) {
                    this.entries.delete(id);
                }
            }
        }

        async findByUid(uid) {
            for (const entry of this.entries.values()) {
                const payload = JSON.parse(entry.json);
                if (payload.uid === uid && entry.expires > Date.now()) {
                    return payload;
                }
            }
            return undefined;
        }

        // All sessions of an account; as rare.
        static endSessions(accountId) {
            const sessions = kinds.get('Session') ?? new Map();
            for (const [id, entry] of sessions) {
                if (JSON.parse(entry.json).accountId === accountId) {
                    sessions.delete(id);
                }
            }
        }
    }

    setInterval(() => {
        const now = Date.now();
        for (const entries of kinds.values()) {
            for (const [id, entry] of entries) {
                if (entry.expires <= now) {
                    entries.delete(id);
                }
            }
        }
    }, sweepMs).unref();

    return Adapter;
}
