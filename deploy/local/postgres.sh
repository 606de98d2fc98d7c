#!/usr/bin/env bash
# PostgreSQL on this machine, for tests and for trying things out: one server with a role and a database `farthing`, open to whoever is on
# this machine, on 127.0.0.1 only; the port is chosen at the first start and kept.
#
#   postgres.sh up DIR [--owner PID [--remove]]
#                           start it if it is down, return once it answers a query; data are in DIR
#   postgres.sh down DIR    stop it, keep the data
#   postgres.sh kill DIR    kill -9 the server and all its processes, as a crash would
#   postgres.sh start DIR   start it again
#   postgres.sh database DIR NAME
#                           create a database, print its URL
#   postgres.sh find        print the folder of the programs that are used
#
# `up` prints `postgres: URL`; DIR/url holds the same. What the server says is in DIR/server.log. `farthing` may create databases.
# With --owner the server is stopped when that process has ended, in whatever way; with --remove DIR is then removed too.
# Needs PostgreSQL 15 or newer. It does not run as root: started by root, it runs as the user postgres, who must be able to enter DIR.
#
#   deploy/local/postgres.sh up ./postgres
#   psql "$(cat postgres/url)" -c 'select version()'
set -euo pipefail

service=postgres
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source-path=SCRIPTDIR
. "$here/service.sh"

OLDEST=15

as_server() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

# The folder of the newest server that is new enough, in `bin`. pg_config may tell of the client's folder only.
find_programs() {
    local candidate
    for candidate in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) "$(pg_config --bindir 2>/dev/null)"; do
        if [ -x "$candidate/initdb" ] && [ "$(major_version "$candidate")" -ge "$OLDEST" ]; then
            bin=$candidate
            return
        fi
    done
    fail "there is no server of PostgreSQL $OLDEST or newer; install it with: deploy/install-test-tools.sh"
}

major_version() { "$1/postgres" --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/'; }

command_line() { echo "postgres -D $dir/data"; }
pid() { head -n 1 "$dir/data/postmaster.pid" 2>/dev/null; }
is_up() { runs "$(pid)" "$(command_line)"; }
query() { "$bin/psql" -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$(cat "$dir/port")" -U "$1" -d "$2" -c "$3"; }

# The server's processes enter the folder by its path, and only as their own user.
hand_over() {
    [ "$(id -u)" = 0 ] || return 0
    id postgres >/dev/null 2>&1 || fail "there is no user postgres to run the server as; run this as a user other than root"
    chown postgres "$dir"
    as_server test -w "$dir" || fail "the user postgres cannot enter $dir; name a folder below /tmp"
}

# Made beside its place and moved there whole, so that an interrupted attempt is begun again. The folder is empty before, so there is nothing
# to be synced for.
create() {
    rm -rf "$dir/data" "$dir/data.new"
    free_port >"$dir/port"
    as_server "$bin/initdb" -D "$dir/data.new" -U postgres -A trust -E UTF8 --no-locale --no-sync >"$dir/initdb.log" 2>&1 ||
        fail "the data folder cannot be made: $(tail -n 5 "$dir/initdb.log")"
    cat >>"$dir/data.new/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
port = $(cat "$dir/port")
CONF
    mv "$dir/data.new" "$dir/data"
}

bring_up() {
    is_up || as_server "$bin/pg_ctl" -D "$dir/data" -l "$dir/server.log" -s -w -t 60 start </dev/null >/dev/null 2>&1 9>&- ||
        fail "the server does not start: $(tail -n 20 "$dir/server.log")"
    query postgres postgres 'select 1' >/dev/null || fail "the server does not answer; see $dir/server.log"
}

url() { echo "postgres://farthing@127.0.0.1:$(cat "$dir/port")/$1"; }

create_role() {
    query postgres postgres 'create role farthing login createdb'
    query postgres postgres 'create database farthing owner farthing'
    # Written last: without it the folder is made anew.
    url farthing >"$dir/url"
}

database() {
    query farthing postgres "create database \"$1\""
    url "$1"
}

children() { cat "/proc/$1/task/$1/children"; }

# Stopped first, so that it starts no other process while they are counted.
kill_all() {
    local server child processes
    is_up || return 0
    server=$(pid)
    kill -STOP "$server"
    processes=("$server")
    for child in $(children "$server"); do processes+=("$child"); done
    kill -KILL "${processes[@]}"
    for child in "${processes[@]}"; do until_gone 10 "$child" postgres || fail "process $child does not end"; done
    # Until somebody collects the dead, as process 1 does late or never in some containers, the next server would take the last for running.
    rm -f "$dir/data/postmaster.pid"
}

stop_all() {
    is_up || return 0
    as_server "$bin/pg_ctl" -D "$dir/data" -s -w -t 30 -m fast stop 9>&- && return
    say "the server has not ended in 30 s and is killed"
    kill_all
}

up() {
    local owner='' remove=no folder=$1
    shift
    while [ $# -gt 0 ]; do
        case $1 in
            --remove) remove=yes; shift; continue ;;
            --owner) owner=${2-} ;;
            *) usage_unless false ;;
        esac
        usage_unless [ $# -ge 2 ]
        shift 2
    done
    open_folder "$folder"
    [ -z "$owner" ] || start_watcher "$owner" "$remove"
    hand_over
    [ -e "$dir/url" ] || { kill_all; create; }
    bring_up
    [ -e "$dir/url" ] || create_role
    echo "postgres: $(cat "$dir/url")"
}

command=${1-}
[ $# -eq 0 ] || shift
case $command in
    up) usage_unless [ $# -ge 1 ]; find_programs; up "$@" ;;
    down) usage_unless [ $# -eq 1 ]; find_programs; existing_folder "$1"; stop_all ;;
    kill) usage_unless [ $# -eq 1 ]; existing_folder "$1"; kill_all ;;
    start) usage_unless [ $# -eq 1 ]; find_programs; existing_folder "$1"; bring_up ;;
    database) usage_unless [ $# -eq 2 ]; find_programs; existing_folder "$1"; database "$2" ;;
    find) find_programs; echo "$bin" ;;
    watch) find_programs; watch "$@" ;;
    help | --help | -h) help ;;
    *) usage_unless false ;;
esac
