-- Deploy identity:links to pg
--
-- Which account at which identity provider is which person. An account is what a provider proves; it becomes a person's
-- when its number, name and birth date are those of the roster, or when an officer says so.
BEGIN;

SET LOCAL search_path = identity, hocvu;

-- What was claimed when it was last proved stands beside the roster's words in the queue of the officers. The number is
-- kept as a person's is: a hash to find it, a box for the change of keys.
CREATE TABLE account (
    account_id    uuid PRIMARY KEY,
    provider      text COLLATE "C" NOT NULL CHECK (octet_length(provider) BETWEEN 1 AND 32),
    subject       text COLLATE "C" NOT NULL CHECK (octet_length(subject) BETWEEN 1 AND 255),
    state         text NOT NULL CHECK (state IN ('pending', 'review', 'linked', 'unlinked', 'rejected')),
    person_id     uuid REFERENCES person,
    full_name     text NOT NULL CHECK (octet_length(full_name) BETWEEN 1 AND 120),
    birth_date    date,
    national_hash bytea NOT NULL CHECK (octet_length(national_hash) = 32),
    hash_key      text NOT NULL,
    national_box  bytea NOT NULL,
    box_key       text NOT NULL,
    level         smallint NOT NULL DEFAULT 0, -- of assurance, place in the provider's list; 0: not told
    first_seen    timestamptz NOT NULL DEFAULT now(),
    last_login    timestamptz NOT NULL DEFAULT now(), -- to the hour
    revision      bigint NOT NULL DEFAULT 1,   -- counts changes: who decided on an older one looks again
    UNIQUE (provider, subject),
    CHECK (state <> 'linked' OR person_id IS NOT NULL)
);
-- One person has one account at a provider.
CREATE UNIQUE INDEX account_linked ON account (person_id, provider) WHERE state = 'linked';
CREATE INDEX account_person ON account (person_id);
CREATE INDEX account_pending ON account (national_hash) WHERE state = 'pending';
CREATE INDEX account_page ON account (state, account_id);

-- What an officer has to look at: an account whose proof is not what the roster says. `differs` has the bits of
-- enum difference in link.h.
CREATE TABLE review_case (
    case_id      uuid PRIMARY KEY,
    account_id   uuid NOT NULL REFERENCES account,
    person_id    uuid REFERENCES person,
    claimed_name text NOT NULL,
    roster_name  text,
    claimed_birth date,
    roster_birth date,
    differs      integer NOT NULL,
    state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'linked', 'rejected', 'settled')),
    opened_at    timestamptz NOT NULL DEFAULT now(),
    decided_at   timestamptz,
    decided_by   uuid,
    reason       text,
    CHECK ((state = 'open') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX review_case_open ON review_case (account_id) WHERE state = 'open';
CREATE INDEX review_case_page ON review_case (state, case_id);
CREATE INDEX review_case_person ON review_case (person_id);

-- What became of accounts, and of persons who were two; append-only. `step_id` is the client's: repeating it gives the
-- first result.
CREATE TABLE link_history (
    n          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    step_id    uuid UNIQUE,
    account_id uuid,
    person_id  uuid,
    other_id   uuid, -- of a merge: the person who is no more
    what       text NOT NULL CHECK (what IN ('pending', 'review', 'linked', 'unlinked', 'rejected', 'replaced', 'merged')),
    by_whom    uuid, -- null: the rules alone
    reason     text,
    at         timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX link_history_person ON link_history (person_id, n);
CREATE INDEX link_history_other ON link_history (other_id) WHERE other_id IS NOT NULL;
CREATE INDEX link_history_account ON link_history (account_id, n);

-- DELETE: claims of people who are on nobody's roster are not kept for ever.
GRANT SELECT, INSERT, DELETE,
    UPDATE (state, person_id, full_name, birth_date, national_hash, hash_key, national_box, box_key, level, last_login, revision)
    ON account TO hocvu_identity;
GRANT SELECT, INSERT, DELETE, UPDATE (person_id, claimed_name, roster_name, claimed_birth, roster_birth, differs, state, decided_at,
    decided_by, reason) ON review_case TO hocvu_identity;
GRANT SELECT, INSERT ON link_history TO hocvu_identity;

COMMIT;
