-- What both imports share.

-- import_begin() import_day
-- One import at a time: it looks, decides and writes, and nobody changes the tree or a tenure in between.
WITH waited AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtext('identity.import')) IS NULL AS done)
SELECT today() AS today FROM waited;
