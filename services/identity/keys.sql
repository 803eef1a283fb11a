-- Changing the keys of personal numbers while the service runs. The rows are moved by functions of the tables' owner
-- (migrations/deploy/keys.sql): the service itself cannot change a hash or a box.

-- keys_look(keys_ids) sealed_row
-- Persons, and accounts that claim a number.
SELECT id, national_hash, hash_key, national_box, box_key FROM (
    (SELECT person_id AS id, national_hash, hash_key, national_box, box_key FROM person
      WHERE person_id > :after AND erased_at IS NULL AND (:all OR hash_key <> :hash_key OR box_key <> :box_key)
      ORDER BY person_id LIMIT :most)
    UNION ALL
    (SELECT account_id, national_hash, hash_key, national_box, box_key FROM account
      WHERE account_id > :after AND national_box IS NOT NULL AND (:all OR hash_key <> :hash_key OR box_key <> :box_key)
      ORDER BY account_id LIMIT :most)) sealed
ORDER BY id LIMIT :most;

-- keys_count(keys_ids) keys_waiting
SELECT count(*) AS waiting FROM (
    (SELECT FROM person WHERE erased_at IS NULL AND (hash_key <> :hash_key OR box_key <> :box_key) LIMIT :most)
    UNION ALL
    (SELECT FROM account WHERE national_box IS NOT NULL AND (hash_key <> :hash_key OR box_key <> :box_key) LIMIT :most)) w;

-- keys_lock() keys_turn
-- An import takes the keys when it has this lock, and goes by them until it ends; logins take milliseconds, and hocvu waits
-- longer than those after it has told every process of a new key.
SELECT pg_try_advisory_xact_lock(hashtext('identity.import')) AS locked;

-- keys_move(keys_row) keys_done BULK
SELECT keys_move(:id, :hash_key_old, :box_key_old, :national_hash, :national_box, :hash_key, :box_key) AS moved;
