-- Deploy identity:merges to pg
--
-- Persons who were on record twice: what the one held becomes the other's. Everything but this is in the tables it is about.
BEGIN;

-- The trigger duties_apart looks at what comes of it.
GRANT UPDATE (person_id) ON identity.role_grant TO hocvu_identity;
GRANT UPDATE (person_id) ON identity.data_request TO hocvu_identity;

COMMIT;
