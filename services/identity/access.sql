-- Who looked at whose record.

-- access_keep(access_kept)
INSERT INTO access_log (at, actor, service, method, reason, trace, people)
VALUES (:at, :actor, :service, :method, :reason, :trace, CAST(:people AS uuid[]));

-- access_settle()
SELECT access_settle() AS pages;

-- my_accesses(accesses_query) access_seen
-- The actor's name stands also when he or she has left, and when his or her own data may only be kept: this record is a
-- right of whoever was looked at. Unit and position are those of that day.
SELECT l.at, coalesce(p.full_name, '?') AS actor_name, u.name AS unit_name, t.position, l.reason, l.method, l.trace
  FROM access_log l
  LEFT JOIN person p ON p.person_id = l.actor
  LEFT JOIN LATERAL (SELECT * FROM tenure t WHERE t.person_id = l.actor AND t.kind = 'principal'
      AND t.valid_from <= local_date(l.at) AND (t.valid_to IS NULL OR t.valid_to > local_date(l.at)) LIMIT 1) t ON true
  LEFT JOIN unit_now u ON u.unit_id = t.unit_id
 WHERE l.people @> ARRAY[:ctx_subject] AND (:before IS NULL OR l.at < :before)
 ORDER BY l.at DESC, l.id DESC
 LIMIT 100;
