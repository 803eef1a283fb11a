#!/bin/bash
# test_migrations.sh - every sqitch project can be deployed, verified, taken back without a trace, and deployed again.
# Run by tests/run.
set -euo pipefail

ROOT=$(cd "$(dirname "$0")/../.." && pwd -P)
. "$ROOT/deploy/lib/say.sh"
. "$ROOT/deploy/lib/database.sh"
pg_find
export PGHOST=$HOCVU_TEST_PG PGUSER=postgres PGDATABASE=postgres
database=hocvu_migrations

# What is there beside PostgreSQL's and sqitch's own: schemas, and what the roles own or may use.
traces()
{
    psql -X -A -t -d $database <<'SQL'
SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_|^(information_schema|public|sqitch)$'
UNION ALL
SELECT 'table ' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
UNION ALL
SELECT DISTINCT 'right of ' || r.rolname FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid
 WHERE d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND d.deptype = 'a' AND r.rolname LIKE 'hocvu%'
   AND d.objid NOT IN (SELECT oid FROM pg_namespace WHERE nspname = 'sqitch')
 ORDER BY 1
SQL
}

# The shape of everything, without the moments at which sqitch did its work.
shape()
{
    pg_dump --schema-only --exclude-schema=sqitch $database | grep -vE '^--|^.(un)?restrict '
}

# The first deployment is the template's own.
createdb --template=hocvu_template --owner=hocvu_owner $database
first=$(shape)
for project in $(migration_projects "$ROOT"); do
    sqitch_in "$project" $database verify || die "verify fails: $project"
done
for project in $(migration_projects "$ROOT" | tac); do
    sqitch_in "$project" $database revert -y || die "revert fails: $project"
done
[ -z "$(traces)" ] || die "revert leaves something behind:
$(traces)"
migrate "$ROOT" $database
[ "$(shape)" = "$first" ] || die "the second deployment differs from the first:
$(diff <(echo "$first") <(shape))"
dropdb $database
