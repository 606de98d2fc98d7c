#!/usr/bin/env bash
# Builds the Kafka Streams peer into DIR, once for each version of what it is made of, and prints its class path. Needs Java 17 and Maven.
#
#   build.sh DIR
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
say() { printf 'kafka-streams: %s\n' "$*" >&2; }

[ $# -eq 1 ] || { say "name the folder to build into: build.sh DIR"; exit 2; }
for program in java mvn; do
    command -v "$program" >/dev/null 2>&1 || { say "$program is missing; install it with: deploy/install-test-tools.sh"; exit 1; }
done
mkdir -p "$1"
out=$(cd "$1" && pwd -P)
exec 9>"$out/lock" && flock 9
stamp=$(cat "$here/pom.xml" "$here"/src/main/java/farthing/peer/*.java | sha256sum)
if [ "$(cat "$out/stamp" 2>/dev/null)" != "$stamp" ]; then
    say "building it, once"
    rm -rf "$out/classes" "$out/jars" "$out/stamp"
    if ! mvn -B -ntp -q -f "$here/pom.xml" "-Dout=$out" compile dependency:copy-dependencies "-DoutputDirectory=$out/jars" \
        -DincludeScope=runtime >"$out/log" 2>&1; then
        say "it cannot be built: $(tail -n 20 "$out/log")"
        exit 1
    fi
    echo "$stamp" >"$out/stamp"
fi
echo "$out/classes:$out/jars/*"
