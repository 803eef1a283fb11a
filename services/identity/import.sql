-- What both imports share.

-- import_begin() import_day
-- One import at a time: it looks, decides and writes, and nobody changes the tree or a tenure in between. Its statements
-- are planned anew each time they run: the plan of a table that was empty a minute ago is ruinous for a full one.
WITH waited AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtext('identity.import')) IS NULL AS done,
        set_config('plan_cache_mode', 'force_custom_plan', true) AS mode
)
SELECT today() AS today FROM waited;
