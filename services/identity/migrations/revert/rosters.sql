-- Revert identity:rosters from pg
BEGIN;

DROP TABLE identity.roster_present, identity.import_fault, identity.import_slice, identity.import_job, identity.upload_part,
    identity.upload;

COMMIT;
