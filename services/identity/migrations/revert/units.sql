-- Revert identity:units from pg
BEGIN;

DROP FUNCTION identity.unit_path_renew(uuid[]);
DROP FUNCTION identity.path_units(text);
DROP TABLE identity.unit_path, identity.unit_now, identity.unit_version, identity.unit_code, identity.unit;
DROP EXTENSION IF EXISTS btree_gist;

COMMIT;
