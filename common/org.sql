-- org.sql - a service's own copy of the organisation. Tables and functions: hocvu.make_org.

-- org_unit_put(unit_fact)
INSERT INTO unit_version AS v (unit_id, valid_from, valid_to, parent_id, code, kind, name)
VALUES (:unit_id, :valid_from, :valid_to, :parent_id, :code, :kind, :name)
ON CONFLICT (unit_id, valid_from) DO UPDATE
   SET valid_to = excluded.valid_to, parent_id = excluded.parent_id, code = excluded.code, kind = excluded.kind,
       name = excluded.name;

-- org_unit_refresh(org_unit)
-- The unit as of today, and the paths of everything below it when they changed.
SELECT org_refresh_unit(:unit_id);

-- org_tenure_put(person_fact)
INSERT INTO tenure AS t (tenure_id, person_id, full_name, unit_id, position, leader, valid_from, valid_to)
VALUES (:tenure_id, :person_id, :full_name, :unit_id, :position, :leader, :valid_from, :valid_to)
ON CONFLICT (tenure_id) DO UPDATE
   SET full_name = excluded.full_name, unit_id = excluded.unit_id, position = excluded.position,
       leader = excluded.leader, valid_from = excluded.valid_from, valid_to = excluded.valid_to;

-- org_person_refresh(person_fact)
SELECT org_refresh_person(:person_id);

-- org_refresh_due()
-- Versions and tenures that began or ended since the last look.
SELECT org_refresh_due();
