-- announced.sql - what others announce becomes items, one for each receiver that takes this kind. Moments in UTC.

-- unit_items(unit_news) BULK
SELECT item_put(f.target, f.unit_id, 'unit_changed', now(), false,
                json_build_object('unit_id', f.unit_id, 'code', f.code, 'unit_kind', f.kind, 'name', f.name,
                                  'name_en', f.name_en, 'parent_id', f.parent_id, 'parent_code',
                                  (SELECT v.code FROM unit_version v WHERE v.unit_id = f.parent_id
                                    ORDER BY v.valid_from <= f.valid_from DESC, abs(v.valid_from - f.valid_from) LIMIT 1),
                                  'valid_from', f.valid_from, 'valid_to', f.valid_to))
  FROM unnest(:target, :unit_id, :parent_id, :code, :kind, :name, :name_en, :valid_from, :valid_to)
       AS f (target, unit_id, parent_id, code, kind, name, name_en, valid_from, valid_to);

-- tenure_items(tenure_news) BULK
-- One item a person, whatever the event says of it; the last name counts. The unit goes out by the code that it has on the
-- first day of the tenure, or had nearest to it.
WITH f AS (
    SELECT * FROM unnest(:target, :person_id, :tenure_id, :full_name, :unit_id, :position, :leader, :valid_from, :valid_to,
                         :kind, :position_code, :numbered) WITH ORDINALITY
             AS f (target, person_id, tenure_id, full_name, unit_id, position, leader, valid_from, valid_to, kind,
                   position_code, numbered, nr)
), person AS (
    SELECT f.target, f.person_id, min(f.nr) AS nr, bool_or(f.numbered) AS numbered,
           (array_agg(f.full_name ORDER BY f.nr DESC))[1] AS full_name,
           json_agg(json_build_object('tenure_id', f.tenure_id, 'unit_id', f.unit_id, 'unit_code', u.code, 'unit_name', u.name,
                                      'position', f.position, 'position_code', f.position_code, 'leader', f.leader,
                                      'tenure_kind', f.kind, 'valid_from', f.valid_from, 'valid_to', f.valid_to)
                    ORDER BY f.nr) AS tenures
      FROM f LEFT JOIN LATERAL (SELECT v.code, v.name FROM unit_version v WHERE v.unit_id = f.unit_id
                                 ORDER BY v.valid_from <= f.valid_from DESC, abs(v.valid_from - f.valid_from)
                                 LIMIT 1) u ON true
     GROUP BY f.target, f.person_id
)
SELECT item_put(target, person_id, 'tenures_changed', now(), numbered,
                json_build_object('person_id', person_id, 'full_name', full_name, 'tenures', tenures))
  FROM person ORDER BY nr;

-- link_items(link_news) BULK
SELECT item_put(target, person_id, 'person_linked', linked_at, numbered,
                json_build_object('person_id', person_id, 'provider', provider, 'state', state, 'at', utc_text(linked_at)))
  FROM unnest(:target, :person_id, :linked_at, :provider, :state, :numbered)
       AS f (target, person_id, linked_at, provider, state, numbered);

-- union_items(union_news) BULK
SELECT item_put(target, keep, 'person_merged', at, numbered,
                json_build_object('person_id', keep, 'gone_person_id', gone, 'at', utc_text(at)))
  FROM unnest(:target, :keep, :gone, :at, :numbered) AS f (target, keep, gone, at, numbered);

-- notice_items(notice_news) BULK
-- Of a restriction or an erasure; never with the personal number, which the receiver need not be told once more.
SELECT item_put(target, person_id, kind, at, false,
                json_build_object('person_id', person_id, 'restricted', restricted, 'at', utc_text(at)))
  FROM unnest(:target, :kind, :person_id, :restricted, :at) AS f (target, kind, person_id, restricted, at);

-- person_hold(restriction_fact)
SELECT person_hold(:person_id);

-- person_release(restriction_fact)
SELECT person_release(:person_id);

-- person_forget(erasure_fact)
SELECT person_forget(:person_id);

-- certificate_items(certificate_news) BULK
SELECT item_put(target, person_id, kind, at, numbered,
                json_build_object('person_id', person_id, 'certificate_id', certificate_id, 'number', number,
                                  'programme_id', programme_id, 'at', utc_text(at)))
  FROM unnest(:target, :kind, :person_id, :certificate_id, :number, :programme_id, :at, :numbered)
       AS f (target, kind, person_id, certificate_id, number, programme_id, at, numbered);
