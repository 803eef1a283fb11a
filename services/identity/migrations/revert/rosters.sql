-- Revert identity:rosters from pg
BEGIN;

DROP TRIGGER attached_insert ON identity.tenure;
DROP TRIGGER attached_update ON identity.tenure;
DROP FUNCTION identity.tenure_attached();
ALTER TABLE identity.tenure
    ADD CONSTRAINT tenure_person_id_fkey FOREIGN KEY (person_id) REFERENCES identity.person,
    ADD CONSTRAINT tenure_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES identity.unit;
DROP TABLE identity.roster_present, identity.import_fault, identity.import_slice, identity.import_job, identity.upload_part,
    identity.upload;

COMMIT;
