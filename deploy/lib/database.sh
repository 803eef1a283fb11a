# database.sh - PostgreSQL made ready: binaries, cluster, roles, migrations. deploy/stack and tests/run both use it, so
# the database under test is made as the real one is.
# shellcheck shell=bash

PG_VERSION=15

# Puts the server's binaries first on PATH; Debian's psql wrapper would look for a cluster of Debian's own.
pg_find()
{
    local bin=/usr/lib/postgresql/$PG_VERSION/bin
    [ -x "$bin/postgres" ] || die "PostgreSQL $PG_VERSION is not installed (Debian package postgresql-$PG_VERSION)." \
        "Run deploy/install-packages run."
    PATH=$bin:$PATH
    export PATH
}

# pg_initdb DATA_DIR OPTION...: makes a cluster. The directory appears under its name only when it is complete.
pg_initdb()
{
    local data=$1 log
    shift
    rm -rf "$data.new"
    log=$(initdb -D "$data.new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 --data-checksums "$@" 2>&1) ||
        die "initdb failed: $log"
    mv "$data.new" "$data"
}

# Services of the bus with their numbers, one "number name" a line, from the one place that declares them.
# $1: root of the tree.
bus_services()
{
    sed -n 's/^SERVICE(\([0-9]*\), *\([a-z_]*\),.*/\1 \2/p' "$1/proto/services.def"
}

# Statements that make the roles, to be piped into psql: the owner of everything, and one for each service with no more
# than the right to log in; the migrations grant the rest. Can be run again at any time.
# $1: root of the tree; $2: directory with <role>.password files, empty: no passwords (trust authentication).
# shellcheck disable=SC2086
roles_sql()
{
    local service role
    # A failing statement would be logged, with the password that it sets.
    echo "SET log_min_error_statement = panic; SET client_min_messages = warning;"
    for service in owner $(bus_services "$1" | cut -d' ' -f2); do
        role=hocvu_$service
        echo "SELECT 'CREATE ROLE $role' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$role') \\gexec"
        echo "ALTER ROLE $role LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;"
        [ -z "$2" ] || printf "ALTER ROLE %s PASSWORD '%s';\n" "$role" "$(cat "$2/$role.password")"
        [ "$service" = owner ] || echo "ALTER ROLE $role SET search_path = $service, hocvu;"
    done
}

# Statements that make the database $2 (if it is missing) and shut everybody out who is not named.
# $1: root of the tree.
database_sql()
{
    local service
    cat <<SQL
SELECT 'CREATE DATABASE $2 OWNER hocvu_owner' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '$2') \\gexec
REVOKE ALL ON DATABASE $2, postgres, template1 FROM PUBLIC;
SQL
    for service in $(bus_services "$1" | cut -d' ' -f2); do
        echo "GRANT CONNECT ON DATABASE $2 TO hocvu_$service;"
    done
    echo "\\connect $2"
    echo "REVOKE ALL ON SCHEMA public FROM PUBLIC;"
}

# Directories of the sqitch projects under the root $1, one a line, in the order in which they are deployed.
migration_projects()
{
    local service
    echo "$1/common/migrations"
    bus_services "$1" | while read -r _ service; do
        echo "$1/services/$service/migrations"
    done
}

# sqitch_in PROJECT_DIR DATABASE COMMAND...: runs sqitch as hocvu_owner; PGHOST and PGPASSFILE tell where and how.
sqitch_in()
{
    local project=$1 database=$2
    shift 2
    # The planner's name is asked for even where nothing is planned; the user's own configuration must not matter.
    (cd "$project" && SQITCH_FULLNAME='Hoc Vu So' SQITCH_EMAIL=maintainers@hocvu.example SQITCH_USER_CONFIG=/dev/null \
        SQITCH_SYSTEM_CONFIG=/dev/null LC_ALL=C.UTF-8 sqitch --quiet "$@" --target "db:pg://hocvu_owner@/$database")
}

# Changes of the plans under the root $1, one "project change hash-of-its-script" a line, sorted.
migrations_planned()
{
    local project name
    migration_projects "$1" | while read -r project; do
        name=$(sed -n 's/^%project=//p' "$project/sqitch.plan")
        (cd "$project/deploy" && sed -n 's/^\([a-z_0-9]\+\) .*/\1.sql/p' ../sqitch.plan | xargs sha1sum) |
            sed "s/^\([^ ]*\)  \(.*\)\.sql$/$name \2 \1/"
    done | sort
}

# Is every change deployed in the database $2, by the script that is there now? Looking here costs nothing; sqitch needs
# half a second for each project to find that there is nothing to do.
is_migrated()
{
    local there
    there=$(psql -X -A -t -F ' ' -U hocvu_owner -d "$2" -c 'SELECT project, change, script_hash FROM sqitch.changes' 2>/dev/null) ||
        return 1
    [ "$(sort <<<"$there")" = "$(migrations_planned "$1")" ]
}

# migrate ROOT DATABASE: deploys and verifies what is not there yet, in all projects.
migrate()
{
    local project output
    ! is_migrated "$1" "$2" || return 0
    while read -r project; do
        # sqitch must not read the list.
        output=$(sqitch_in "$project" "$2" deploy --verify 2>&1 </dev/null) ||
            die "the migration of ${project#"$1"/} failed. That change was reverted; those before it stay." \
                $'sqitch says:\n'"$output"
    done < <(migration_projects "$1")
}
