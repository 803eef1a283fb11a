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

-- org_tenures_put(person_fact) BULK
-- The last word about a tenure counts when an event speaks of it twice.
INSERT INTO tenure AS t (tenure_id, person_id, full_name, unit_id, position, leader, kind, position_code, valid_from, valid_to)
SELECT DISTINCT ON (tenure_id) tenure_id, person_id, full_name, unit_id, position, leader, kind, position_code, valid_from,
       valid_to
  FROM unnest(:tenure_id, :person_id, :full_name, :unit_id, :position, :leader, :kind, :position_code, :valid_from, :valid_to)
       WITH ORDINALITY AS f (tenure_id, person_id, full_name, unit_id, position, leader, kind, position_code, valid_from,
                             valid_to, nr)
 ORDER BY tenure_id, nr DESC
ON CONFLICT (tenure_id) DO UPDATE
   SET full_name = excluded.full_name, unit_id = excluded.unit_id, position = excluded.position,
       leader = excluded.leader, kind = excluded.kind, position_code = excluded.position_code,
       valid_from = excluded.valid_from, valid_to = excluded.valid_to;

-- org_people_refresh(person_fact) BULK
SELECT org_refresh_people(:person_id);

-- org_alias_put(person_union)
WITH flat AS (
    UPDATE alias SET same_as = :keep WHERE same_as = :gone AND person_id <> :keep
)
INSERT INTO alias AS a (person_id, same_as) VALUES (:gone, :keep)
ON CONFLICT (person_id) DO UPDATE SET same_as = excluded.same_as;

-- org_restricted_put(restriction_fact) org_news
SELECT org_restrict(:person_id, :restricted) AS news;

-- org_erased_put(erasure_fact) org_news
SELECT org_erase(:person_id) AS news;

-- org_refresh_due()
-- Versions and tenures that began or ended since the last look.
SELECT org_refresh_due();
