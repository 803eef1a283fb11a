-- Revert reporting:past from pg
BEGIN;
DROP FUNCTION reporting.people_as_of(uuid[], date), reporting.subtree_as_of(uuid, date, bigint),
    reporting.path_as_of(uuid, date);
DROP INDEX reporting.tenure_unit, reporting.unit_version_parent;
COMMIT;
