"""Tampering with the chain of manifests: in the ledger, in the archive's copies, and in both."""
import hashlib
import json
import re

import pyarrow

AMOUNT = re.compile(r'"(-?[0-9]+\.[0-9]{12})"')


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def unit_more(draw, body):
    """The body with one of its amounts a unit higher."""
    found = draw.choice(list(AMOUNT.finditer(body)))
    whole, fraction = found[1].split(".")
    units = int(whole + fraction) + 1
    sign, digits = "-" if units < 0 else "", f"{abs(units):013}"
    new = f"{sign}{digits[:-12]}.{digits[-12:]}"
    return body[: found.start(1)] + new + body[found.end(1) :], f"{found[1]} becomes {new}"


def unpacked(packed):
    """The text of a draft as its row has it."""
    return pyarrow.input_stream(pyarrow.BufferReader(packed), compression="zstd").read().decode()


def packed(text):
    sink = pyarrow.BufferOutputStream()
    with pyarrow.CompressedOutputStream(sink, "zstd") as out:
        out.write(text.encode())
    return sink.getvalue().to_pybytes()


def path_of(sequence, hash_):
    return f"manifests/v1/{sequence:012}-{hash_[:16]}.json"


def chain(ledger):
    """The manifests of a ledger, parsed, in order."""
    return [json.loads(row["body"]) for row in ledger.execute("SELECT body FROM manifests ORDER BY sequence")]


def rechain(books, ledger, chain):
    """Writes a changed chain everywhere, with all hashes made anew: what only whoever holds the ledger and the archive can do."""
    for path in books.files("manifests"):
        path.unlink()
    ledger.execute("DELETE FROM manifests")
    previous = ""
    for manifest in chain:
        manifest["previous"] = previous
        body = json.dumps(manifest, separators=(",", ":"), ensure_ascii=False)
        previous = sha256(body)
        ledger.execute("INSERT INTO manifests (sequence, sha256, body) VALUES (?, ?, ?)", (manifest["sequence"], previous, body))
        books.write(books.archive / path_of(manifest["sequence"], previous), body.encode())


def one_row(books, ledger, where="1"):
    return books.draw.choice(list(ledger.execute(f"SELECT * FROM manifests WHERE {where} ORDER BY sequence")))


def named(*sequences):
    return [name for at in sequences for name in (f"manifest {at}", f"manifest {at + 1}", f"manifests/v1/{at:012}")]


def hash_made_anew(where):
    """A manifest's body is changed, and the hash beside it made to fit."""

    def act(books, ledger):
        row = one_row(books, ledger, where)
        manifest = json.loads(row["body"])
        last = "01Z" if manifest["at"].endswith("00Z") else "00Z"
        manifest["at"] = manifest["at"].replace("2", "3", 1) if books.draw.randrange(2) else manifest["at"][:-3] + last
        body = json.dumps(manifest, separators=(",", ":"), ensure_ascii=False)
        ledger.execute("UPDATE manifests SET body = ?, sha256 = ? WHERE sequence = ?", (body, sha256(body), row["sequence"]))
        return {"what": f"manifest {row['sequence']}: another time, with its hash", "names": named(row["sequence"])}

    return act


def swapped_everywhere(books, ledger):
    """Two manifests trade places in the ledger and in the archive."""
    last = ledger.execute("SELECT MAX(sequence) FROM manifests").fetchone()[0]
    one, two = books.draw.sample(range(1, last + 1), 2)
    hashes = dict(ledger.execute("SELECT sequence, sha256 FROM manifests"))
    ledger.execute("UPDATE manifests SET sequence = CASE sequence WHEN ?1 THEN -?2 ELSE -?1 END WHERE sequence IN (?1, ?2)", (one, two))
    ledger.execute("UPDATE manifests SET sequence = -sequence WHERE sequence < 0")
    copies = {at: (books.archive / path_of(at, hashes[at])) for at in (one, two)}
    contents = {at: copy.read_bytes() for at, copy in copies.items()}
    for at, other in ((one, two), (two, one)):
        copies[at].unlink()
        books.write(books.archive / path_of(at, hashes[other]), contents[other])
    return {"what": f"manifests {one} and {two} swapped in the ledger and the archive", "names": named(one, two)}


def tail_lost(books, ledger):
    """The ledger forgets its last manifests, as if an older copy of these rows had been put back."""
    last = ledger.execute("SELECT MAX(sequence) FROM manifests").fetchone()[0]
    kept = last - books.draw.randrange(2, 5)
    ledger.execute("DELETE FROM manifests WHERE sequence > ?", (kept,))
    return {"what": f"manifests after {kept} removed", "names": named(*range(kept + 1, last + 1)) + ["position of", "dead letter"]}


def changed_copy(books, ledger):
    """Only the archive's copy of a manifest says something else."""
    row = one_row(books, ledger)
    path = books.archive / path_of(row["sequence"], row["sha256"])
    books.write(path, row["body"].replace("2026", "2027", 1).encode())
    return books.of_file(path, "another year")


KINDS = [
    ("manifest changed with its hash", hash_made_anew("1")),
    ("manifest changed with its hash", hash_made_anew("1")),
    ("last manifest changed with its hash", hash_made_anew("sequence = (SELECT MAX(sequence) FROM manifests)")),
    ("manifests swapped everywhere", swapped_everywhere),
    ("manifests swapped everywhere", swapped_everywhere),
    ("last manifests lost", tail_lost),
    ("changed copy of a manifest", changed_copy),
]
