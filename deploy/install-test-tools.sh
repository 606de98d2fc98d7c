#!/usr/bin/env bash
# Installs what the tests need and the machine may lack: a Python environment in .venv with the readers that the archive is checked with,
# and strace. Safe to run again: quick once done. Packages come from wherever pip and apt are configured to look.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=.venv
packages=(duckdb==2.0.0 polars==2.1.0 pyarrow==26.0.1)
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
    if "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "${packages[@]}" && "$venv/bin/python" -c 'import duckdb, polars, pyarrow'; then
        printf '%s' "${packages[*]}" >"$stamp"
    else
        missing+=("${packages[@]}")
    fi
}

install_python
have strace || apt_package strace || true
# cc links every Rust program, and some dependencies bring C.
have cc || apt_package gcc || true
have git || apt_package git || true

if [ "${#missing[@]}" -gt 0 ]; then
    say "missing, and not installable from here: ${missing[*]}"
    say "as root: apt-get install strace gcc git python3-venv; with network: pip install ${packages[*]}"
    exit 1
fi
