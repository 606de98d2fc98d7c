"""Plants faults in copies of books that have paid, each in one way, and says what must be named for it.

  plant.py BOOKS OUT [remitted|put]

Writes OUT/00, OUT/01, ... and prints a JSON list of {"folder", "kind", "names"}: `farthing check` must fail with exit 1 and say one of `names`.
The first one, kind "control", has no fault; with "remitted" the faults are those of books that have remitted taxes, with "put" of
those in which a person put lines to payments. Some faults have all hashes made anew, as a fault of the program itself would make them.
"""
import json
import shutil
import sqlite3
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "tamper"))
import manifests  # noqa: E402

PAYMENT = ["id", "party", "attempt", "currency", "amount", "replaces", "message_id"]


class Books:
    """A copy of books, as the helpers of tampering want it."""

    def __init__(self, folder):
        self.folder, self.archive = folder, folder / "archive"

    def files(self, table):
        return [path for path in (self.archive / table).rglob("*") if path.is_file()]

    def write(self, path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)


def plant(source, folder, act):
    shutil.copytree(source, folder)
    ledger = sqlite3.connect(folder / "ledger.sqlite")
    ledger.row_factory = sqlite3.Row
    for (name,) in list(ledger.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")):
        ledger.execute(f"DROP TRIGGER {name}")
    names = act(Books(folder), ledger) or []
    ledger.commit()
    ledger.close()
    return names


def run(statement, *names):
    """One statement, which must change something."""

    def act(_, ledger):
        changed = ledger.execute(statement).rowcount
        assert changed > 0, statement
        return names

    return act


def released_again(change):
    """The payments of the first release are changed by `change`, and every hash over them is made anew."""

    def act(books, ledger):
        chain = manifests.chain(ledger)
        release = next(one for one in chain if one["act"].get("released"))
        names = change(ledger, release)
        rows = ledger.execute("SELECT *, paid_in AS arrives FROM payments WHERE sequence = ? ORDER BY line", (release["sequence"],))
        lines = []
        for row in rows:
            fields = {name: row["arrives" if name == "currency" else name] for name in PAYMENT}
            lines.append(json.dumps(fields, separators=(",", ":"), ensure_ascii=False) + "\n")
        release["act"]["released"]["payments_sha256"] = manifests.sha256("".join(lines))
        manifests.rechain(books, ledger, chain)
        return names

    return act


def unit_more(ledger, release):
    """A payment of a unit more than the draft says; the sums fit."""
    line, amount, party = ledger.execute("SELECT line, amount, party FROM payments WHERE sequence = ? LIMIT 1", (release["sequence"],)).fetchone()
    more = lambda text: f"{text[:-1]}{int(text[-1]) + 1}"  # noqa: E731
    ledger.execute("UPDATE payments SET amount = ? WHERE sequence = ? AND line = ?", (more(amount), release["sequence"], line))
    sums = release["act"]["released"]["sums"]
    sums[0]["amount"] = more(sums[0]["amount"])
    return [f"where {party} is owed"]


def other_party(ledger, release):
    """What is owed to one is sent to another, who is owed as well."""
    one, other = [row[0] for row in ledger.execute("SELECT party FROM payments WHERE sequence = ? LIMIT 2", (release["sequence"],))]
    for old, new in ((one, "?"), (other, one), ("?", other)):
        ledger.execute("UPDATE payments SET party = ? WHERE party = ? AND sequence = ?", (new, old, release["sequence"]))
    return ["is owed", f"{one}", f"{other}"]


def paid_twice(ledger, release):
    """A second payment to somebody whose first one has not failed."""
    row = dict(ledger.execute("SELECT * FROM payments WHERE sequence = ? AND message_id IS NOT NULL LIMIT 1", (release["sequence"],)).fetchone())
    line = ledger.execute("SELECT MAX(line) FROM payments WHERE sequence = ?", (release["sequence"],)).fetchone()[0] + 1
    row |= {"id": "TWICE-2610-2", "attempt": 2, "replaces": row["id"], "line": line}
    ledger.execute(f"INSERT INTO payments ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
    released = release["act"]["released"]
    released["payments"] += 1
    return [f"{row['party']} has a payment that has not failed for good"]


def older_draft(ledger, release):
    """A release that names more payments than it made."""
    release["act"]["released"]["payments"] += 1
    return ["its payments sum to"]


def ended(*states):
    """The cycle is moved on, and payments of it are on their way: nobody could say so by then."""

    def act(books, ledger):
        chain = manifests.chain(ledger)
        release = next(one for one in chain if one["act"].get("released"))
        step = {name: value for name, value in release["act"].items() if name not in ("released", "booked", "signed")}
        for state in states:
            chain.append(release | {"sequence": chain[-1]["sequence"] + 1, "act": step | {"to": state}})
        manifests.rechain(books, ledger, chain)
        return [f"cycle 2026-10 of mid_guild in EUR is {states[0]}, and payment"]

    return act


def decided(change, *names, kind="assignment", number=1):
    """What a person said of a line or a tax is something else, and every hash over it is made anew."""

    def act(books, ledger):
        chain = manifests.chain(ledger)
        change(next(one["act"] for one in chain if one["act"]["kind"] == kind and one["act"]["number"] == number))
        manifests.rechain(books, ledger, chain)
        return names

    return act


def against(line):
    """It takes back that line of its own message."""
    return lambda act: act.update(to={"whose": "against", "message": act["message"], "line": line})


def cycle_more(act):
    """More of its cycle and of itself."""
    of = act["cycles"][0]
    more = lambda text: f"{text[:-1]}{(int(text[-1]) + 1) % 10}"  # noqa: E731
    act["amount"] = of["amount"] = more(of["amount"])


def told(change, *names):
    """A row of the account says something else, and every hash over what its message came to is made anew."""

    def act(books, ledger):
        assert ledger.execute(f"UPDATE bank_receipts SET {change}").rowcount == 1, change
        chain = manifests.chain(ledger)
        for one in chain:
            if "outcome_sha256" in one["act"]:
                one["act"]["outcome_sha256"] = manifests.sha256(came_to(ledger, one["sequence"]))
        manifests.rechain(books, ledger, chain)
        return names

    return act


def put(change, *names, number=1, to=None):
    """What a line tells of payments is something else, and every hash over it is made anew."""

    def act(books, ledger):
        chain = manifests.chain(ledger)
        made = next(one for one in chain if one["act"]["kind"] == "assignment" and one["act"]["number"] == number)
        if change:
            assert ledger.execute(f"{change} sequence = ?", (made["sequence"],)).rowcount > 0, change
        if to:
            made["act"]["to"].update(to(ledger, made["sequence"]))
        made["act"]["to"]["states_sha256"] = manifests.sha256(came_to(ledger, made["sequence"]))
        manifests.rechain(books, ledger, chain)
        return names

    return act


def of_its_state(ledger, sequence):
    """The payment whose state it is now said to tell."""
    return {"of": ledger.execute("SELECT id FROM payment_states WHERE sequence = ?", (sequence,)).fetchone()[0]}


def taken_away(books, ledger):
    """What was put to a payment is said to be nobody's by a later act."""
    chain = manifests.chain(ledger)
    before = [one["act"] for one in chain if one["act"]["kind"] == "assignment"]
    made = {name: value for name, value in before[0].items() if name != "booked"}
    made |= {"number": len(before) + 1, "instead_of": before[0]["number"], "to": {"whose": "suspense"}}
    chain.append(chain[-1] | {"sequence": chain[-1]["sequence"] + 1, "act": made})
    manifests.rechain(books, ledger, chain)
    return ["what has become of those stays"]


def unpaid_claim(books, ledger):
    """A claim to suspense, and a line that is said to be what was paid for it."""
    chain = manifests.chain(ledger)
    next(one["act"] for one in chain if one["act"]["kind"] == "assignment" and one["act"]["number"] == 2)["to"] = {"whose": "claim", "claim": 1}
    of = {"reference_kind": "party", "reference": "pty_0", "registry_version": 1, "claimed_at": "2026-11-01T00:00:00Z"}
    claim = {"kind": "claim", "number": 1, **of, "through_sequence": 1, "by": "ana"}
    chain.append(chain[-1] | {"sequence": chain[-1]["sequence"] + 1, "act": claim})
    manifests.rechain(books, ledger, chain)
    return ["nothing was paid for claim 1"]


def came_to(ledger, sequence):
    """What a message came to, as its hash goes over it: a list a line."""
    lists = []
    for name, table, fields, more in CAME:
        rows = ledger.execute(f"SELECT {', '.join(fields)}, {more} FROM {table} WHERE sequence = ? ORDER BY line", (sequence,))
        lists += [[name, *row] if row[-1] is not None else [name, *row][:-1] for row in rows]
    return "".join(json.dumps(one, separators=(",", ":"), ensure_ascii=False) + "\n" for one in lists)


# What most rows have not stands at the end of those that have it.
CAME = [
    ("state", "payment_states", ["line", "id", "state", "reason", "booked", "reference"], "NULL"),
    ("receipt", "bank_receipts", ["line", "platform", "cycle", "currency", "amount", "booked", "reference"], "unbooked"),
    ("exception", "bank_exceptions", ["line", "reference", "what"], "receipt"),
]


FIRST = "(SELECT id FROM payments WHERE message_id IS NOT NULL ORDER BY sequence, line LIMIT 1)"
SETTLED = "(SELECT id FROM payment_states WHERE state = 'settled' ORDER BY sequence, line LIMIT 1)"
ROWS = "its payments are not those that it names"
CAME_TO = "what the message"
KINDS = [
    ("control", lambda *_: []),
    ("a payment of a unit more", run(f"UPDATE payments SET amount = substr(amount, 1, length(amount) - 1) || '1' WHERE id = {FIRST}", ROWS)),
    ("a payment to another party", run(f"UPDATE payments SET party = 'pty_other' WHERE id = {FIRST}", ROWS)),
    ("a payment is gone", run(f"DELETE FROM payments WHERE id = {FIRST}", ROWS)),
    ("a payment is in no file", run(f"UPDATE payments SET message_id = NULL WHERE id = {FIRST}", ROWS)),
    ("a payment in another currency", run(f"UPDATE payments SET paid_in = 'USD' WHERE id = {FIRST}", ROWS)),
    ("a payment of another cycle", run(f"UPDATE payments SET cycle = '2026-09' WHERE id = {FIRST}", "another MID, currency or cycle")),
    ("a reissue that names nothing", run("UPDATE payments SET replaces = NULL WHERE replaces IS NOT NULL", ROWS)),
    ("a state is gone", run(f"DELETE FROM payment_states WHERE id = {SETTLED} AND state = 'settled'", CAME_TO, "cannot be")),
    ("settled, and said to be rejected", run(f"UPDATE payment_states SET state = 'rejected' WHERE id = {SETTLED} AND state = 'settled'", CAME_TO)),
    ("a state of another payment", run(f"UPDATE payment_states SET id = {FIRST} WHERE state = 'rejected'", CAME_TO, "is said to be")),
    ("sent, and said to have failed at once", run(f"INSERT INTO payment_states SELECT sequence, 77, id, 'rejected', 'x', NULL, NULL FROM payments WHERE id = {FIRST}", "left out were")),
    ("a message is gone", run("DELETE FROM bank_messages", "messages of banks that are kept")),
    ("a message of other bytes", run("UPDATE bank_messages SET body = zeroblob(9)", "is damaged")),
    ("a file that leads elsewhere", run("UPDATE bank_files SET name = '../x.xml'", "its name is no name")),
    ("a receipt of no message", run("INSERT INTO bank_receipts SELECT sequence + 100, line, platform, cycle, currency, amount, booked, reference, unbooked FROM bank_receipts LIMIT 1", "came with no message")),
    ("a state that nobody told", run(f"INSERT INTO payment_states SELECT sequence + 100, 1, id, 'returned', NULL, NULL, NULL FROM payment_states WHERE id = {SETTLED} LIMIT 1", "no manifest names it")),
    ("another day", run(f"UPDATE payment_states SET booked = '2020-01-01' WHERE id = {SETTLED} AND booked IS NOT NULL", CAME_TO)),
    ("a file is gone", run("DELETE FROM bank_files", "is missing")),
    ("a file of other bytes", run("UPDATE bank_files SET body = zeroblob(10)", "is damaged")),
    ("a file with another hash", run("UPDATE bank_files SET sha256 = 'aa', body = NULL", "is not the one that manifest")),
    ("a receipt of a unit more", run("UPDATE bank_receipts SET amount = substr(amount, 1, length(amount) - 1) || '1'", CAME_TO)),
    ("a receipt of another platform", run("UPDATE bank_receipts SET platform = 'plt_b' WHERE platform = 'plt_a'", CAME_TO)),
    ("a receipt is gone", run("DELETE FROM bank_receipts WHERE platform IS NULL", CAME_TO)),
    ("an exception is gone", run("DELETE FROM bank_exceptions", CAME_TO)),
    ("a receipt that was told before", run("UPDATE bank_receipts SET unbooked = 'again' WHERE platform IS NULL", CAME_TO)),
    ("an exception of no line", run("UPDATE bank_exceptions SET receipt = NULL", CAME_TO)),
    ("an exception of another line", run("UPDATE bank_exceptions SET receipt = receipt + 1", CAME_TO)),
    ("assigned to another platform, hashes fit", decided(lambda act: act["to"].update(platform="plt_b"), "is not what it says")),
    ("assigned to the bank, hashes fit", decided(lambda act: act.update(to={"whose": "charges"}), "is not what it says")),
    ("assigned to nobody, hashes fit", decided(lambda act: act.update(to={"whose": "suspense"}), "it moves nothing, and is booked")),
    ("assigned of a unit more, hashes fit", decided(lambda act: act.update(amount="10.000000000001"), "its line is of 10.0")),
    ("assigned of a line that there is not, hashes fit", decided(lambda act: act.update(line=77), "none of the bank's message")),
    ("assigned and not booked, hashes fit", decided(lambda act: act.pop("booked"), "assignment 1: it books nothing")),
    ("a payment of a unit more, hashes fit", released_again(unit_more)),
    ("payments of two parties swapped, hashes fit", released_again(other_party)),
    ("paid twice, hashes fit", released_again(paid_twice)),
    ("a release of more than it made, hashes fit", released_again(older_draft)),
    ("reconciled with a payment on its way, hashes fit", ended("reconciled")),
    ("reconciled and sealed with a payment on its way, hashes fit", ended("reconciled", "sealed")),
]
# Assignments 1 and 2 are of one receipt, 3 of a debit that was told again, and 4 puts a debit to remittance 2. Of one message 5 puts line 1
# against line 3, and line 2 is in suspense by 6.
REMITTED = [
    ("control", lambda *_: []),
    ("the same hashes", told("unbooked = 'again' WHERE unbooked = 'again'")),
    ("a remittance of more than its cycle, hashes fit", decided(cycle_more, "is withheld for DE, and it says", kind="remittance")),
    ("a remittance that is not booked, hashes fit", decided(lambda act: act.pop("booked"), "its act is a message of a bank", kind="remittance", number=2)),
    ("a line that is taken back twice, hashes fit", decided(against(3), "is taken back twice", number=6)),
    ("a debit that takes back a debit, hashes fit", decided(against(2), "is the opposite of", number=5)),
    ("a line that takes back what is not there, hashes fit", decided(against(77), "which was not there", number=5)),
    ("a debit that is hidden as told before, hashes fit", decided(lambda act: act.update(to={"whose": "repetition"}), "is said to be a repetition", number=4)),
    ("two lines of one remittance, hashes fit", decided(lambda act: act.update(to={"whose": "remittance", "remittance": 1}), "remittance 1 is of", number=3)),
    ("a line of another's remittance, hashes fit", decided(lambda act: act["to"].update(remittance=1), "remittance 1 is of", number=4)),
    ("a line of a remittance that there is not, hashes fit", decided(lambda act: act["to"].update(remittance=9), "there is no remittance 9", number=4)),
    ("a line of a claim that there is not, hashes fit", decided(lambda act: act.update(to={"whose": "claim", "claim": 7}), "there is no claim 7", number=2)),
    ("a line of a claim for which nobody paid, hashes fit", unpaid_claim),
    ("a row of a remittance that there is not, hashes fit", told("unbooked = 'remitted:9' WHERE unbooked = 'again'", "there is no remittance 9")),
    ("a row of another remittance, hashes fit", told("unbooked = 'remitted:2' WHERE unbooked = 'remitted:1'", "before that was there")),
    ("a row of a remittance that came later, hashes fit", told("unbooked = 'remitted:2' WHERE unbooked = 'open' AND reference = 'B-3'", "before that was there")),
    ("a row of a remittance and of another sum, hashes fit", told("amount = '-0.010000000000' WHERE unbooked = 'remitted:1'", "remittance 1 is of", "and line")),
    ("a row of a remittance that came in, hashes fit", told("amount = substr(amount, 2) WHERE unbooked = 'remitted:1'", "came in, and remittance 1 went out")),
    ("a row of a remittance in another currency, hashes fit", told("currency = 'USD' WHERE unbooked = 'remitted:1'", "is one of mid_guild in USD")),
    ("a row that is not booked for no reason, hashes fit", told("unbooked = 'opened' WHERE unbooked = 'open' AND reference = 'B-3'", "is no reason why a line is not booked")),
]
THIRD = "(SELECT id FROM payments WHERE id NOT IN (SELECT id FROM payment_states))"
# Assignment 1 puts a debit to a payment and 2 what came back to the same; 3 is of a debit that a message has told of another payment.
PUT = [
    ("control", lambda *_: []),
    ("the same hashes", put(None)),
    ("another day", run("UPDATE payment_states SET booked = '2020-01-01' WHERE state = 'returned'", "are not those that it names")),
    ("the payment of another party, hashes fit", put(f"UPDATE payment_states SET id = {THIRD} WHERE", "or is not of")),
    ("the payment of another party, which is named, hashes fit", put(f"UPDATE payment_states SET id = {THIRD} WHERE", "is said to be", "is not what", to=of_its_state)),
    ("nothing has become of its payment, hashes fit", put("DELETE FROM payment_states WHERE", "nothing becomes of the payments of its line", number=2)),
    ("its payment was rejected, hashes fit", put("UPDATE payment_states SET state = 'rejected' WHERE", "is said to be")),
    ("its payment was accepted, hashes fit", put("UPDATE payment_states SET state = 'accepted' WHERE", "is said to be", number=2)),
    ("the bank has kept something, hashes fit", decided(lambda act: act["to"].update(charges="0.010000000000"), "do not sum to its line")),
    ("charges, and its payment has come back, hashes fit", decided(lambda act: act.update(to={"whose": "charges"}), "no manifest names it or its state", CAME_TO, number=2)),
    ("a repetition of what nobody told, hashes fit", decided(lambda act: act["to"].update(of="NOBODY-1"), "is said to be a repetition", number=3)),
    ("it books nothing, hashes fit", decided(lambda act: act.pop("booked"), "it books nothing", "its act is")),
    ("taken from its payment, hashes fit", taken_away),
]
BOOKS = {"remitted": REMITTED, "put": PUT}

if __name__ == "__main__":
    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir()
    plan = []
    for number, (kind, act) in enumerate(BOOKS[sys.argv[3]] if sys.argv[3:] else KINDS):
        folder = out / f"{number:02}"
        plan.append({"folder": str(folder), "kind": kind, "names": list(plant(source, folder, act))})
    print(json.dumps(plan))
