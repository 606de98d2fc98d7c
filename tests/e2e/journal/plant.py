"""Plants faults in copies of books, each in one way, and says what must be named for it.

  plant.py BOOKS OUT

Writes OUT/00, OUT/01, ... and prints a JSON list of {"folder", "kind", "command", "names"}: the command must fail with exit 1 and say one
of `names`. The first one, kind "control", has no fault.

Most faults are consistent: every hash is made anew in the journal, in the chain of manifests and in its copies, as a fault of the program
itself would make them. Only what the figures mean can tell.
"""
import json
import random
import sys
from decimal import Decimal
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "tamper"))
import manifests  # noqa: E402
import tamper  # noqa: E402

UNIT = Decimal("0.000000000001")
HEADER = ["kind", "mid", "cycle", "happened", "booked", "reason", "reference", "reverses"]


class Journal:
    """The entries of a ledger as objects in the form of their canonical JSON, and the act that booked each."""

    def __init__(self, books, ledger):
        self.books, self.ledger, self.chain = books, ledger, manifests.chain(ledger)
        self.entries = [self.entry(row) for row in ledger.execute("SELECT * FROM journal_entries ORDER BY number")]
        self.acts = [manifest["act"] for manifest in self.chain if manifest["act"].get("booked")]
        owners = [act for act in self.acts for _ in range(act["booked"]["entries"])]
        self.of_act = [(act, [entry for owner, entry in zip(owners, self.entries) if owner is act]) for act in self.acts]

    def entry(self, row):
        select = "SELECT account, owner, currency, amount FROM journal_postings WHERE entry = ? ORDER BY line"
        postings = [dict(posting) for posting in self.ledger.execute(select, (row["number"],))]
        evidence = {"kind": row["evidence_kind"], "sha256": row["evidence_sha256"]}
        return {name: row[name] for name in HEADER} | {"evidence": evidence, "postings": postings}

    def live(self, **which):
        """The first approval that is not reversed."""
        reversed_ = {entry["reverses"] for entry in self.entries}
        return next(
            entry for number, entry in enumerate(self.entries, 1)
            if entry["kind"] == "approval" and number not in reversed_ and all(entry[name] == value for name, value in which.items())
        )

    def write(self):
        """Everything again, with all hashes made anew."""
        self.ledger.execute("DELETE FROM journal_entries")
        self.ledger.execute("DELETE FROM journal_postings")
        number, previous = 0, ""
        for act, entries in self.of_act:
            count = 0
            for entry in entries:
                number += 1
                count += len(entry["postings"])
                whole = {"number": number, "previous": previous} | {name: entry[name] for name in HEADER}
                whole |= {"evidence": entry["evidence"], "postings": entry["postings"]}
                sha256 = manifests.sha256(json.dumps(whole, separators=(",", ":"), ensure_ascii=False))
                self.insert(number, sha256, previous, entry)
                previous = sha256
            if entries:
                act["booked"] = {"entries": len(entries), "postings": count, "sha256": previous}
            else:
                act.pop("booked", None)
        manifests.rechain(self.books, self.ledger, self.chain)

    def insert(self, number, sha256, previous, entry):
        values = [number, sha256, previous] + [entry[name] for name in HEADER] + list(entry["evidence"].values())
        names = ["number", "sha256", "previous", *HEADER, "evidence_kind", "evidence_sha256"]
        self.ledger.execute(f"INSERT INTO journal_entries ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", values)
        rows = [(number, line, *posting.values()) for line, posting in enumerate(entry["postings"], 1)]
        self.ledger.executemany("INSERT INTO journal_postings VALUES (?, ?, ?, ?, ?, ?)", rows)


def more(posting, units):
    posting["amount"] = f"{Decimal(posting['amount']) + units * UNIT:.12f}"


def on(entry, account, owner=None):
    return next(posting for posting in entry["postings"] if posting["account"] == account and owner in (None, posting["owner"]))


def consistent(change):
    """A fault with every hash made to fit; the change says what must be named."""

    def planted(books, ledger):
        journal = Journal(books, ledger)
        names = change(journal)
        journal.write()
        return {"command": ["check"], "names": names}

    return planted


def in_table(statement, *names, command=("ledger", "check")):
    """A row that is changed behind the program's back."""

    def planted(books, ledger):
        changed = ledger.execute(statement).rowcount
        assert changed == 1, f"{statement}: {changed} rows"
        return {"command": list(command), "names": list(names)}

    return planted


def unit_to_the_wrong_party(journal):
    entry = journal.live(mid="mid_a")
    more(on(entry, "party_payable", "ana"), 1)
    more(on(entry, "party_payable", "ben"), -1)
    return ["party_payable:ana has"]


def unit_from_the_fee(journal):
    entry = journal.live(mid="mid_a")
    more(on(entry, "fee_income"), 1)
    more(on(entry, "party_payable", "ben"), -1)
    return ["party_payable:ben has"]


def unit_that_nobody_owes(journal):
    entry = journal.live(mid="mid_a")
    more(on(entry, "platform_receivable"), 1)
    entry["postings"].append({"account": "suspense", "owner": "", "currency": "USD", "amount": "-0.000000000001"})
    entry["postings"].sort(key=lambda posting: ["platform_receivable", "party_payable", "fee_income", "suspense"].index(posting["account"]))
    return ["platform_receivable has"]


def other_platform(journal):
    entry = journal.live(mid="mid_b")
    on(entry, "platform_receivable")["owner"] = "plt_other"
    return ["platform_receivable has"]


def other_account(journal):
    entry = journal.live(mid="mid_b")
    on(entry, "fee_income")["account"] = "suspense"
    return ["fee_income has"]


def other_currency(journal):
    entry = journal.live(mid="mid_b")
    for posting in entry["postings"]:
        posting["currency"] = "EUR"
    return ["platform_receivable:plt has"]


def without_its_pair(journal):
    entry = journal.live(mid="mid_a")
    entry["postings"].remove(on(entry, "fee_income"))
    return ["debits of"]


def all_signs(journal):
    for posting in journal.live(mid="mid_b")["postings"]:
        posting["amount"] = f"{-Decimal(posting['amount']):.12f}"
    return ["platform_receivable has"]


def twice(journal):
    entries = journal.of_act[-1][1]
    entries.append(dict(entries[0]))
    return ["books not one entry"]


def of_an_older_draft(journal):
    """The entry says that it books the draft that was thrown away."""
    older = next(manifest["act"]["draft_sha256"] for manifest in journal.chain if manifest["act"].get("to") == "draft")
    entry = journal.live(mid="mid_a", cycle="2026-10")
    assert entry["evidence"]["sha256"] != older
    entry["evidence"]["sha256"] = older
    return [f"its evidence is the draft {older}"]


def older_draft_approved(journal):
    """The approval itself names the draft that was thrown away, and books it."""
    older = next(manifest["act"]["draft_sha256"] for manifest in journal.chain if manifest["act"].get("to") == "draft")
    entry = journal.live(mid="mid_a", cycle="2026-10")
    act = next(act for act, entries in journal.of_act if entry in entries)
    act["draft_sha256"] = entry["evidence"]["sha256"] = older
    return [f"it names the draft {older}"]


def withdrawal_not_booked(journal):
    act, entries = next((act, entries) for act, entries in journal.of_act if entries[0]["kind"] == "withdrawal")
    entries.clear()
    return ["books not one entry"]


def other_entry_reversed(journal):
    withdrawal = next(entry for entry in journal.entries if entry["kind"] == "withdrawal")
    withdrawal["reverses"] = None
    return ["it reverses nothing"]


def other_books(journal):
    journal.live(mid="mid_b")["mid"] = "mid_a"
    return ["it is in other books or another cycle than its act"]


def kind_of_entry(journal):
    entry = journal.live(mid="mid_b")
    entry["kind"] = "withdrawal"
    return ["it is of the kind"]


def drafted(change):
    """The last draft of mid_a says something else, with its hash made to fit wherever it is named."""

    def planted(books, ledger):
        journal = Journal(books, ledger)
        row = list(ledger.execute("SELECT * FROM drafts WHERE mid = 'mid_a' AND currency = 'USD' AND cycle = '2026-11'"))[0]
        body = json.loads(manifests.unpacked(row["packed"]))
        names = change(body)
        unsealed = {key: value for key, value in body.items() if key != "draft_sha256"}
        body["draft_sha256"] = manifests.sha256(json.dumps(unsealed, separators=(",", ":"), ensure_ascii=False))
        text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
        ledger.execute("UPDATE drafts SET packed = ?, sha256 = ? WHERE sha256 = ?", (manifests.packed(text), body["draft_sha256"], row["sha256"]))
        for manifest in journal.chain:
            if manifest["act"].get("draft_sha256") == row["sha256"]:
                manifest["act"]["draft_sha256"] = body["draft_sha256"]
        for entry in journal.entries:
            if entry["evidence"]["sha256"] == row["sha256"]:
                entry["evidence"]["sha256"] = body["draft_sha256"]
        journal.write()
        return {"command": ["check"], "names": names}

    return planted


def less_carried_in(body):
    line = next(line for line in body["lines"] if Decimal(line["carried_in"]) > 0)
    for field in ("carried_in", "carried_out"):
        line[field] = f"{Decimal(line[field]) - UNIT:.12f}"
    return [f"{line['party']} with mid_a in USD, cycle 2026-11"]


def less_carried_out(body):
    line = next(line for line in body["lines"] if Decimal(line["carried_out"]) > 0)
    line["carried_out"] = f"{Decimal(line['carried_out']) - UNIT:.12f}"
    return [f"{line['party']} with mid_a in USD, cycle 2026-11"]


def line_gone(body):
    line = next(line for line in body["lines"] if Decimal(line["carried_in"]) > 0 and Decimal(line["net"]) == 0)
    body["lines"].remove(line)
    return [f"{line['party']} with mid_a in USD, cycle 2026-11"]


def withheld_without_a_tax(body):
    line = next(line for line in body["lines"] if Decimal(line["carried_out"]) > 0)
    line["withheld"] = f"{UNIT:.12f}"
    line["carried_out"] = f"{Decimal(line['carried_out']) - UNIT:.12f}"
    return [f"{line['party']} with mid_a in USD, cycle 2026-11: {UNIT:.12f} is withheld, and its tax is 0.000000000000"]


def inherited_of_nobody(body):
    line = next(line for line in body["lines"] if Decimal(line["carried_out"]) > 0)
    line["inherited"] = f"{UNIT:.12f}"
    line["carried_out"] = f"{Decimal(line['carried_out']) + UNIT:.12f}"
    return [f"0.000000000000 is passed on, and heirs get {UNIT:.12f}"]


def exchanged_for_less(body):
    line = next(line for line in body["lines"] if Decimal(line["paid"]) > 0)
    line["exchanged"] = {"currency": "EUR", "amount": "0.010000000000", "rate": "0.900000000000", "source": "ECB",
                         "time": "2026-11-30T15:00:00.000000Z"}
    return [f"{line['party']} with mid_a in USD, cycle 2026-11: {line['paid']} gives", "where the draft says"]


def control(books, ledger):
    """Written again as it was: this program makes the same hashes."""
    before = list(map(tuple, ledger.execute("SELECT sha256 FROM journal_entries UNION ALL SELECT sha256 FROM manifests")))
    Journal(books, ledger).write()
    after = list(map(tuple, ledger.execute("SELECT sha256 FROM journal_entries UNION ALL SELECT sha256 FROM manifests")))
    assert before == after, "the hashes are other ones"
    return {"command": ["check"], "names": []}


FAULTS = [
    ("control", control),
    ("a unit to the wrong party", consistent(unit_to_the_wrong_party)),
    ("a unit of the fee to a party", consistent(unit_from_the_fee)),
    ("a unit that nobody owes", consistent(unit_that_nobody_owes)),
    ("another platform owes", consistent(other_platform)),
    ("another account", consistent(other_account)),
    ("another currency", consistent(other_currency)),
    ("an entry without its pair", consistent(without_its_pair)),
    ("all signs the other way", consistent(all_signs)),
    ("an entry twice", consistent(twice)),
    ("an entry of an older draft", consistent(of_an_older_draft)),
    ("an approval of an older draft", consistent(older_draft_approved)),
    ("a withdrawal that is not booked", consistent(withdrawal_not_booked)),
    ("a withdrawal that reverses nothing", consistent(other_entry_reversed)),
    ("an entry in other books", consistent(other_books)),
    ("an entry of another kind", consistent(kind_of_entry)),
    ("less is carried in than was carried out", drafted(less_carried_in)),
    ("less is carried out than there is", drafted(less_carried_out)),
    ("a balance that is forgotten", drafted(line_gone)),
    ("a tax that nobody knows", drafted(withheld_without_a_tax)),
    ("an heir of nobody", drafted(inherited_of_nobody)),
    ("an exchange for less", drafted(exchanged_for_less)),
]
ROWS = [
    ("a posting changed", "UPDATE journal_postings SET amount = '9.000000000000' WHERE entry = 1 AND line = 1", "journal entry 1"),
    ("a posting's owner changed", "UPDATE journal_postings SET owner = 'eva' WHERE entry = 1 AND owner = 'ana'", "journal entry 1"),
    ("a posting removed", "DELETE FROM journal_postings WHERE entry = 2 AND line = 2", "journal entry 2"),
    ("a posting added", "INSERT INTO journal_postings VALUES (1, 99, 'bank', '', 'USD', '0.000000000000')", "journal entry 1"),
    ("a posting written another way", "UPDATE journal_postings SET line = 17 WHERE entry = 1 AND line = 2", "journal entry 1"),
    ("postings of no entry", "INSERT INTO journal_postings VALUES (99, 1, 'bank', '', 'USD', '0.000000000000')", "journal entry 99"),
    ("an entry removed", "DELETE FROM journal_entries WHERE number = 2", "journal entry 2"),
    ("the last entry removed", "DELETE FROM journal_entries WHERE number = (SELECT MAX(number) FROM journal_entries)", "journal entry "),
    ("an entry added", "INSERT INTO journal_entries SELECT 99, sha256, sha256, kind, mid, cycle, happened, booked, reason, reference, NULL,"
                       " evidence_kind, evidence_sha256 FROM journal_entries WHERE number = 1", "journal entry "),
    ("a reason changed", "UPDATE journal_entries SET reason = reason || '.' WHERE number = 1", "journal entry 1"),
    ("a time changed", "UPDATE journal_entries SET happened = REPLACE(happened, 'Z', '+00:00') WHERE number = 1", "journal entry 1"),
    ("a hash changed", "UPDATE journal_entries SET sha256 = REPLACE(sha256, 'a', 'b') WHERE number = 1", "journal entry 1"),
]
for command in (("ledger", "check"), ("check",), ("verify",)):
    FAULTS += [(f"{kind}, {' '.join(command)}", in_table(statement, name, command=command)) for kind, statement, name in ROWS]


def main(books, out):
    plan = []
    for number, (kind, plant) in enumerate(FAULTS):
        folder = Path(out) / f"{number:02}"
        tamper.copied(books, folder)
        copy = tamper.Books(folder, random.Random(kind))
        ledger, triggers = copy.ledger()
        found = plant(copy, ledger)
        tamper.close(ledger, triggers)
        plan.append({"folder": str(folder), "kind": kind} | found)
    print(json.dumps(plan))


if __name__ == "__main__":
    main(*sys.argv[1:])
