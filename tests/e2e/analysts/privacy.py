"""Searches an archive, and the snapshot of the registry, for texts: in their bytes and in all that they decode to.

  privacy.py BOOKS TEXT...

Prints JSON: {"found": {text: [paths]}, "files": n, "values": n}. Salts and hashes of private details, read from the ledger, are
searched for as well, under the names "salt" and "unsalted hash".
"""
import hashlib
import json
import sqlite3
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet


def texts_of(value):
    """All that a value of a table holds, as bytes."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from texts_of(key)
            yield from texts_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_of(inner)
    elif isinstance(value, bytes):
        yield value
    elif value is not None:
        yield str(value).encode()


def contents(path):
    """The bytes of a file, and what they decode to."""
    yield path.name.encode()
    yield path.read_bytes()
    if path.suffix == ".parquet":
        file = pyarrow.parquet.ParquetFile(path)
        yield str(file.metadata.metadata).encode()
        yield str(file.schema_arrow.metadata).encode()
        yield b"\0".join(texts_of(file.read().to_pylist()))
    elif path.suffix == ".zst":
        yield pyarrow.input_stream(str(path), compression="zstd").read()


def main(books, *texts):
    wanted = {text: [text.encode(), json.dumps(text)[1:-1].encode()] for text in texts}
    ledger = sqlite3.connect(f"{books}/ledger.sqlite")
    details = ledger.execute("SELECT salt, details FROM party_details").fetchall()
    wanted["salt"] = [salt.encode() for salt, _ in details] + [bytes.fromhex(salt) for salt, _ in details]
    hashes = [hashlib.sha256(text.encode()) for _, text in details]
    wanted["unsalted hash"] = [form for hash_ in hashes for form in (hash_.hexdigest().encode(), hash_.digest())]
    found, files = {}, 0
    for path in [*sorted(Path(books, "archive").rglob("*")), Path(books, "ledger.sqlite.registry-snapshot").resolve(strict=True)]:
        if not path.is_file():
            continue
        files += 1
        for content in contents(path):
            lower = content.lower()
            for text, forms in wanted.items():
                if any(form in content or form.lower() in lower for form in forms):
                    found.setdefault(text, set()).add(str(path))
    print(json.dumps({"found": {text: sorted(paths) for text, paths in found.items()}, "files": files, "parties": len(details)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
