#!/usr/bin/env bash
# Apache Kafka on this machine, for tests and for trying things out: one broker, or a cluster of any odd number of them (KRaft, every node
# broker and controller). On 127.0.0.1 only; the ports are chosen at the first start and kept.
#
#   kafka.sh up DIR [--nodes N] [--heap SIZE] [--secured FILE] [--owner PID [--remove]]
#                                      start all that is down, return once every broker answers; data are in DIR
#   kafka.sh down DIR                  stop all, keep the data
#   kafka.sh kill DIR NODE             kill -9 a node (1, 2, ...)
#   kafka.sh start DIR NODE            start it again
#   kafka.sh topic DIR NAME PARTITIONS [REPLICATION] [KEY=VALUE...]
#   kafka.sh run DIR CLASS ARGS...     one of Kafka's own tools
#   kafka.sh fetch                     only fetch the programs, once; every other command does it by itself
#
# `up` prints `kafka: BROKERS`; DIR/brokers holds the same list, for bootstrap.servers. What a node says is in DIR/NODE/server.log.
# With --owner everything is stopped when that process has ended, in whatever way; with --remove DIR is then removed too.
# With --secured every broker listens a second time, for SASL over TLS; DIR/secured holds that list. FILE says the rest, in Kafka's words:
# certificates, mechanisms and users, as listener.name.secured.ssl.keystore.location and so on.
# The programs are kept in .services of the checkout, or in $FARTHING_SERVICES, which several checkouts can share. Needs Java 17, Maven.
#
#   deploy/local/kafka.sh up ./kafka
#   deploy/local/kafka.sh topic ./kafka usage 4 1 retention.ms=-1
#   deploy/local/kafka.sh run ./kafka org.apache.kafka.tools.TopicCommand --bootstrap-server "$(cat kafka/brokers)" --list
#   deploy/local/kafka.sh run ./kafka org.apache.kafka.tools.ConsoleProducer --bootstrap-server "$(cat kafka/brokers)" --topic usage
#
# Members of a group may have sessions of a second and more. Under the consumer protocol the group says so, not its members:
#   kafka.sh run DIR kafka.admin.ConfigCommand --bootstrap-server BROKERS --group NAME --alter \
#       --add-config consumer.session.timeout.ms=1000,consumer.heartbeat.interval.ms=300
set -euo pipefail

service=kafka
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
services=${FARTHING_SERVICES:-$here/../../.services}
# shellcheck source-path=SCRIPTDIR
. "$here/service.sh"

# The programs that pom.xml names, and `java`, the command that runs one of them. They are fetched beside their place and moved there whole.
fetch() {
    need java
    mkdir -p "$services"
    jars=$(cd "$services" && pwd -P)/kafka
    java=(java -cp "$jars/*" "-Dlog4j2.configurationFile=$here/kafka/log4j2.properties" -XX:-UsePerfData)
    local stamp new
    stamp=$(sha256sum <"$here/kafka/pom.xml")
    [ "$(cat "$jars/stamp" 2>/dev/null)" != "$stamp" ] || return 0
    need mvn
    exec 8>"$jars.lock" && flock 8
    if [ "$(cat "$jars/stamp" 2>/dev/null)" != "$stamp" ]; then
        say "fetching the programs"
        new=$(mktemp -d "$jars.XXXXXX")
        if ! mvn -B -ntp -q -f "$here/kafka/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$new" -DincludeScope=runtime \
            >"$jars.log" 2>&1; then
            rm -rf "$new"
            fail "the programs cannot be fetched: $(tail -n 20 "$jars.log")"
        fi
        echo "$stamp" >"$new/stamp"
        rm -rf "$jars"
        chmod 755 "$new"
        mv "$new" "$jars"
    fi
    exec 8>&-
}

# Kafka's tools end soon: compiling them well would cost more than it gains.
tool() { "${java[@]}" -Xmx512m -XX:TieredStopAtLevel=1 "$@"; }

# 16 random bytes in the alphabet of Kafka's ids, without the dash: a leading one would be read as an option.
random_id() { head -c 16 /dev/urandom | base64 | tr '+/' 'AB' | cut -c 1-22; }

nodes() { seq "$(cat "$dir/nodes" 2>/dev/null || echo 0)"; }
command_of() { echo "kafka.Kafka $dir/$1/server.properties"; }
pid_of() { cat "$dir/$1/pid" 2>/dev/null; }
is_up() { runs "$(pid_of "$1")" "$(command_of "$1")"; }

# configure NODE PORT CONTROLLER_PORT CONTROLLERS COUNT SECURED_PORT
configure() {
    # Inner topics live on three nodes where there are as many, and then take writes as long as two are up.
    local replicas=$(($5 > 1 ? 3 : 1)) in_sync=$(($5 > 1 ? 2 : 1))
    mkdir -p "$dir/$1/tmp"
    cat >"$dir/$1/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=$1
listeners=PLAINTEXT://127.0.0.1:$2,CONTROLLER://127.0.0.1:$3
advertised.listeners=PLAINTEXT://127.0.0.1:$2,CONTROLLER://127.0.0.1:$3
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=$4
log.dirs=$dir/$1/log
default.replication.factor=$replicas
min.insync.replicas=$in_sync
offsets.topic.replication.factor=$replicas
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=$replicas
transaction.state.log.min.isr=$in_sync
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=$replicas
share.coordinator.state.topic.min.isr=$in_sync
share.coordinator.state.topic.num.partitions=4
auto.create.topics.enable=false
log.retention.ms=-1
# Tests kill: what is gone is to be noticed, and what comes back taken in again, within seconds.
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
group.consumer.min.session.timeout.ms=1000
group.consumer.min.heartbeat.interval.ms=200
# What a topic's retention deletes is to be gone within seconds, too.
log.initial.task.delay.ms=2000
log.retention.check.interval.ms=2000
PROPERTIES
    [ -e "$dir/secured.properties" ] || return 0
    sed -i -E "s#^(listeners|advertised.listeners)=.*#&,SECURED://127.0.0.1:$6#" "$dir/$1/server.properties"
    echo 'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURED:SASL_SSL' >>"$dir/$1/server.properties"
    cat "$dir/secured.properties" >>"$dir/$1/server.properties"
}

# create COUNT: ports, configuration and formatted storage of new nodes. Each storage has an id of its own, known to all controllers.
create() {
    local cluster node port ports=() ids=() brokers='' controllers='' voters='' secured='' formats=()
    cluster=$(random_id)
    for node in $(seq "$1"); do
        for _ in broker controller secured; do
            while port=$(free_port) && [[ " ${ports[*]} " = *" $port "* ]]; do :; done
            ports+=("$port")
        done
        ids+=("$(random_id)")
        brokers+=",127.0.0.1:${ports[-3]}"
        controllers+=",127.0.0.1:${ports[-2]}"
        voters+=",$node@127.0.0.1:${ports[-2]}:${ids[-1]}"
        secured+=",127.0.0.1:${ports[-1]}"
    done
    for node in $(seq "$1"); do
        rm -rf "${dir:?}/$node"
        configure "$node" "${ports[3 * node - 3]}" "${ports[3 * node - 2]}" "${controllers#,}" "$1" "${ports[3 * node - 1]}"
        tool kafka.tools.StorageTool format --cluster-id "$cluster" --initial-controllers "${voters#,}" \
            --config "$dir/$node/server.properties" >"$dir/$node/format.log" 2>&1 9>&- &
        formats+=($!)
    done
    for node in $(seq "$1"); do
        wait "${formats[node - 1]}" || fail "the storage of node $node cannot be made: $(tail -n 5 "$dir/$node/format.log")"
    done
    echo "${brokers#,}" >"$dir/brokers"
    [ ! -e "$dir/secured.properties" ] || echo "${secured#,}" >"$dir/secured"
    # Written last: without it the folder is made anew.
    echo "$1" >"$dir/nodes"
}

# launch NODE: in a session of its own, out of reach of an interrupt from the terminal. The log of the run before stays beside.
launch() {
    local home=$dir/$1
    [ ! -e "$home/server.log" ] || mv "$home/server.log" "$home/server.log.1"
    (
        # Written before there is anything to stop, so that nothing runs that no file names.
        echo "$BASHPID" >"$home/pid"
        exec setsid "${java[@]}" -Dlog.level=INFO "-Djava.io.tmpdir=$home/tmp" -Djava.awt.headless=true "-Xmx$(cat "$dir/heap")" \
            -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:+ExitOnOutOfMemoryError kafka.Kafka "$home/server.properties"
    ) </dev/null >"$home/server.log" 2>&1 9>&- &
    until is_up "$1" || ! kill -0 $! 2>/dev/null; do sleep 0.02; done
}

# One round trip of the protocol, the question for the versions of its calls: the answer repeats our number, 1, and says no error, 0.
answers() {
    local reply
    exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf '\x00\x00\x00\x0a\x00\x12\x00\x00\x00\x00\x00\x01\xff\xff' >&3
    reply=$(timeout 2 head -c 10 <&3 | od -An -tx1 | tr -d ' \n')
    exec 3>&-
    [ "${reply:8}" = 000000010000 ]
} 2>/dev/null

# A broker listens before it serves; that it has been let into the cluster it says itself.
is_ready() { grep -q 'Kafka Server started' "$dir/$1/server.log" && answers "$(port_of "$1")"; }
port_of() { cut -d , -f "$1" "$dir/brokers" | cut -d : -f 2; }

await() {
    for _ in $(seq 900); do
        if is_ready "$1"; then return; fi
        is_up "$1" || fail "node $1 has ended: $(tail -n 20 "$dir/$1/server.log")"
        sleep 0.1
    done
    fail "node $1 does not answer after 90 s: $(tail -n 20 "$dir/$1/server.log")"
}

# bring_up NODE...: all of them together, for one alone may wait for the others.
bring_up() {
    local node
    for node in "$@"; do is_up "$node" || launch "$node"; done
    for node in "$@"; do await "$node"; done
}

kill_node() {
    is_up "$1" || return 0
    kill -KILL "$(pid_of "$1")"
    until_gone 10 "$(pid_of "$1")" "$(command_of "$1")" || fail "node $1 does not end"
}

kill_all() { for node in $(nodes); do kill_node "$node"; done; }

stop_all() {
    local node
    for node in $(nodes); do is_up "$node" && kill -TERM "$(pid_of "$node")"; done
    for node in $(nodes); do
        until_gone 30 "$(pid_of "$node")" "$(command_of "$node")" || { say "node $node has not ended in 30 s and is killed"; kill_node "$node"; }
    done
}

up() {
    local count='' heap='' owner='' remove=no secured='' folder=$1
    shift
    while [ $# -gt 0 ]; do
        case $1 in
            --remove) remove=yes; shift; continue ;;
            --nodes) count=${2-} ;;
            --heap) heap=${2-} ;;
            --owner) owner=${2-} ;;
            --secured) secured=${2-} ;;
            *) usage_unless false ;;
        esac
        usage_unless [ $# -ge 2 ]
        shift 2
    done
    fetch
    open_folder "$folder"
    [ -z "$owner" ] || start_watcher "$owner" "$remove"
    if [ -n "$heap" ] || [ ! -e "$dir/heap" ]; then echo "${heap:-1g}" >"$dir/heap"; fi
    if [ ! -e "$dir/nodes" ]; then
        [ -z "$secured" ] || cp "$secured" "$dir/secured.properties" || fail "$secured cannot be read"
        [[ ${count:-1} =~ ^[0-9]*[13579]$ ]] || fail "a majority of nodes has to decide; name an odd number of them, not $count"
        create "${count:-1}"
    elif [ "${count:-$(cat "$dir/nodes")}" != "$(cat "$dir/nodes")" ]; then
        fail "$dir holds $(cat "$dir/nodes") nodes; name another folder for $count"
    fi
    # shellcheck disable=SC2046 # one word per node
    bring_up $(nodes)
    echo "kafka: $(cat "$dir/brokers")"
}

# the_node DIR NODE
the_node() {
    existing_folder "$1"
    nodes | grep -qxF -- "$2" || fail "$1 has no node $2; its nodes are 1 to $(cat "$dir/nodes")"
}

# topic DIR NAME PARTITIONS [REPLICATION] [KEY=VALUE...]: without a replication the topic is kept as the inner ones are.
topic() {
    local brokers options=(--create --topic "$2" --partitions "$3")
    brokers=$(cat "$1/brokers") || fail "$1 holds no kafka; begin with: kafka.sh up $1"
    shift 3
    if [[ "${1-}" =~ ^[0-9]+$ ]]; then options+=(--replication-factor "$1"); shift; fi
    for pair in "$@"; do options+=(--config "$pair"); done
    tool org.apache.kafka.tools.TopicCommand --bootstrap-server "$brokers" "${options[@]}"
}

command=${1-}
[ $# -eq 0 ] || shift
case $command in
    up) usage_unless [ $# -ge 1 ]; up "$@" ;;
    down) usage_unless [ $# -eq 1 ]; existing_folder "$1"; stop_all ;;
    kill) usage_unless [ $# -eq 2 ]; the_node "$@"; kill_node "$2" ;;
    start) usage_unless [ $# -eq 2 ]; fetch; the_node "$@"; bring_up "$2" ;;
    topic) usage_unless [ $# -ge 3 ]; fetch; topic "$@" ;;
    run) usage_unless [ $# -ge 2 ]; fetch; shift; tool "$@" ;;
    fetch) fetch ;;
    watch) watch "$@" ;;
    help | --help | -h) help ;;
    *) usage_unless false ;;
esac
