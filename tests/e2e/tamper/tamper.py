"""Tampers with copies of books, each in one way, and says what must be named for it.

  tamper.py BOOKS OUT SEED COUNT

Writes OUT/000, OUT/001, ... (COUNT of them, every kind in turn, the choices within a kind by SEED) and prints a JSON list of
{"folder", "kind", "what", "names", "file"}: a verification must fail and say one of `names`; `file` is the path of the archive that
was tampered with, or null. The first one, kind "control", is not tampered with and has no names.

A tamperer who can write to the ledger can take its triggers away and put them back, so that is what this does.
"""
import json
import random
import shutil
import sqlite3
import sys
from pathlib import Path

import forge
import manifests

TABLES = ["usage", "accruals", "lines", "registry", "manifests"]
# What a row is called by: each of these columns, or the number, is what a person needs to find it.
CALLED = {
    # A gap in the chain is named by what stands after it.
    "manifests": lambda row: [f"manifest {row['sequence']}", f"manifest {row['sequence'] + 1}", f"manifests/v1/{row['sequence']:012}"],
    "positions": lambda row: [f"position of {row['partition']}", f"positions of {{\"{row['partition']}\"", f"positions of [\"{row['partition']}\""],
    "dead_letters": lambda row: [f"dead letter {row['number']}", f"dead letters of batch {row['batch']}", f"dead letters after {row['number'] - 1} "],
    "party_details": lambda row: [f"party_details of {row['party']}"],
    "cycles": lambda row: [f"cycle {row['cycle']} of {row['mid']} in {row['currency']}", f"\"{row['mid']}\", \"{row['currency']}\", \"{row['cycle']}\""],
    "drafts": lambda row: [f"draft of cycle {row['cycle']} of {row['mid']} in {row['currency']}"],
    "actors": lambda row: [f"actor {row['actor']}", f"actors are missing: [\"{row['actor']}\""],
    "retired_actors": lambda row: [f"actor {row['actor']}"],
    "batch_totals": lambda row: [f"totals of batch {row['batch']} in {row['currency']}", f"batch {row['batch']} in {row['currency']}"],
}


class Books:
    """A copy of books that is to be tampered with."""

    def __init__(self, folder, draw):
        self.folder, self.draw, self.archive = folder, draw, folder / "archive"

    def files(self, table):
        return sorted(path for path in (self.archive / table).rglob("*") if path.is_file())

    def write(self, path, content):
        # The copy may be a link to the original: a new file takes its place.
        path.unlink(missing_ok=True)
        path.write_bytes(content)

    def name(self, path):
        return str(path.relative_to(self.archive))

    def of_file(self, path, what):
        return {"what": f"{self.name(path)}: {what}", "names": [self.name(path)], "file": self.name(path)}

    def ledger(self):
        """A connection without triggers; `close` puts them back."""
        ledger = sqlite3.connect(self.folder / "ledger.sqlite", isolation_level=None)
        ledger.row_factory = sqlite3.Row
        triggers = list(ledger.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
        for trigger in triggers:
            ledger.execute(f"DROP TRIGGER {trigger['name']}")
        return ledger, [trigger["sql"] for trigger in triggers]


def close(ledger, triggers):
    for trigger in triggers:
        ledger.execute(trigger)
    ledger.close()


def on_ledger(act):
    """A tampering that gets a connection beside the books."""

    def tampered(books):
        ledger, triggers = books.ledger()
        found = act(books, ledger)
        close(ledger, triggers)
        return {"file": None} | found

    return tampered


def control(books):
    ledger, triggers = books.ledger()
    close(ledger, triggers)
    return {"what": "nothing is changed", "names": [], "file": None}


# Files.


def flip(table):
    def act(books):
        path = books.draw.choice(books.files(table))
        content = bytearray(path.read_bytes())
        bit = books.draw.randrange(len(content) * 8)
        content[bit // 8] ^= 1 << bit % 8
        books.write(path, bytes(content))
        return books.of_file(path, f"bit {bit} is flipped")

    return act


def remove(table):
    def act(books):
        path = books.draw.choice(books.files(table))
        path.unlink()
        return books.of_file(path, "removed")

    return act


def resize(books):
    path = books.draw.choice(books.files(books.draw.choice(TABLES)))
    content = path.read_bytes()
    longer = books.draw.randrange(2)
    books.write(path, content + b"\n" if longer else content[: books.draw.randrange(len(content))])
    return books.of_file(path, "a byte more" if longer else "cut short")


def swap(table):
    def act(books):
        one, two = books.draw.sample(books.files(table), 2)
        contents = one.read_bytes(), two.read_bytes()
        books.write(one, contents[1])
        books.write(two, contents[0])
        found = books.of_file(one, f"swapped with {books.name(two)}")
        return found | {"names": [books.name(one), books.name(two)]}

    return act


def older(table):
    """The content of an earlier file of the same table comes back under a later one's name."""

    def act(books):
        one, two = sorted(books.draw.sample(books.files(table), 2), key=lambda path: path.name)
        books.write(two, one.read_bytes())
        return books.of_file(two, f"replaced by {books.name(one)}")

    return act


# Rows.


def rows(ledger, table, where="1"):
    return list(ledger.execute(f"SELECT rowid, * FROM {table} WHERE {where}"))


def update(ledger, table, row, column, value):
    ledger.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (value, row["rowid"]))
    return dict(row) | {column: value}


def named(table, *rows):
    return [name for row in rows for name in CALLED[table](row)]


def unit_more(table, column):
    def act(books, ledger):
        found = rows(ledger, table, f"{column} IS NOT NULL")
        # A number that must be unique can only be moved at its end.
        taken = {row[column] for row in found}
        unique = table == "batch_totals" or len(taken) == len(found) and column in ("sequence", "number")
        row = books.draw.choice([row for row in found if not unique or row[column] + 1 not in taken])
        changed = update(ledger, table, row, column, row[column] + 1)
        return {"what": f"{table}.{column}: {row[column]} + 1", "names": named(table, row, changed)}

    return on_ledger(act)


def other_character(draw, text):
    """The text with one character changed to another of its sort."""
    at = draw.randrange(len(text))
    old = text[at]
    sorts = ["0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    sort = next((sort for sort in sorts if old in sort), "x#")
    new = draw.choice([new for new in sort if new != old])
    return text[:at] + new + text[at + 1 :], f"{old!r} at {at} becomes {new!r}"


def text_of(column, value):
    if column == "packed":
        return manifests.unpacked(value)
    return value.decode() if isinstance(value, bytes) else value


def like(column, value, text):
    """The text as the value of a row that has that value now."""
    if column == "packed":
        return manifests.packed(text)
    return text.encode() if isinstance(value, bytes) else text


def character(table, column):
    def act(books, ledger):
        row = books.draw.choice(rows(ledger, table, f"length({column}) > 0"))
        taken = {text_of(column, row[column]) for row in rows(ledger, table)}
        text, what = text_of(column, row[column]), ""
        while text in taken:
            text, what = other_character(books.draw, text_of(column, row[column]))
        changed = update(ledger, table, row, column, like(column, row[column], text))
        return {"what": f"{table}.{column}: {what}", "names": named(table, row, changed)}

    return on_ledger(act)


def amount(table, column):
    """A unit more in an amount within a JSON text."""

    def act(books, ledger):
        row = books.draw.choice([row for row in rows(ledger, table) if manifests.AMOUNT.search(text_of(column, row[column]))])
        text, what = manifests.unit_more(books.draw, text_of(column, row[column]))
        update(ledger, table, row, column, like(column, row[column], text))
        return {"what": f"{table}.{column}: {what}", "names": named(table, row)}

    return on_ledger(act)


def longer(books, ledger):
    """A byte more behind the packed text of a draft."""
    row = books.draw.choice(rows(ledger, "drafts"))
    update(ledger, "drafts", row, "packed", row["packed"] + b"\0")
    return {"what": "drafts.packed: a byte more", "names": named("drafts", row)}


def twofold(books, ledger):
    """A text beside the packed one, for whoever reads the table."""
    ledger.execute("PRAGMA ignore_check_constraints = 1")
    row = books.draw.choice(rows(ledger, "drafts"))
    update(ledger, "drafts", row, "body", "{}")
    return {"what": "drafts.body: a second text", "names": named("drafts", row)}


def removed_row(table, which=None, also=()):
    def act(books, ledger):
        found = rows(ledger, table)
        row = books.draw.choice(found) if which is None else found[which]
        ledger.execute(f"DELETE FROM {table} WHERE rowid = ?", (row["rowid"],))
        return {"what": f"{table}: row {CALLED[table](row)[0]} removed", "names": named(table, row) + list(also)}

    return on_ledger(act)


def added_row(table, **columns):
    """A row more: a copy of another, but for these columns."""

    def act(books, ledger):
        row = dict(books.draw.choice(rows(ledger, table)))
        del row["rowid"]
        row |= columns
        ledger.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
        return {"what": f"{table}: {columns} added", "names": named(table, row) + [row[key] for key in ("sha256",) if key in columns]}

    return on_ledger(act)


def replayed(books, ledger):
    """A letter that waits is marked as replayed, or the other way round."""
    row = books.draw.choice(rows(ledger, "dead_letters"))
    changed = update(ledger, "dead_letters", row, "replayed_in", None if row["replayed_in"] else 9)
    return {"what": f"dead_letters.replayed_in of {row['number']}: {changed['replayed_in']}", "names": named("dead_letters", row)}


def number_again(books, ledger):
    """The last number that was given out is lower than it was: it would be given out again."""
    ledger.execute("UPDATE batch_numbers SET last = last - 1")
    return {"what": "batch_numbers.last: one less", "names": ["batch_numbers"]}


def reserved_again(books, ledger):
    """A committed batch is reserved, as if it could be committed again."""
    ledger.execute("INSERT INTO reservations (batch, partition, epoch) VALUES (1, '/one.ndjson', 1)")
    return {"what": "reservations: batch 1 added", "names": ["reservation of batch 1"]}


def swapped_rows(table, columns):
    """Two rows trade what stands in these columns."""

    def act(books, ledger):
        one, two = books.draw.sample(rows(ledger, table), 2)
        for row in (one, two):
            # Out of the way first: the columns may have to be unique.
            ledger.execute(f"UPDATE {table} SET {columns[0]} = {columns[0]} || 'x' WHERE rowid = ?", (row["rowid"],))
        for row, other in ((one, two), (two, one)):
            for column in columns:
                update(ledger, table, row, column, other[column])
        return {"what": f"{table}: {columns} of {CALLED[table](one)[0]} and {CALLED[table](two)[0]} swapped", "names": named(table, one, two)}

    return on_ledger(act)


KINDS = (
    [(f"flipped bit in {table}", flip(table)) for table in TABLES]
    + [(f"removed file of {table}", remove(table)) for table in TABLES]
    + [(f"swapped files of {table}", swap(table)) for table in TABLES]
    + [(f"older file of {table}", older(table)) for table in TABLES]
    + [("resized file", resize)] * 2
    + [(f"unit in {table}.{column}", unit_more(table, column)) for table, columns in {
        "manifests": ["sequence"],
        "positions": ["epoch", "next", "read", "metered", "duplicate", "rejected"],
        "dead_letters": ["number", "batch", "position", "replayed_in"],
        "batch_totals": ["batch"],
        "actors": ["sequence"],
        "retired_actors": ["sequence"],
    }.items() for column in columns]
    + [(f"character in {table}.{column}", character(table, column)) for table, columns in {
        "manifests": ["sha256", "body"],
        "positions": ["partition", "fingerprint", "sealed"],
        "dead_letters": ["partition", "code", "sentence", "raw"],
        "party_details": ["party", "salt", "sha256", "details"],
        "cycles": ["mid", "currency", "cycle", "state"],
        "drafts": ["sha256", "mid", "currency", "cycle", "packed"],
        "batch_totals": ["currency", "gross", "labour"],
        "actors": ["actor", "person", "public_key"],
        "retired_actors": ["actor"],
    }.items() for column in columns]
    + [(f"amount in {table}.{column}", amount(table, column)) for table, column in (("manifests", "body"), ("drafts", "packed"))] * 2
    + [("longer draft", on_ledger(longer)), ("twofold draft", on_ledger(twofold))]
    # The last manifest is missed by the positions that it moved.
    + [(f"removed row of {table}", removed_row(table, None, ["position of"] if table == "manifests" else []))
       for table in ("manifests", "positions", "dead_letters", "cycles", "drafts", "batch_totals", "actors", "retired_actors")] * 2
    + [("removed first manifest", removed_row("manifests", 0)), ("removed last manifest", removed_row("manifests", -1, ["position of"]))]
    + [("letter's replay", on_ledger(replayed))]
    + [("number given out again", on_ledger(number_again)), ("batch reserved again", on_ledger(reserved_again))]
    + [("added position", added_row("positions", partition="/added.ndjson")), ("added letter", added_row("dead_letters", number=5)),
       ("added details", added_row("party_details", party="pty_added")), ("added cycle", added_row("cycles", cycle="2027-01")),
       ("added draft", added_row("drafts", sha256="0" * 64)), ("added totals", added_row("batch_totals", currency="XAF")),
       ("added actor", added_row("actors", actor="eva", public_key="0" * 64)), ("actor retired", added_row("retired_actors", actor="ana"))]
    + [(f"swapped rows of {table}", swapped_rows(table, columns)) for table, columns in {
        "manifests": ["body"], "drafts": ["packed"], "party_details": ["details"], "dead_letters": ["raw"]}.items()]
    + [("swapped manifests with their hashes", swapped_rows("manifests", ["sha256", "body"]))]
    + [("drafts swapped whole", swapped_rows("drafts", ["sha256", "packed"]))]
    + [(kind, on_ledger(act)) for kind, act in manifests.KINDS + forge.KINDS]
)


def copied(books, folder):
    """A copy whose archive shares its files with the original; the ledger is changed in place, so it is a copy indeed."""
    def link_or_copy(source, target):
        if "archive" in Path(source).parts:
            Path(target).hardlink_to(source)
        else:
            shutil.copy2(source, target)

    shutil.copytree(books, folder, copy_function=link_or_copy)


def main(books, out, seed, count):
    plan = []
    for number in range(int(count)):
        kind, act = KINDS[(number - 1) % len(KINDS)] if number else ("control", control)
        folder = Path(out) / f"{number:03}"
        copied(books, folder)
        found = act(Books(folder, random.Random(f"{seed} {number}")))
        plan.append({"folder": str(folder), "kind": kind} | found)
    print(json.dumps({"kinds": len(KINDS), "plan": plan}))


if __name__ == "__main__":
    main(*sys.argv[1:])
