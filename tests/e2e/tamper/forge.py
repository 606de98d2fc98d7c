"""Careful forgeries: what is changed is consistent, with every hash made anew in the ledger and in the archive.

Only computing everything again can find these.
"""
import datetime
import decimal
import hashlib
import json

import pyarrow
import pyarrow.parquet

import manifests

UNIT = decimal.Decimal("0.000000000001")


def live(chain, table):
    """The files of a table that the chain says exist, as its own objects."""
    found = {}
    for manifest in chain:
        act = manifest["act"]
        for path in act.get("replaces", []):
            found.pop(path, None)
        for file in act.get("files", []):
            if file["table"] == table:
                found[file["path"]] = file
    return list(found.values())


def replace(books, file, content):
    """New content for a file, with what its manifest says of it."""
    books.write(books.archive / file["path"], content)
    file["bytes"], file["sha256"] = len(content), hashlib.sha256(content).hexdigest()


def with_row(table, row, column, change):
    """A table whose one value is another; nothing else about it changes."""
    at = table.schema.get_field_index(column)
    field = table.schema.field(at)
    values = table.column(at).to_pylist()
    values[row] = change(values[row])
    new = pyarrow.array(values, field.type.value_type if pyarrow.types.is_dictionary(field.type) else field.type)
    if pyarrow.types.is_dictionary(field.type):
        new = new.dictionary_encode()
    return table.set_column(at, field, new)


def rewritten(books, file, change):
    """Rewrites a Parquet file with `change` applied to its table."""
    path = books.archive / file["path"]
    table = change(pyarrow.parquet.ParquetFile(path).read())
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(table, sink, compression="zstd")
    replace(books, file, sink.getvalue().to_pybytes())
    file["rows"] = table.num_rows


def in_table(name, column, change, where=lambda row: True):
    """One value of an archived table is changed, and the chain made to fit."""

    def act(books, ledger):
        chain = manifests.chain(ledger)
        choices = []
        for file in live(chain, name):
            for at, row in enumerate(pyarrow.parquet.ParquetFile(books.archive / file["path"]).read().to_pylist()):
                if where(row):
                    choices.append((file, at, row.get("batch")))
        file, at, batch = books.draw.choice(choices)
        rewritten(books, file, lambda table: with_row(table, at, column, change))
        manifests.rechain(books, ledger, chain)
        return {"what": f"{file['path']}, row {at}: {column} forged", "names": [file["path"], f"batch {batch}"]}

    return act


def more_weight(entries):
    return [entries[0] | {"weight": entries[0]["weight"] + decimal.Decimal(1)}] + entries[1:]


def row_gone(name):
    """A row of an archived table is gone, and its manifest says one row less."""

    def act(books, ledger):
        chain = manifests.chain(ledger)
        file = books.draw.choice([file for file in live(chain, name) if file["rows"] > 1])
        at = books.draw.randrange(file["rows"])
        batch = []

        def without(table):
            batch.append(table.column("batch")[at].as_py())
            return pyarrow.concat_tables([table.slice(0, at), table.slice(at + 1)])

        rewritten(books, file, without)
        manifests.rechain(books, ledger, chain)
        return {"what": f"{file['path']}, row {at} gone", "names": [file["path"], f"batch {batch[0]}"]}

    return act


def batch_says(what, change, which=lambda act: True):
    """A batch's manifest says something else than its evidence."""

    def act(books, ledger):
        chain = manifests.chain(ledger)
        batches = [manifest["act"] for manifest in chain if manifest["act"]["kind"] == "batch" and which(manifest["act"])]
        batch = books.draw.choice(batches)
        change(batch)
        manifests.rechain(books, ledger, chain)
        partition = batch["slices"][0]["partition"]
        return {"what": f"batch {batch['batch']}: {what}", "names": [f"batch {batch['batch']}", f"position of {partition}"]}

    return act


def total_more(batch):
    total = batch["totals"][0]
    total["gross"] = str(decimal.Decimal(total["gross"]) + UNIT)


def one_metered_as_duplicate(batch):
    batch["slices"][0]["metered"] -= 1
    batch["slices"][0]["duplicate"] += 1


def nothing_closed(batch):
    batch["closed_through"] = batch["closed_through"][1:]


def terms(books, ledger):
    """A registry version has other terms than those that were metered with: a labour share is lower."""
    chain = manifests.chain(ledger)
    load = next(manifest["act"] for manifest in chain if manifest["act"]["kind"] == "registry")
    path = books.archive / load["file"]["path"]
    records = [json.loads(line) for line in pyarrow.input_stream(str(path), compression="zstd").read().splitlines()]
    agreement = next(record for record in records if record["kind"] == "agreement")
    agreement["labour_share"] = "0.790000"
    text = "".join(json.dumps(record, separators=(",", ":"), ensure_ascii=False) + "\n" for record in records)
    sink = pyarrow.BufferOutputStream()
    with pyarrow.CompressedOutputStream(sink, "zstd") as out:
        out.write(text.encode())
    replace(books, load["file"], sink.getvalue().to_pybytes())
    manifests.rechain(books, ledger, chain)
    return {"what": f"registry: {agreement['id']} has a lower share", "names": [load["file"]["path"], "batch "]}


def draft(books, ledger):
    """A final draft pays a unit more, and its hash is made to fit in the ledger and in the chain."""
    chain = manifests.chain(ledger)
    row = books.draw.choice(list(ledger.execute("SELECT * FROM drafts")))
    body = json.loads(manifests.unpacked(row["packed"]))
    line = books.draw.choice(body["lines"])
    line["carried_out"] = str(decimal.Decimal(line["carried_out"]) + UNIT)
    unsealed = {key: value for key, value in body.items() if key != "draft_sha256"}
    body["draft_sha256"] = manifests.sha256(json.dumps(unsealed, separators=(",", ":"), ensure_ascii=False))
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    ledger.execute("UPDATE drafts SET packed = ?, sha256 = ? WHERE sha256 = ?", (manifests.packed(text), body["draft_sha256"], row["sha256"]))
    for manifest in chain:
        if manifest["act"].get("draft_sha256") == row["sha256"]:
            manifest["act"]["draft_sha256"] = body["draft_sha256"]
    manifests.rechain(books, ledger, chain)
    return {"what": f"draft of {row['mid']}: {line['party']} gets a unit more", "names": [f"draft of cycle {row['cycle']} of {row['mid']}"]}


def search_claims_less(books, ledger):
    """The search for copies before a cycle closed has seen nothing."""
    chain = manifests.chain(ledger)
    next(manifest["act"] for manifest in chain if manifest["act"]["kind"] == "copies")["through_sequence"] = 0
    manifests.rechain(books, ledger, chain)
    return {"what": "a search for copies went through manifest 0", "names": ["before batch"]}


def claim_says(what, change, which):
    """A claim asks for something else than what its rows move."""

    def act(books, ledger):
        chain = manifests.chain(ledger)
        claim = next(manifest["act"] for manifest in chain if manifest["act"]["kind"] == "claim" and which(manifest["act"]))
        change(claim)
        manifests.rechain(books, ledger, chain)
        return {"what": f"claim {claim['number']}: {what}", "names": [f"claim {claim['number']}"]}

    return act


def of_unlicensed(claim):
    return "payment" in claim


def of_suspense(claim):
    return not of_unlicensed(claim)


def is_claim(row):
    return row["use"] == "claim"


def undoes_claim(row):
    return row["partition"] == "claims" and row["use"] == "reversal"


def of_copies(row):
    return row["partition"] == "copies"


def other_party(party):
    return "pty_00" if party != "pty_00" else "pty_01"


KINDS = [
    ("forged revenue", in_table("usage", "revenue", lambda revenue: revenue + UNIT, lambda row: row["revenue"])),
    ("forged weight", in_table("usage", "entries", more_weight, lambda row: row["entries"] and row["kind"] != "rank" and len(row["entries"]) > 1)),
    ("forged identity", in_table("usage", "id", lambda id: id + "x")),
    ("forged platform", in_table("usage", "platform", lambda platform: "plt_quiet" if platform != "plt_quiet" else "plt_news")),
    ("forged evidence is gone", row_gone("usage")),
    ("forged place of a copy", in_table("usage", "reverses_row", lambda row: row + 1, of_copies)),
    ("forged identity of a copy", in_table("usage", "reverses_id", lambda id: id + "x", of_copies)),
    ("forged name of a copy's reversal", in_table("usage", "id", lambda id: id + "0", of_copies)),
    ("forged source of a copy's reversal", in_table("usage", "source", lambda source: source + "/", of_copies)),
    ("forged reversal of a copy is an event", in_table("usage", "partition", lambda partition: "/five.ndjson", of_copies)),
    ("forged search for copies", search_claims_less),
    ("forged place of a claim", in_table("usage", "reverses_row", lambda row: row + 1, is_claim)),
    ("forged number of a claim", in_table("usage", "id", lambda id: id.replace("claim-1-", "claim-2-").replace("claim-3-", "claim-1-"), lambda row: is_claim(row) and not row["id"].startswith("claim-2-"))),
    ("forged source of a claim", in_table("usage", "source", lambda source: source + "/", is_claim)),
    ("forged claim is an event", in_table("usage", "partition", lambda partition: "/five.ndjson", is_claim)),
    ("forged claim is a reversal", in_table("usage", "use", lambda use: "reversal", is_claim)),
    ("forged undoing of a claim", in_table("usage", "reverses_row", lambda row: row + 1, undoes_claim)),
    ("forged name of a claim's undoing", in_table("usage", "id", lambda id: id + "0", undoes_claim)),
    ("forged claim is another's", claim_says("another's", lambda claim: claim.update(reference="pty_00"), of_suspense)),
    ("forged payment of a claim", claim_says("another has paid", lambda claim: claim["payment"].update(platform="plt_quiet"), of_unlicensed)),
    ("forged claim without a payment", claim_says("nobody has paid", lambda claim: claim.pop("payment"), of_unlicensed)),
    ("forged gross", in_table("accruals", "gross", lambda gross: gross + UNIT)),
    ("forged labour", in_table("accruals", "labour", lambda labour: labour + UNIT)),
    ("forged party of accruals", in_table("accruals", "party", other_party, lambda row: row["party"])),
    ("forged status", in_table("accruals", "status", lambda status: "payable" if status != "payable" else "suspense")),
    ("forged accrual is gone", row_gone("accruals")),
    ("forged gross of lines", in_table("lines", "gross", lambda gross: gross + UNIT)),
    ("forged party of lines", in_table("lines", "party", other_party, lambda row: row["party"])),
    ("forged line is gone", row_gone("lines")),
    ("forged event of lines", in_table("lines", "id", lambda id: id + "x")),
    ("forged works of lines", in_table("lines", "works", lambda works: works + ["wrk_99"])),
    ("forged time of lines", in_table("lines", "time", lambda time: time + datetime.timedelta(microseconds=1))),
    ("forged totals", batch_says("totals", total_more, lambda batch: batch["totals"])),
    ("forged counts", batch_says("counts", one_metered_as_duplicate, lambda batch: batch["slices"][0]["metered"])),
    ("forged closing", batch_says("what was closed", nothing_closed, lambda batch: batch["closed_through"])),
    ("forged terms", terms),
    ("forged draft", draft),
]
