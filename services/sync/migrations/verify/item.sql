-- Verify sync:item on pg
BEGIN;

SELECT 1 / (has_table_privilege('hocvu_sync', 'sync.item', 'SELECT')
            AND has_table_privilege('hocvu_sync', 'sync.item', 'INSERT')
            AND NOT has_table_privilege('hocvu_sync', 'sync.item', 'DELETE, TRUNCATE'))::int;
SELECT 1 / bool_and(NOT has_column_privilege('hocvu_sync', 'sync.item', c, 'UPDATE'))::int
FROM unnest('{sequence,item_id,target,subject_id,kind,body,digest,made_at,changed_at,numbered}'::text[]) c;
SELECT 1 / (NOT has_table_privilege('hocvu_sync', 'sync.person_number', 'DELETE')
            AND NOT has_column_privilege('hocvu_sync', 'sync.person_number', 'person_id', 'UPDATE'))::int;

ROLLBACK;
