-- calendar.sql - holidays of a service that counts working days. Tables: hocvu.make_calendar.

-- calendar_days_put(holiday) BULK
INSERT INTO holiday AS h (day, name, works) SELECT * FROM unnest(:day, :name, :works)
ON CONFLICT (day) DO UPDATE SET name = excluded.name, works = excluded.works;
