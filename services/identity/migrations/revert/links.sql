-- Revert identity:links from pg
BEGIN;

DROP TABLE identity.person_link;

COMMIT;
