-- Revert learning:programme from pg
BEGIN;
DROP TABLE learning.lesson;
DROP TABLE learning.programme;
COMMIT;
