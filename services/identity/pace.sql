-- Refused logins, counted in windows of time.

-- pace_look(pace_key) pace_count
SELECT n FROM login_pace WHERE key = :key AND began > now() - :window_s * interval '1 second' AND began <= now();

-- pace_note(pace_key)
INSERT INTO login_pace AS p (key, began, n) VALUES (:key, now(), 1)
ON CONFLICT (key) DO UPDATE
SET n = CASE WHEN p.began > now() - :window_s * interval '1 second' AND p.began <= now() THEN p.n + 1 ELSE 1 END,
    began = CASE WHEN p.began > now() - :window_s * interval '1 second' AND p.began <= now() THEN p.began ELSE now() END;

-- pace_prune(pace_window)
DELETE FROM login_pace WHERE began < now() - :window_s * interval '1 second' OR began > now();
