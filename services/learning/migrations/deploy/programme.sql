-- Deploy learning:programme to pg
BEGIN;

CREATE TABLE learning.programme (
    programme_id uuid PRIMARY KEY,
    code text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    title_vi text NOT NULL,
    title_en text NOT NULL
);
CREATE INDEX programme_code ON learning.programme (code, version);

CREATE TABLE learning.lesson (
    lesson_id uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES learning.programme,
    position integer NOT NULL,
    min_seconds bigint NOT NULL
);
CREATE INDEX lesson_programme ON learning.lesson (programme_id, position);

GRANT SELECT, INSERT ON learning.programme TO hocvu_learning;
GRANT SELECT, INSERT ON learning.lesson TO hocvu_learning;

COMMIT;
