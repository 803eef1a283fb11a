# conf.sh - secrets and configuration files of an installation. Everything is derived from the state directory, the port
# and the options of `deploy/stack up`; files are rewritten only when their content changes, because a newer file
# restarts its service. Lines of etc/local/<name>.conf are appended and win.
# shellcheck shell=bash

# How processes find each other. On one host: sockets in DIR/run and the loopback address. deploy/docker/setup, for
# containers, says tcp, the address of all interfaces, and the database's host name.
BUS=ipc
LISTEN=127.0.0.1
DATABASE_HOST= # empty: DIR/run
# Processes of one service that may run beside each other on this host; who calls it looks for so many.
REPLICAS=4

# put FILE [MODE]: standard input becomes the file, if it differs.
put()
{
    local aside=$1.new
    (umask 077 && cat >"$aside")
    if cmp -s "$aside" "$1"; then
        rm "$aside"
    else
        chmod "${2:-600}" "$aside"
        mv "$aside" "$1"
    fi
}

# Random bytes as lower-case hex: random BYTES.
random()
{
    od -An -v -tx1 -N"$1" /dev/urandom | tr -d ' \n'
}

# secret NAME BYTES: makes secrets/NAME once; what is there is never replaced.
secret()
{
    [ -s "$STATE/secrets/$1" ] || random "$2" | put "$STATE/secrets/$1"
}

secrets_make()
{
    local role
    for role in postgres hocvu_owner $(bus_services "$ROOT" | sed 's/.* /hocvu_/'); do
        secret "$role.password" 24
    done
    for role in postgres hocvu_owner; do
        printf '*:*:*:%s:%s\n' "$role" "$(cat "$STATE/secrets/$role.password")"
    done | put "$STATE/secrets/pgpass"
    secret oidc_client.secret 24
    secret vneid_client.secret 24
    secret vneid_subject.key 32
    # Partners of VNeID have an RSA pair; its public half is what the provider gets.
    [ -s "$STATE/secrets/vneid.pem" ] ||
        openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 2>/dev/null | put "$STATE/secrets/vneid.pem"
    openssl pkey -in "$STATE/secrets/vneid.pem" -pubout | put "$STATE/secrets/vneid.pub.pem" ||
        die "the key pair for VNeID could not be made (above)."
    # Typed by people who try the sample nation; it opens nothing but the demonstration provider.
    secret demo.password 4
    "$ROOT/bin/hocvu" keys init "$STATE/secrets" || die "the keys could not be made (above)."
}

# The first port of an installation is the gateway's; the others follow from it.
port_idp()
{
    echo $((PORT + 1))
}

port_vneid()
{
    echo $((PORT + 2))
}

# port_admin NUMBER [INSTANCE]: health and metrics of the service with this number, on 127.0.0.1.
port_admin()
{
    echo $((PORT + 10 * ${2:-1} + $1))
}

# A process is called after its service; a second one <service>.2. service_of NAME, instance_of NAME: the parts.
service_of()
{
    echo "${1%%.*}"
}

instance_of()
{
    case $1 in *.*) echo "${1##*.}" ;; *) echo 1 ;; esac
}

# port_of NAME: port_admin of a process of a service.
port_of()
{
    port_admin "$(bus_services "$ROOT" | sed -n "s/ $(service_of "$1")\$//p")" "$(instance_of "$1")"
}

# conf NAME: standard input and etc/local/NAME.conf become etc/NAME.conf. The processes of a service share their lines.
conf()
{
    local own
    own=$(service_of "$1")
    {
        echo "# Written by deploy/stack; put changes into local/$own.conf."
        cat
        [ ! -f "$STATE/etc/local/$own.conf" ] || cat "$STATE/etc/local/$own.conf"
    } | put "$STATE/etc/$1.conf"
}

conf_postgres()
{
    local on=on shm=posix buffers=128
    # In a bare chroot there may be none.
    [ -w /dev/shm ] || shm=mmap
    # Commits reach the operating system in any case: what is acknowledged outlives a killed process, not a power cut.
    [ "$FAST" = no ] || on=off
    # An eighth of the memory, 2 GB at most; it is taken as it is used.
    [ "$FAST" = yes ] || buffers=$(awk '/^MemTotal:/ {m = int($2 / 8192); print (m < 128 ? 128 : m > 2048 ? 2048 : m)}' /proc/meminfo)
    echo "pg/$PG_VERSION" | put "$STATE/etc/pg_data"
    conf postgresql <<CONF
data_directory = '$STATE/pg/$PG_VERSION'
hba_file = '$STATE/etc/pg_hba.conf'
ident_file = '$STATE/pg/$PG_VERSION/pg_ident.conf'
listen_addresses = ''
unix_socket_directories = '$STATE/run'
unix_socket_permissions = 0700
max_connections = 150
shared_buffers = ${buffers}MB
dynamic_shared_memory_type = $shm
password_encryption = scram-sha-256
fsync = $on
synchronous_commit = on
full_page_writes = $on
# A checkpoint writes pages whole once more: under the load of an exam not every few seconds, and into files that are there.
checkpoint_timeout = 15min
min_wal_size = 1GB
max_wal_size = 4GB
wal_compression = lz4
log_destination = stderr
# Without DETAIL, which quotes rows: people's data do not belong in a log.
log_error_verbosity = terse
logging_collector = off
log_line_prefix = '%m [%p] %q%u '
log_timezone = UTC
timezone = UTC
datestyle = 'iso, ymd'
lc_messages = C.UTF-8
cluster_name = 'hocvu'
CONF
    conf pg_hba <<'CONF'
# Only the Unix socket, only with a password.
local hocvu all scram-sha-256
local all postgres scram-sha-256
CONF
}

conf_redis()
{
    conf redis <<CONF
# A cache: nothing is kept on disk, and no service needs it to be there.
port 0
unixsocket $STATE/run/redis.sock
unixsocketperm 700
dir $STATE/redis
save ""
appendonly no
maxmemory 64mb
maxmemory-policy allkeys-lru
daemonize no
logfile ""
CONF
}

conf_idp()
{
    put "$STATE/etc/vneid.env" <<CONF
NODE=$NODE
SCRIPT=vneid.mjs
PORT=$(port_vneid)
ROSTER_FILE=$ROOT/deploy/sample/roster.csv
CLIENT_ID=hocvu
CLIENT_SECRET_FILE=$STATE/secrets/vneid_client.secret
REDIRECT_URI=http://127.0.0.1:$PORT/login/vneid/callback
PASSWORD_FILE=$STATE/secrets/demo.password
PARTNER_KEY_FILE=$STATE/secrets/vneid.pub.pem
CONF
    put "$STATE/etc/idp.env" <<CONF
NODE=$NODE
SCRIPT=server.mjs
PORT=$(port_idp)
ISSUER=http://127.0.0.1:$(port_idp)
ROSTER_FILE=$ROOT/deploy/sample/roster.csv
CLIENT_ID=hocvu
CLIENT_SECRET_FILE=$STATE/secrets/oidc_client.secret
REDIRECT_URI=http://127.0.0.1:$PORT/login/openid/callback
KEYS_FILE=$STATE/secrets/idp_keys.json
PASSWORD_FILE=$STATE/secrets/demo.password
ID_TOKEN_ALG=ES256
BACKCHANNEL_LOGOUT_URI=http://127.0.0.1:$PORT/login/openid/backchannel
POST_LOGOUT_URI=http://127.0.0.1:$PORT/
CONF
}

# The demonstration providers as identity knows them.
rows_vneid()
{
    cat <<CONF
kind = vneid
title_vi = Tài khoản định danh điện tử (kiểu VNeID)
title_en = Electronic identity (like VNeID)
authorize_url = http://127.0.0.1:$(port_vneid)/authorize
token_url = http://127.0.0.1:$(port_vneid)/token
userinfo_url = http://127.0.0.1:$(port_vneid)/userinfo
client_id = hocvu
client_secret = $STATE/secrets/vneid_client.secret
private_key = $STATE/secrets/vneid.pem
subject_key = $STATE/secrets/vneid_subject.key
redirect_uri = http://127.0.0.1:$PORT/login/vneid/callback
required_level = 2
level_vi = Nâng tài khoản lên mức 2 tại công an cấp xã hoặc trên ứng dụng, rồi đăng nhập lại.
level_en = Raise the account to level 2 at the commune's police or in the app, then log in again.
CONF
}

rows_openid()
{
    cat <<CONF
kind = openid
title_vi = Tài khoản định danh (OpenID)
title_en = Electronic identity (OpenID)
issuer = http://127.0.0.1:$(port_idp)
client_id = hocvu
client_secret = $STATE/secrets/oidc_client.secret
redirect_uri = http://127.0.0.1:$PORT/login/openid/callback
required_level = 2
CONF
}

# The identity providers, a file each: those of the demonstration, and those of etc/local/providers.
conf_providers()
{
    local path name names=
    mkdir -p "$STATE/etc/providers" "$STATE/etc/local/providers"
    case ${IDP:=both} in openid | vneid) names=$IDP ;; both) names="openid vneid" ;; esac
    for path in "$STATE"/etc/local/providers/*.conf; do
        name=$(basename "$path" .conf)
        case " $names " in *" $name "*) ;; *) [ ! -f "$path" ] || names="$names $name" ;; esac
    done
    for path in "$STATE"/etc/providers/*.conf; do
        case " $names " in *" $(basename "$path" .conf) "*) ;; *) rm -f "$path" ;; esac
    done
    for name in $names; do
        { case "$IDP $name" in openid\ openid | both\ openid) rows_openid ;; vneid\ vneid | both\ vneid) rows_vneid ;; esac } |
            conf "providers/$name"
    done
}

# Where process $1 stands on the bus. In containers each service is a host of its own name.
rows_bus()
{
    local service peers=
    printf '%s\n' "bus_dir = $STATE/run" "replicas = $REPLICAS"
    [ "$BUS" = tcp ] || return 0
    for service in $(bus_services "$ROOT" | cut -d' ' -f2); do
        peers="$peers $service=tcp://$service:7001|tcp://$service:7002"
    done
    cat <<CONF
peers =$peers
curve_key = $STATE/secrets/curve/$1.key
curve_known = $STATE/secrets/curve/known
CONF
}

# Rows that every service of the bus has. $1: number, $2: name, $3: instance.
rows_service()
{
    rows_bus "$2"
    cat <<CONF
log_level = $LOG_LEVEL
instance = $3
admin_listen = $LISTEN:$(port_admin "$1" "$3")
redis = $STATE/run/redis.sock
audit_sign_key = $STATE/secrets/audit_sign.key
database = host=${DATABASE_HOST:-$STATE/run} dbname=hocvu user=hocvu_$2
database_password = $STATE/secrets/hocvu_$2.password
CONF
    [ "$BUS" != tcp ] || printf 'listen_call = tcp://0.0.0.0:7001\nlisten_events = tcp://0.0.0.0:7002\n'
}

# Rows that only the service $1 has.
rows_own()
{
    case $1 in
    identity)
        cat <<CONF
# Providers: $(cd "$STATE/etc/providers" && echo *.conf)
provider_dir = $STATE/etc/providers
# Signs as $(cat "$STATE/secrets/token_sign.pub" 2>/dev/null): another key is another configuration, so it restarts.
token_sign_key = $STATE/secrets/token_sign.key
refresh_key = $STATE/secrets/refresh.key
national_hash_key = $STATE/secrets/national_hash.key
national_box_key = $STATE/secrets/national_box.pub
national_hash_key_before = $STATE/secrets/national_hash_before.key
CONF
        ;;
    learning)
        # The sample's lessons are tried in seconds, not in quarters of an hour.
        echo "beat_seconds = $([ "$SAMPLE" = yes ] && echo 1 || echo 15)"
        ;;
    assessment)
        cat <<CONF
receipt_key = $STATE/secrets/receipt.key
attempt_sign_key = $STATE/secrets/attempt_sign.key
CONF
        ;;
    certification)
        cat <<CONF
certificate_sign_key = $STATE/secrets/certificate_sign.key
issuer_id = urn:x-hocvu:sample
issuer_name = Học Vụ Số (bản dùng thử)
CONF
        ;;
    sync)
        # Receivers are the operator's to add: a file each.
        mkdir -p "$STATE/etc/local/sync"
        printf '%s\n' "target_dir = $STATE/etc/local/sync" "box_key = $STATE/secrets/sync_box.key"
        ;;
    esac
}

conf_gateway()
{
    local rate=
    # The sample nation's people all come from this machine.
    [ "$SAMPLE" = no ] || rate=$'rate_per_second = 0\naccount_per_second = 0'
    { rows_bus gateway && cat; } <<CONF | conf gateway
log_level = $LOG_LEVEL
admin_listen = $LISTEN:$(port_admin 10)
listen = $LISTEN:$PORT
public_url = http://127.0.0.1:$PORT
token_public_key = $STATE/secrets/token_sign.pub
token_public_keys = $(for path in "$STATE"/secrets/token_sign_{next,before}.pub; do [ ! -f "$path" ] || printf '%s ' "$path"; done)
static_dir = $ROOT/services/gateway/static
api_dir = $ROOT/proto/derived
$rate
CONF
}

conf_ctl()
{
    { rows_bus hocvu && cat; } <<CONF | conf hocvu
url = http://127.0.0.1:$PORT
sample_dir = $ROOT/deploy/sample
demo_password = $STATE/secrets/demo.password
audit_public_key = $STATE/secrets/audit_sign.pub
CONF
}

# conf_process NAME: of one process of a service.
conf_process()
{
    local service number
    service=$(service_of "$1")
    number=$(bus_services "$ROOT" | sed -n "s/ $service\$//p")
    { rows_service "$number" "$service" "$(instance_of "$1")" && rows_own "$service"; } | conf "$1"
}

# Of our own processes; conf_postgres and conf_redis are for those that deploy/stack runs.
conf_all()
{
    local service
    conf_idp
    conf_providers
    conf_gateway
    conf_ctl
    for service in $(bus_services "$ROOT" | cut -d' ' -f2); do
        conf_process "$service"
    done
}
