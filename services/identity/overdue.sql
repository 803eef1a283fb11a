-- overdue.sql - what is due by law, counted.

-- overdue_rows() overdue_row
SELECT kind, count(*) AS open,
       count(*) FILTER (WHERE due < now() OR (acknowledged_at IS NULL AND acknowledge_due < now())) AS late
  FROM data_request WHERE state IN ('received', 'acknowledged', 'working') GROUP BY kind
UNION ALL
SELECT 'breach', count(*), count(*) FILTER (WHERE notice_due < now()) FROM breach WHERE told_at IS NULL
LIMIT 6;

-- calendar_state() calendar_state
-- A year is covered when it names five free days: the days of Tet alone are as many, and 1 January is known of every year.
WITH known AS (
    SELECT max(year)::integer AS year
      FROM (SELECT extract(year FROM day) AS year FROM holiday WHERE NOT works GROUP BY 1 HAVING count(*) >= 5) y
)
SELECT (SELECT count(*) FROM holiday) AS days, make_date(year, 12, 31) AS last,
       coalesce(make_date(year, 12, 31) - today(), -1)::bigint AS days_left
  FROM known;
