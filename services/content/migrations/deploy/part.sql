-- Deploy content:part to pg
BEGIN;

CREATE TABLE content.framework_group (
    version_id uuid NOT NULL REFERENCES content.version,
    position integer NOT NULL CHECK (position >= 1),
    code text COLLATE "C" NOT NULL,
    label text NOT NULL,
    title_vi text NOT NULL,
    title_en text NOT NULL,
    PRIMARY KEY (version_id, code),
    UNIQUE (version_id, position)
);

CREATE TABLE content.lesson (
    version_id uuid NOT NULL REFERENCES content.version,
    position integer NOT NULL CHECK (position >= 1),
    lesson_id uuid NOT NULL UNIQUE,
    skill_group text NOT NULL,
    title_vi text NOT NULL,
    title_en text NOT NULL,
    min_seconds bigint NOT NULL CHECK (min_seconds >= 1),
    body text NOT NULL,
    editor_id uuid NOT NULL,
    PRIMARY KEY (version_id, position)
);

-- Parts change only while their version is a draft, whoever asks. The row lock makes a submit that runs beside this
-- wait, or this see what it did.
CREATE FUNCTION content.part_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found_state text;
BEGIN
    FOR found_state IN SELECT v.state FROM content.version v WHERE v.version_id IN (OLD.version_id, NEW.version_id)
                       FOR SHARE LOOP
        IF found_state <> 'draft' THEN
            RAISE EXCEPTION 'STATE:version_id';
        END IF;
    END LOOP;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER part_guard BEFORE INSERT OR UPDATE OR DELETE ON content.framework_group
    FOR EACH ROW EXECUTE FUNCTION content.part_guard();
CREATE TRIGGER part_guard BEFORE INSERT OR UPDATE OR DELETE ON content.lesson
    FOR EACH ROW EXECUTE FUNCTION content.part_guard();

-- What publishing a version announces, so that its size can be checked before it is written. `parts` is the list that
-- makes it large.
CREATE VIEW content.announcement AS
SELECT v.version_id, 'framework_published' AS event, 'groups' AS parts,
       jsonb_build_object(
           'framework_id', v.version_id, 'code', v.code, 'label', v.label, 'title_vi', v.title_vi,
           'title_en', v.title_en,
           'groups', (SELECT jsonb_agg(jsonb_build_object('code', g.code, 'label', g.label, 'title_vi', g.title_vi,
                                                          'title_en', g.title_en)
                              ORDER BY g.position)
                      FROM content.framework_group g WHERE g.version_id = v.version_id)) AS body
FROM content.version v WHERE v.kind = 'framework'
UNION ALL
SELECT p.version_id, 'programme_published', 'lessons',
       jsonb_build_object(
           'programme_id', p.version_id, 'code', p.code, 'version', p.version, 'title_vi', p.title_vi,
           'title_en', p.title_en, 'framework_code', f.code, 'framework_label', f.label,
           'lessons', (SELECT jsonb_agg(jsonb_build_object(
                                  'lesson_id', l.lesson_id, 'position', l.position, 'skill_group', l.skill_group,
                                  'title_vi', l.title_vi, 'title_en', l.title_en, 'min_seconds', l.min_seconds)
                              ORDER BY l.position)
                       FROM content.lesson l WHERE l.version_id = p.version_id))
FROM content.version p JOIN content.version f ON f.version_id = p.framework_id
WHERE p.kind = 'programme';

GRANT SELECT, INSERT ON content.framework_group TO hocvu_content;
GRANT SELECT, INSERT ON content.lesson TO hocvu_content;
GRANT UPDATE (lesson_id, skill_group, title_vi, title_en, min_seconds, body, editor_id)
    ON content.lesson TO hocvu_content;
GRANT SELECT ON content.announcement TO hocvu_content;

COMMIT;
