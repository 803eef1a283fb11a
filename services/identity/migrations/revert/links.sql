-- Revert identity:links from pg
BEGIN;

DROP TABLE identity.link_history, identity.review_case, identity.account;

COMMIT;
