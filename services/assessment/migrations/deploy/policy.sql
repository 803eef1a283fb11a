-- Deploy assessment:policy to pg
--
-- Rules are data: each sending is a new version of a programme's policy, the highest is in force, an attempt names the
-- one that ruled it.
BEGIN;

SET LOCAL search_path = assessment;

CREATE TABLE policy (
    policy_id           uuid PRIMARY KEY,
    programme_id        uuid NOT NULL REFERENCES programme,
    version             bigint NOT NULL,
    bank_id             uuid NOT NULL REFERENCES bank,
    pass_percent        smallint NOT NULL CHECK (pass_percent BETWEEN 1 AND 100),
    items               integer NOT NULL CHECK (items BETWEEN 1 AND 200),
    minutes             integer NOT NULL CHECK (minutes > 0),
    max_attempts        integer NOT NULL CHECK (max_attempts BETWEEN 1 AND 100),
    retake_wait_seconds bigint NOT NULL CHECK (retake_wait_seconds >= 0),
    note                text,
    created_by          uuid NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now(),
    UNIQUE (programme_id, version)
);

CREATE TABLE policy_quota (
    policy_id   uuid NOT NULL REFERENCES policy,
    skill_group text NOT NULL,
    items       integer NOT NULL CHECK (items > 0),
    PRIMARY KEY (policy_id, skill_group)
);

GRANT SELECT, INSERT ON policy, policy_quota TO hocvu_assessment;

COMMIT;
