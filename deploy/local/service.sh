# shellcheck shell=bash
# What kafka.sh and postgres.sh share. They set `service`, the name that messages begin with, and `here`, their folder, and define stop_all
# and kill_all, which the watcher calls.
: "${service:?}" "${here:?}"

say() { printf '%s: %s\n' "$service" "$*" >&2; }
fail() { say "$*"; exit 1; }
need() { command -v "$1" >/dev/null 2>&1 || fail "$1 is missing; install it with: deploy/install-test-tools.sh"; }

# The comment at the head of a script, from its second line on, is its help.
help() { sed -n '2,/^[^#]/ s/^# \{0,1\}//p' "$0"; }

# usage_unless CONDITION...: a wrong command line says so and shows the help.
usage_unless() { "$@" || { help >&2; exit 2; }; }

# A number may have been given to another process since it was written down: runs PID TEXT says whether the process has this command line.
runs() { [ -n "$1" ] && tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline" | grep -qF -- "$2"; } 2>/dev/null

# until_gone SECONDS PID TEXT
until_gone() {
    local tries=$(($1 * 10))
    while runs "$2" "$3"; do
        [ "$((tries--))" -gt 0 ] || return 1
        sleep 0.1
    done
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A port that nobody listens on, and that the kernel gives to no outgoing connection, so that it is still free after a restart.
free_port() {
    local port
    while port=$(shuf -i 15000-32000 -n 1) && listens "$port"; do :; done
    echo "$port"
}

# open_folder DIR: made if need be. One that holds other things is left alone, for it may be removed later.
open_folder() {
    mkdir -p "$1"
    dir=$(cd "$1" && pwd -P)
    [ -e "$dir/$service.lock" ] || [ -z "$(ls -A "$dir")" ] || fail "$dir holds other things than a $service; name an empty folder"
    lock
}

existing_folder() {
    [ -e "$1/$service.lock" ] || fail "$1 holds no $service; begin with: $(basename "$0") up $1"
    dir=$(cd "$1" && pwd -P)
    lock
}

# One command at a time upon a folder. Whatever outlives the command must not inherit descriptor 9.
lock() { exec 9>"$dir/$service.lock" && flock 9; }

# start_watcher OWNER REMOVE: before anything else is started, so that nothing is left behind whenever the owner ends. With REMOVE the folder
# goes too.
start_watcher() {
    kill -0 "$1" 2>/dev/null || fail "no process $1 to be the owner"
    runs "$(cat "$dir/watcher" 2>/dev/null)" "watch $dir $1" && return
    setsid "$here/$(basename "$0")" watch "$dir" "$1" "$2" </dev/null >/dev/null 2>&1 9>&- &
    echo $! >"$dir/watcher"
}

# watch DIR OWNER REMOVE: waits for the owner's end, and for that of a command that is under way.
watch() {
    dir=$1
    tail --pid="$2" -s 0.2 -f /dev/null
    lock
    if [ "$3" = yes ]; then
        kill_all
        rm -rf "$dir"
    else
        stop_all
    fi
}
