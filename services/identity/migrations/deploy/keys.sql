-- Deploy identity:keys to pg
BEGIN;

SET LOCAL search_path = identity, hocvu;

-- Numbers sealed anew, by who can open boxes; a row that was moved already, or is gone, is left alone.
CREATE FUNCTION keys_move(id uuid[], hash_key_old text[], box_key_old text[], national_hash bytea[], national_box bytea[],
                          hash_key text[], box_key text[]) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = identity, pg_catalog, pg_temp
AS $$
    WITH move AS MATERIALIZED (
        SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)
            AS m (id, hash_key_old, box_key_old, national_hash, national_box, hash_key, box_key)
    ), people AS (
        UPDATE person p
           SET national_hash = m.national_hash, hash_key = m.hash_key, national_box = m.national_box, box_key = m.box_key
          FROM move m WHERE p.person_id = m.id AND p.hash_key = m.hash_key_old AND p.box_key = m.box_key_old
        RETURNING 1
    ), accounts AS (
        UPDATE account a
           SET national_hash = m.national_hash, hash_key = m.hash_key, national_box = m.national_box, box_key = m.box_key
          FROM move m WHERE a.account_id = m.id AND a.hash_key = m.hash_key_old AND a.box_key = m.box_key_old
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM people) + (SELECT count(*) FROM accounts)
$$;
REVOKE ALL ON FUNCTION keys_move(uuid[], text[], text[], bytea[], bytea[], text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keys_move(uuid[], text[], text[], bytea[], bytea[], text[], text[]) TO hocvu_identity;

COMMIT;
