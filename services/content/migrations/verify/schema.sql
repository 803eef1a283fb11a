-- Verify content:schema on pg
BEGIN;
SELECT 1 / has_schema_privilege('hocvu_content', 'content', 'USAGE')::int;
SELECT 1 / (NOT has_schema_privilege('hocvu_content', 'content', 'CREATE'))::int;
SELECT event, body, trace FROM content.outbox WHERE false;
ROLLBACK;
