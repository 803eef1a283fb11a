-- seed_rules.sql - programme, bank, items with keys, blueprint, policy and forms for benchmarks and tests of faults, as the
-- database's owner. Run by seed (lib.sh) before seed_exam; twice is harmless. Variables: forms.
--
-- 400 items, three quarters single choice, one quarter multiple choice with partial credit, four choices each; a form has
-- 40 of them. Three attempts, no waiting time, no window.
\set ON_ERROR_STOP on
SET search_path = assessment, hocvu;
BEGIN;
SELECT EXISTS (SELECT FROM programme WHERE programme_id = '00000000-0000-7000-8000-000000000001') AS seeded \gset
\if :seeded
\else

INSERT INTO programme VALUES ('00000000-0000-7000-8000-000000000001', 'LOAD', 1, 'Kỹ năng số căn bản', 'Basic digital skills');
INSERT INTO framework VALUES ('00000000-0000-7000-8000-000000000002', 'LOAD', '1', '{a,b,c,d,e,g}');
INSERT INTO bank VALUES ('00000000-0000-7000-8000-000000000003', 'LOAD', 'Ngân hàng đo tải', 'Load', '00000000-0000-7000-8000-000000000002',
                         '00000000-0000-7000-8000-000000000009', now());

CREATE TEMP TABLE seed_item ON COMMIT DROP AS
    SELECT n, ('00000000-0000-7000-8001-' || lpad(to_hex(n), 12, '0'))::uuid AS version_id,
           CASE WHEN n % 4 = 3 THEN 'multiple_choice' ELSE 'single_choice' END AS type,
           (ARRAY['a', 'b', 'c', 'd', 'e', 'g'])[1 + n % 6] AS skill_group,
           CASE WHEN n % 4 = 3 THEN '1,3' ELSE (1 + n % 4)::text END AS key
      FROM generate_series(0, 399) n;
INSERT INTO item_version (version_id, bank_id, code, version, type, skill_group, level, stem, choices, author_id, digest)
    SELECT version_id, '00000000-0000-7000-8000-000000000003', 'CAU-' || lpad(n::text, 4, '0'), 1, type, skill_group, 1 + n % 3,
           'Câu ' || n || ': Khi nhận được thư điện tử đề nghị cung cấp mật khẩu tài khoản công vụ, cán bộ cần xử lý như thế nào?',
           ARRAY['Trả lời ngay theo yêu cầu của người gửi', 'Chuyển thư cho đồng nghiệp cùng phòng xử lý',
                 'Không trả lời, báo bộ phận an toàn thông tin', 'Xóa thư và không báo cho ai'],
           '00000000-0000-7000-8000-000000000009', sha256(n::text::bytea)
      FROM seed_item;
INSERT INTO item_key (version_id, key, partial, explanation)
    SELECT version_id, key, type = 'multiple_choice', 'Theo quy định về an toàn thông tin.' FROM seed_item;
UPDATE item_version SET state = 'review' WHERE state = 'draft';
UPDATE item_version SET state = 'live', live_at = now(), reviewer_id = '00000000-0000-7000-8000-00000000000a' WHERE state = 'review';

INSERT INTO blueprint (blueprint_id, code, version, bank_id, items, digest, created_by)
    VALUES ('00000000-0000-7000-8000-000000000004', 'LOAD', 1, '00000000-0000-7000-8000-000000000003', 40, sha256('load'),
            '00000000-0000-7000-8000-000000000009');
INSERT INTO blueprint_quota (blueprint_id, place, skill_group, items)
    SELECT '00000000-0000-7000-8000-000000000004', i, g, CASE WHEN i <= 4 THEN 7 ELSE 6 END
      FROM unnest(ARRAY['a', 'b', 'c', 'd', 'e', 'g']) WITH ORDINALITY AS t (g, i);
INSERT INTO policy (policy_id, programme_id, version, blueprint_id, items, pass_percent, minutes, grace_seconds, max_attempts,
                    retake_wait_seconds, early_seconds, forms, max_exposure_percent, show_result, show_answers,
                    show_explanations, appeal_days, digest, created_by)
    VALUES ('00000000-0000-7000-8000-000000000005', '00000000-0000-7000-8000-000000000001', 1,
            '00000000-0000-7000-8000-000000000004', 40, 70, 600, 60, 3, 0, 0, :forms, 100, 'at_once', 'never', 'never', 15,
            sha256('load'), '00000000-0000-7000-8000-000000000009');

-- Form f takes from every ten items the one at (3f + i) mod 10.
CREATE TEMP TABLE seed_form ON COMMIT DROP AS
    SELECT ('00000000-0000-7000-8002-' || lpad(to_hex(f), 12, '0'))::uuid AS form_id, f, array_agg(s.version_id ORDER BY i) AS items
      FROM generate_series(0, :forms - 1) f, generate_series(0, 39) i, seed_item s
     WHERE s.n = 10 * i + (3 * f + i) % 10
     GROUP BY f;
INSERT INTO form (form_id, policy_id, items, difficulty)
    SELECT form_id, '00000000-0000-7000-8000-000000000005', items, 50 FROM seed_form;
SELECT lay_keys(array_agg(form_id)) FROM seed_form;
INSERT INTO form_pool (policy_id, ready)
    SELECT '00000000-0000-7000-8000-000000000005', array_agg(form_id ORDER BY f) FROM seed_form;

INSERT INTO unit (unit_id, parent_id, code, kind, name, path)
    VALUES ('00000000-0000-7000-8003-000000000000', NULL, 'LOAD', 'country', 'Đo tải', '{00000000-0000-7000-8003-000000000000}');
INSERT INTO unit (unit_id, parent_id, code, kind, name, path)
    SELECT u, '00000000-0000-7000-8003-000000000000', 'LOAD-' || n, 'agency', 'Đơn vị ' || n,
           ARRAY['00000000-0000-7000-8003-000000000000', u]::uuid[]
      FROM generate_series(1, 50) n, LATERAL (SELECT ('00000000-0000-7000-8003-' || lpad(to_hex(n), 12, '0'))::uuid) AS t (u);
\endif
COMMIT;
