#!/usr/bin/env python3
"""No version in Cargo.lock is yanked, as far as cargo's own copy of the registry's index says.

  check_yanked.py [--self-test]

Cargo keeps an index entry per crate below $CARGO_HOME/registry/index/*/.cache, refreshed here by a resolution that changes nothing; where
the registry cannot be reached the copy is as old as the last download, and that is said. An entry is a short binary header, then
`version NUL json NUL` for each version; only the JSON is read, so the header's form does not matter. A crate without an entry is named.
Exits 1 if a locked version is yanked, or if no entry could be read at all.
"""
import glob
import json
import os
import subprocess
import sys


def locked(text):
    """(name, version) of each package of a Cargo.lock that comes from a registry."""
    for block in text.split("[[package]]")[1:]:
        fields = dict(line.split(" = ", 1) for line in block.splitlines() if " = " in line and not line.startswith(" "))
        if fields.get("source", "").startswith('"registry+'):
            yield fields["name"].strip('"'), fields["version"].strip('"')


def versions(entry):
    """{version: yanked} of an index entry."""
    found = {}
    for part in entry.split(b"\0"):
        if part.startswith(b"{"):
            record = json.loads(part)
            found[record["vers"]] = record.get("yanked", False)
    return found


def folder(name):
    """Where the index keeps a crate, by the length of its name."""
    name = name.lower()
    return {1: "1", 2: "2", 3: f"3/{name[0]}"}.get(len(name), f"{name[:2]}/{name[2:4]}") + "/" + name


def check(packages, read):
    """(yanked, unknown) among the packages; read(name) is the index entry or None."""
    yanked, unknown = [], []
    for name, version in packages:
        entry = read(name)
        known = versions(entry) if entry else {}
        if version not in known:
            unknown.append(f"{name} {version}")
        elif known[version]:
            yanked.append(f"{name} {version}")
    return yanked, unknown


def self_test():
    entry = b'\x03\x02\x00\x00\x00etag: "x"\x001.0.0\0{"vers":"1.0.0","yanked":true}\x001.0.1\0{"vers":"1.0.1","yanked":false}\0'
    lock = '[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "registry+x"\n\n[[package]]\nname = "own"\nversion = "0.1.0"\n'
    packages = list(locked(lock)) + [("a", "1.0.1"), ("b", "1.0.0")]
    assert check(packages, {"a": entry}.get) == (["a 1.0.0"], ["b 1.0.0"]), check(packages, {"a": entry}.get)
    assert [folder(n) for n in ("a", "ab", "abc", "Serde")] == ["1/a", "2/ab", "3/a/abc", "se/rd/serde"]


def main():
    self_test()
    if sys.argv[1:] == ["--self-test"]:
        return 0
    fresh = subprocess.run(["cargo", "update", "--dry-run", "--quiet"], capture_output=True).returncode == 0
    home = os.environ.get("CARGO_HOME", os.path.expanduser("~/.cargo"))
    caches = glob.glob(os.path.join(home, "registry/index/*/.cache"))

    def read(name):
        paths = [os.path.join(cache, folder(name)) for cache in caches]
        paths = [path for path in paths if os.path.isfile(path)]
        if not paths:
            return None
        with open(max(paths, key=os.path.getmtime), "rb") as entry:
            return entry.read()

    packages = list(locked(open("Cargo.lock", encoding="utf-8").read()))
    yanked, unknown = check(packages, read)
    checked = len(packages) - len(unknown)
    print(f"yanked: {checked} of {len(packages)} locked versions looked up in {'the current' if fresh else 'an OLD copy of the'} index")
    if unknown:
        print(f"  !! NOT CHECKED for being yanked: {', '.join(unknown[:10])}{' and more' if len(unknown) > 10 else ''}", file=sys.stderr)
    for name in yanked:
        print(f"yanked: {name}", file=sys.stderr)
    return 1 if yanked or checked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
