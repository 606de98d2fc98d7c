#!/usr/bin/env python3
"""Makes the data of the golden tests (tests/e2e/golden.rs) and what must come of it, with the contract's oracle.

  make_golden.py SHARED          SHARED: the folder that holds SPEC.md, oracle/ and data/

Writes tests/data/{real,small}/*.ndjson.gz, and tests/e2e/golden/NAME.json.gz for every folder of tests/data.
What is in the folders `odd_*` stays as it is: only what must come of it is made again.
Needed only when the contract or the data changes: the tests read what is committed. Always the same bytes.
"""
import gzip, importlib.util, json, sys, tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
DATA, GOLDEN = TESTS / "data", TESTS / "e2e" / "golden"
NOW = "2026-12-02T00:00:00Z"


def module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, 9, mtime=0))


def write_rows(path, rows):
    write(path, "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows).encode())


def number(event):
    """The row of the trace that an event was made of; a reversal or a copy has its original's."""
    return int(event["id"].rsplit("-", 1)[1])


def real(make_events):
    """A part of everything that make_events.py makes, spread over the whole time of each trace."""
    return {
        "ragpulse": (e for e in make_events.ragpulse(0) if number(e) % 5 == 0),
        "robust03": make_events.robust03(),
        "mixtures": make_events.mixtures(),
        "azure_code": (e for e in make_events.azure() if number(e) % 9 == 0),
        "november": (e for e in make_events.november() if number(e) // 10 % 3 == 0),
    }


def small(make_events):
    """So little of each that a batch of its own for every event takes no time."""
    return {
        "ragpulse": (e for e in make_events.ragpulse(0) if number(e) % 200 == 0),
        "robust03": (e for n, e in enumerate(make_events.robust03()) if n % 10 == 0),
        "mixtures": make_events.mixtures(),
        "azure_code": (e for e in make_events.azure() if number(e) % 301 == 0),
        "november": (e for e in make_events.november() if number(e) // 10 % 50 == 0),
    }


def draft(oracle, reg, accruals, mid, cycle, currency, without=(), opening=None):
    return {"mid": mid, "cycle": cycle, "currency": currency, "without": list(without),
            "draft": oracle.draft(reg, accruals, mid, cycle, currency, opening, without)}


def drafts(oracle, reg, accruals):
    """Of every MID, cycle and currency in which something is payable, as it is and without each agreement."""
    made = []
    payable = sorted({(k[3], k[0], k[7]) for k in accruals if k[8] == "payable"})
    for mid, cycle, currency in payable:
        agreements = sorted({k[4] for k in accruals if (k[3], k[0], k[7], k[8]) == (mid, cycle, currency, "payable")})
        made.append(draft(oracle, reg, accruals, mid, cycle, currency))
        made.extend(draft(oracle, reg, accruals, mid, cycle, currency, [left]) for left in agreements[:2])
    return made


def carried(oracle, reg, accruals):
    """November once October has its final draft: of the MIDs that October does not refuse."""
    made = []
    for mid in sorted(reg.by["mid"]):
        october = oracle.draft(reg, accruals, mid, "2026-10")
        if not october["refused"]:
            opening = {line["party"]: oracle.units_of(line["carried_out"]) for line in october["lines"]}
            made.append(draft(oracle, reg, accruals, mid, "2026-11", october["currency"], opening=opening))
    return made


def golden(oracle, name):
    folder = DATA / name
    events = sorted(path for path in folder.glob("*.ndjson.gz") if path.name != "registry.ndjson.gz")
    registry = DATA / ("real" if name == "small" else name) / "registry.ndjson.gz"
    with tempfile.NamedTemporaryFile(suffix=".ndjson") as plain:
        plain.write(gzip.decompress(registry.read_bytes()))
        plain.flush()
        reg = oracle.Registry(plain.name)
    counts, codes, accruals = oracle.meter([str(path) for path in events], reg, oracle.instant(NOW))
    result = {"now": NOW, "counts": counts, "accruals": {"lines": oracle.accrual_lines(accruals)}, "drafts": drafts(oracle, reg, accruals),
              "carried": carried(oracle, reg, accruals) if name in ("real", "small") else []}
    write(GOLDEN / f"{name}.json.gz", json.dumps(result, separators=(",", ":")).encode())
    print(name, counts, codes, len(result["accruals"]["lines"]), "accruals,", len(result["drafts"]), "drafts")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    shared = Path(sys.argv[1])
    oracle, make_events = module(shared / "oracle" / "farthing_oracle.py"), module(shared / "data" / "make_events.py")
    write_rows(DATA / "real" / "registry.ndjson.gz", make_events.registry())
    for name, events in (("real", real(make_events)), ("small", small(make_events))):
        for file, rows in events.items():
            write_rows(DATA / name / f"{file}.ndjson.gz", rows)
    for folder in sorted(path for path in DATA.iterdir() if path.is_dir() and path.name != "LICENSES"):
        golden(oracle, folder.name)


if __name__ == "__main__":
    main()
