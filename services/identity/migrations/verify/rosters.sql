-- Verify identity:rosters on pg
BEGIN;

SELECT upload_id, owner, name, size, received, sha256 FROM identity.upload WHERE false;
SELECT upload_id, at, bytes FROM identity.upload_part WHERE false;
SELECT import_id, upload_id, by_whom, scope, dry_run, complete_unit, remove_most, state, stop, sha256, trace FROM identity.import_job WHERE false;
SELECT import_id, slice, rows, created, changed, unchanged, refused FROM identity.import_slice WHERE false;
SELECT import_id, line, nr, field, value, message_vi, message_en FROM identity.import_fault WHERE false;
SELECT import_id, person_id FROM identity.roster_present WHERE false;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.import_job', 'scope', 'UPDATE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_identity', 'identity.import_slice', 'DELETE'))::int;

ROLLBACK;
