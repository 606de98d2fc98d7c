#!/usr/bin/env python3
"""Checks statements of Farthing that come with a proof, knowing nothing but the root that their MID has published.

    python3 check_statement.py --root ROOT FILE...

Says of each FILE whether it is OK, or what fails; exits 0 if all are OK, 1 if one is not, 2 if one cannot be read. Needs Python 3.9 alone."""

import argparse
import hashlib
import json
import re
import sys

PARTS = re.compile(r'(.*?"statement"[ \t\r\n]*:)[ \t\r\n]*(\{.*\})[ \t\r\n]*\}[ \t\r\n]*', re.DOTALL)
FIELDS = ["farthing_proof", "index", "later", "leaf", "path", "previous", "root", "statement", "tree_root", "tree_size"]


class Wrong(Exception):
    """The check was made and fails: what, and how."""


def need(holds, what):
    if not holds:
        raise ValueError(what)


def strictly(pairs):
    need(len({name for name, _ in pairs}) == len(pairs), "a field stands twice")
    return dict(pairs)


def refuse(text):
    need(False, f"{text} may not stand there")


def is_digest(value):
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def read(text):
    """The proof, the statement, which stands last, and its text as it stands: that is what has the hash."""
    parts = PARTS.fullmatch(text)
    need(parts, "it does not end with a statement")
    proof = json.loads(parts[1] + "null}", object_pairs_hook=strictly, parse_float=refuse, parse_constant=refuse)
    statement = json.loads(parts[2], parse_constant=refuse)
    need(sorted(proof) == FIELDS, "its fields are not those of a proof")
    need(type(proof["farthing_proof"]) is int and proof["farthing_proof"] == 1, "it has another version; take a newer checker")
    need(isinstance(proof["path"], list) and isinstance(proof["later"], list), "path or later is no list")
    previous, counts = [] if proof["previous"] is None else [proof["previous"]], [proof["index"], proof["tree_size"]]
    digests = [proof["leaf"], proof["tree_root"], proof["root"], *proof["path"], *previous]
    for link in proof["later"]:
        need(isinstance(link, dict) and sorted(link) == ["cycle", "tree_root", "tree_size"], "later has something else than cycles")
        need(re.fullmatch("2[01][0-9]{2}-(0[1-9]|1[0-2])", str(link["cycle"])), "later has a cycle that is none")
        digests, counts = [*digests, link["tree_root"]], [*counts, link["tree_size"]]
    need(all(map(is_digest, digests)), "what ought to be a SHA-256 is none")
    need(all(type(count) is int and 0 <= count < 2**64 for count in counts), "what ought to be a count is none")
    return proof, statement, parts[2]


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def climb(leaf, index, size, path):
    """RFC 6962: from a leaf to the root of its tree."""
    node, last, root = index, size - 1, leaf
    if index >= size:
        raise Wrong("wrong path", f"the place {index} is outside of a tree of {size}")
    for step in path:
        if last == 0:
            raise Wrong("wrong path", "the path is too long")
        while node == last and node % 2 == 0:
            node, last = node // 2, last // 2
        root = sha256(b"\1", step, root) if node % 2 else sha256(b"\1", root, step)
        node, last = node // 2, last // 2
    if last:
        raise Wrong("wrong path", "the path is too short")
    return root.hex()


def units(amount):
    if not re.fullmatch(r"-?[0-9]+\.[0-9]{12}", str(amount)):
        raise Wrong("unknown statement", f"{amount} is no amount")
    return int(amount.replace(".", ""))


def add_up(statement):
    """The parts sum to the whole, to the last of twelve digits."""
    seldom, lines = {"adjusted": "adjustments", "inherited": "inherited", "passed_on": "passed_on"}, statement["uses"] + statement["undone"]
    sums = dict.fromkeys(seldom, 0) | {name: units(value) for name, value in statement["figures"].items() if name != "why_carried"}
    owed = sum(map(sums.get, ("carried_in", "net", "true_up", "adjusted", "lifted", "inherited"))) - sum(map(sums.get, ("held", "withheld", "passed_on")))
    holds = [sums[name] == sum(units(line[name]) for line in lines) for name in ("gross", "labour")]
    holds += [sums[name] == sum(units(line["amount"]) for line in statement.get(of, [])) for name, of in seldom.items()]
    holds += [(units(tax["base"]) + units(tax.get("untaxed", "0.000000000000")), units(tax["withheld"])) == (sums["paid"] + sums["withheld"], sums["withheld"]) for tax in [statement.get("tax")] if tax]
    holds += [units(line["labour"]) - units(line["fee"]) == units(line["net"]) for line in statement["undone"]]
    if not all(holds) or sums["labour"] - sums["fee"] != sums["net"] or owed != sums["paid"] + sums["carried_out"]:
        raise Wrong("wrong figures", "the figures of the statement do not add up")


def check(text, root):
    """What the file proves, in words."""
    proof, statement, as_it_stands = read(text)
    leaf, seal = sha256(b"\0", as_it_stands.encode()), proof["previous"]
    if leaf.hex() != proof["leaf"]:
        raise Wrong("changed statement", f"it does not have the hash {proof['leaf']} that its proof is for")
    if climb(leaf, proof["index"], proof["tree_size"], map(bytes.fromhex, proof["path"])) != proof["tree_root"]:
        raise Wrong("wrong path", f"it does not lead from the statement to the root of the tree {proof['tree_root']}")
    try:
        if (statement["farthing_statement"], statement["preview"]) != (2 if {"inherited", "passed_on", "reserve", "tax", "exchanged", "adjustments"} & {*statement} else 1, False):
            raise Wrong("unknown statement", "it is of an open cycle, or for a newer checker")
        links = [{"cycle": statement["cycle"], "tree_size": proof["tree_size"], "tree_root": proof["tree_root"]}, *proof["later"]]
        if any(one["cycle"] >= other["cycle"] for one, other in zip(links, links[1:])):
            raise Wrong("wrong chain", "its cycles are not in order")
        for link in links:
            lines = ["farthing seal v1", f"mid {statement['mid']}", f"currency {statement['currency']}", f"cycle {link['cycle']}"]
            lines += [f"statements {link['tree_size']}", f"tree {link['tree_root']}", f"previous {seal or 'none'}"]
            seal = sha256("".join(line + "\n" for line in lines).encode()).hex()
        if seal != proof["root"]:
            raise Wrong("wrong chain", f"it leads to {seal}, and not to the root {proof['root']} of the proof")
        if seal != root:
            raise Wrong("wrong root", f"the proof is for {seal}")
        add_up(statement)
        return "the statement of {party} from {mid} for {cycle} in {currency} is in the root: paid {figures[paid]}".format(**statement)
    except (AttributeError, KeyError, TypeError) as error:
        raise Wrong("unknown statement", f"it has another form: {error!r}") from error


def main():
    options = argparse.ArgumentParser(description="Checks statements that come with a proof against the root that a MID has published.")
    options.add_argument("--root", required=True, help="64 hex digits, as the MID has published them")
    options.add_argument("files", nargs="+", metavar="FILE", help="a statement with its proof")
    given = options.parse_args()
    if not is_digest(given.root):
        options.error(f"--root {given.root} is no SHA-256: 64 digits of 0 to 9 and a to f")
    worst = 0
    for path in given.files:
        try:
            with open(path, encoding="utf-8", newline="") as file:
                print(f"{path}: OK: {check(file.read(), given.root)}")
        except Wrong as wrong:
            print(f"{path}: NOT OK, {wrong.args[0]}: {wrong.args[1]}")
            worst = max(worst, 1)
        except (OSError, ValueError, RecursionError) as error:
            print(f"{path}: it is not a statement with its proof: {error}", file=sys.stderr)
            worst = 2
    return worst


if __name__ == "__main__":
    sys.exit(main())
