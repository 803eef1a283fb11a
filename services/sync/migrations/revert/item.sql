-- Revert sync:item from pg
BEGIN;

DROP FUNCTION sync.items_forget(timestamptz, timestamptz, integer);
DROP FUNCTION sync.person_forget(uuid);
DROP FUNCTION sync.person_release(uuid);
DROP FUNCTION sync.person_hold(uuid);
DROP FUNCTION sync.item_put(text, uuid, text, timestamptz, boolean, json);
DROP FUNCTION sync.fate(uuid, text);
DROP TABLE sync.held, sync.person_number, sync.target_state, sync.item_try, sync.item;
DROP SEQUENCE sync.item_sequence;
DROP FUNCTION sync.utc_text(timestamptz);
DROP FUNCTION sync.late_before();

COMMIT;
