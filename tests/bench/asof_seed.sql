-- asof_seed.sql - a nation for BENCH=asof: 20,000 units with three versions each, people with tenures, counts by day.
-- psql variables: units (20000), tenures (3000000). In the schema of identity, as the owner.
\set ON_ERROR_STOP 1
SET search_path = identity, hocvu;
SET synchronous_commit = off;
SELECT setseed(0.42);

-- 1 nation, 17 ministries and 34 provinces, 3,321 communes, the rest departments and units below any of them.
CREATE TEMP TABLE plan AS
SELECT n, uuid7() AS unit_id, CASE
        WHEN n = 1 THEN 'nation' WHEN n <= 18 THEN 'ministry' WHEN n <= 52 THEN 'province'
        WHEN n <= 52 + least(3321, :units / 6) THEN 'commune' WHEN n <= :units / 2 THEN 'department' ELSE 'unit' END AS kind,
    NULL::integer AS above, NULL::integer AS later_above,
    date '2019-01-01' + (random() * 700)::int AS second, date '2021-06-01' + (random() * 1200)::int AS third
FROM generate_series(1, :units) n;
UPDATE plan SET above = CASE kind
    WHEN 'nation' THEN NULL WHEN 'ministry' THEN 1 WHEN 'province' THEN 1
    WHEN 'commune' THEN 19 + floor(random() * 34)
    WHEN 'department' THEN 2 + floor(random() * (51 + least(3321, :units / 6)))
    ELSE 53 + floor(random() * (:units / 2 - 53)) END;
-- One unit of twenty moves when its third version begins: communes and departments to another province.
UPDATE plan SET later_above = CASE WHEN random() < 0.05 AND kind IN ('commune', 'department')
    THEN 19 + floor(random() * 34) ELSE above END;
CREATE UNIQUE INDEX ON plan (n);
ANALYZE plan;

INSERT INTO unit (unit_id, code) SELECT unit_id, CASE WHEN n = 1 THEN 'VN' ELSE 'A' || n END FROM plan ORDER BY n;
INSERT INTO unit_code (code, unit_id) SELECT code, unit_id FROM unit;
INSERT INTO unit_version (unit_id, parent_id, code, kind, name, name_en, valid_from, valid_to)
SELECT p.unit_id, CASE WHEN v.nr = 3 THEN l.unit_id ELSE a.unit_id END, CASE WHEN p.n = 1 THEN 'VN' ELSE 'A' || p.n END,
    p.kind, 'Đơn vị số ' || p.n || ', lần ' || v.nr, 'Unit ' || p.n,
    (ARRAY[date '2010-01-01', p.second, p.third])[v.nr], (ARRAY[p.second, p.third, NULL])[v.nr]
FROM plan p LEFT JOIN plan a ON a.n = p.above LEFT JOIN plan l ON l.n = p.later_above
CROSS JOIN generate_series(1, 3) AS v (nr);
ANALYZE unit, unit_version;
\timing on
SELECT count(*) AS units_renewed FROM unit_path_renew(NULL);
\timing off

-- A third of the people have worked in two places.
CREATE TEMP TABLE worker AS
SELECT i, ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid AS person_id, 2 + floor(random() * (:units - 1))::int AS first_n,
    CASE WHEN i % 3 = 0 THEN 2 + floor(random() * (:units - 1))::int END AS second_n,
    date '2010-01-01' + (random() * 3000)::int AS began, date '2018-06-01' + (random() * 2800)::int AS moved
FROM generate_series(1, (:tenures * 3 / 4)) i;
ALTER TABLE tenure DISABLE TRIGGER USER;
INSERT INTO person (person_id, full_name, birth_date, national_hash, hash_key, national_box, box_key)
SELECT person_id, 'Nguyễn Thị Số ' || i, date '1985-01-01', sha256(convert_to(i::text, 'UTF8')), '00000000', '\x00',
    '00000000'
FROM worker;
INSERT INTO tenure (tenure_id, person_id, unit_id, position, leader, kind, valid_from, valid_to)
SELECT ('00000000-0000-7000-9000-' || lpad(to_hex(i), 12, '0'))::uuid, w.person_id, p.unit_id, 'Chuyên viên', i % 17 = 0, 'principal', w.began,
    CASE WHEN w.second_n IS NOT NULL THEN w.moved END
FROM worker w JOIN plan p ON p.n = w.first_n ORDER BY i;
INSERT INTO tenure (tenure_id, person_id, unit_id, position, leader, kind, valid_from)
SELECT ('00000000-0000-7000-a000-' || lpad(to_hex(i), 12, '0'))::uuid, w.person_id, p.unit_id, 'Phó phòng', i % 19 = 0, 'principal', w.moved
FROM worker w JOIN plan p ON p.n = w.second_n ORDER BY i;
ALTER TABLE tenure ENABLE TRIGGER USER;

INSERT INTO headcount_change (unit_id, day, people, leaders)
SELECT unit_id, c.day, sum(c.n), sum(CASE WHEN leader THEN c.n ELSE 0 END)
FROM tenure t CROSS JOIN LATERAL (VALUES (t.valid_from, 1), (t.valid_to, -1)) AS c (day, n)
WHERE c.day IS NOT NULL
GROUP BY unit_id, c.day;
\timing on
SELECT headcount_fold(1000000) AS units_folded;
\timing off
VACUUM ANALYZE;

-- The bare limit: rows of the same shape behind a plain key, as many as a reply has.
CREATE TABLE public.bare_unit AS SELECT row_number() OVER () AS nr, v.* FROM unit_version v LIMIT 20000;
CREATE TABLE public.bare_person AS
SELECT row_number() OVER () AS nr, p.person_id, p.full_name, t.unit_id, 'A12345' AS unit_code, t.position, t.leader,
    false AS linked
FROM (SELECT * FROM person LIMIT 20000) p JOIN LATERAL (SELECT * FROM tenure t WHERE t.person_id = p.person_id LIMIT 1) t
    ON true;
CREATE TABLE public.bare_count AS
SELECT row_number() OVER () AS nr, u.unit_id, u.code, 'Đơn vị' AS name, 100::bigint AS people, 5::bigint AS leaders FROM unit u;
ALTER TABLE public.bare_unit ADD PRIMARY KEY (nr);
ALTER TABLE public.bare_person ADD PRIMARY KEY (nr);
ALTER TABLE public.bare_count ADD PRIMARY KEY (nr);
VACUUM ANALYZE public.bare_unit, public.bare_person, public.bare_count;
GRANT SELECT ON public.bare_unit, public.bare_person, public.bare_count TO PUBLIC;
