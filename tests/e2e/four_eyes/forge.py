"""Forges books as only somebody can who may write to the ledger and to the archive: triggers off, all hashes made anew.

  forge.py BOOKS sql STATEMENT
  forge.py BOOKS chain FORGERY COPY
"""
import copy
import pathlib
import random
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tamper"))
import manifests
import tamper

# The public key of the first test of RFC 8032, section 7.1.
ANOTHER_KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


def moves(chain, to):
    return [manifest["act"] for manifest in chain if manifest["act"]["kind"] == "cycle" and manifest["act"]["to"] == to]


def appended(chain, **changes):
    """The last move again, but for these fields."""
    manifest = copy.deepcopy(chain[-1])
    manifest["sequence"] += 1
    manifest["act"] |= changes
    chain.append(manifest)


def bo(chain):
    return next(manifest["act"] for manifest in chain if manifest["act"].get("change") == "added" and manifest["act"]["actor"] == "bo")


def retired_before(chain, ledger):
    last = chain.pop()
    retired = copy.deepcopy(last) | {"act": {"kind": "actor", "change": "retired", "actor": "bo", "by": "ana"}}
    last["sequence"] += 1
    chain += [retired, last]
    ledger.execute("INSERT INTO retired_actors (actor, sequence) VALUES ('bo', ?)", (retired["sequence"],))


def one_person(chain, ledger):
    bo(chain)["person"] = "ANA díaz"
    ledger.execute("UPDATE actors SET person = 'ANA díaz' WHERE actor = 'bo'")


def another_key(chain, ledger):
    bo(chain)["public_key"] = ANOTHER_KEY
    ledger.execute("UPDATE actors SET public_key = ? WHERE actor = 'bo'", (ANOTHER_KEY,))


def one_digit(chain, _):
    signed = moves(chain, "approved")[0]["signed"]
    signed["signature"] = ("1" if signed["signature"][0] == "0" else "0") + signed["signature"][1:]


def replayed(chain, _):
    first, second = moves(chain, "approved")
    second["signed"] = first["signed"]


# The last move to `draft` is the withdrawal.
FORGERIES = {
    "nothing": lambda chain, _: None,
    "sealed at once": lambda chain, _: appended(chain, to="sealed"),
    "approved twice": lambda chain, _: appended(chain),
    "opened again": lambda chain, _: appended(chain, to="open"),
    "approved without a signature": lambda chain, _: moves(chain, "approved")[1].pop("signed"),
    "one digit of a signature": one_digit,
    "another reason": lambda chain, _: moves(chain, "draft")[-1].update(why="no reason to worry"),
    "no reason": lambda chain, _: moves(chain, "draft")[-1].pop("why"),
    "a reason that nobody signed": lambda chain, _: moves(chain, "approved")[1].update(why="well\nknown"),
    "approved by the preparer": lambda chain, _: moves(chain, "approved")[1].update(by="ana"),
    "approved by nobody": lambda chain, _: moves(chain, "approved")[1].update(by="nobody"),
    "another draft approved": lambda chain, _: moves(chain, "approved")[1].update(draft_sha256="0" * 64),
    "an approval replayed": replayed,
    "one person behind both": one_person,
    "another key": another_key,
    "retired before": retired_before,
}


def main(books, what, argument, target=None):
    if what == "chain":
        shutil.copytree(books, target)
        books = target
    books = tamper.Books(pathlib.Path(books), random.Random(1))
    ledger, triggers = books.ledger()
    if what == "chain":
        chain = manifests.chain(ledger)
        FORGERIES[argument](chain, ledger)
        manifests.rechain(books, ledger, chain)
        ledger.execute("UPDATE cycles SET state = ?", (chain[-1]["act"]["to"],))
    else:
        ledger.execute(argument)
    tamper.close(ledger, triggers)


if __name__ == "__main__":
    main(*sys.argv[1:])
