"""Reads an archive with DuckDB, Polars and pyarrow, by the printed views and by globs, and compares all sums.

  check.py INPUT

INPUT is a JSON file: {"archive": folder, "sql": what `archive list --sql` printed, "files": what `archive list --json` lists,
"accruals": the lines of `farthing accruals --json`, "leftovers": whether files lie about that do not count}. Everything is compared as
exact decimals. Prints one JSON document: {"differences": [...], "compared": [...]}.
"""
import json
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import duckdb
import polars
import pyarrow.dataset
import pyarrow.parquet

import layout

KEYS = ["reference_kind", "party", "mid", "agreement", "platform", "use", "currency", "status"]
ACCRUAL = ["cycle", "late", "undone"] + KEYS


def ledger_sums(lines):
    """What the program says, by all its keys."""
    return {tuple(line[key] for key in KEYS): (Decimal(line["gross"]), Decimal(line["labour"])) for line in lines}


def folded(rows, keys):
    """Sums by the first `keys` of each row; what is 0 is left out, as the program does."""
    sums = defaultdict(lambda: (Decimal(0), Decimal(0)))
    for *key, gross, labour in rows:
        assert isinstance(gross, Decimal) and isinstance(labour, Decimal), (gross, labour)
        old = sums[tuple(key[:keys])]
        sums[tuple(key[:keys])] = old[0] + gross, old[1] + labour
    return {key: sum_ for key, sum_ in sums.items() if sum_ != (0, 0)}


class Readers:
    """Sums of a table by some keys, in each tool and way of reading."""

    def __init__(self, given):
        self.archive, self.views = given["archive"], duckdb.connect()
        self.views.execute(given["sql"])
        self.has = {view for (view,) in self.views.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()}

    def glob(self, table):
        return f"{self.archive}/{table}/v1/**/*.parquet"

    def by_views(self, table, keys):
        sql = f"SELECT {', '.join(keys)}, SUM(gross), SUM(labour) FROM {table} GROUP BY ALL"
        return folded(self.views.execute(sql).fetchall(), len(keys))

    def by_glob(self, table, keys):
        """One after the other: what read it, and the sums."""
        for option in ["", ", hive_partitioning = true", ", hive_partitioning = false"]:
            source = f"read_parquet('{self.glob(table)}'{option})"
            sql = f"SELECT {', '.join(keys)}, SUM(gross), SUM(labour) FROM {source} GROUP BY ALL"
            yield f"DuckDB, glob{option}", folded(duckdb.execute(sql).fetchall(), len(keys))
        for hive in [True, False, None]:
            frame = polars.scan_parquet(self.glob(table), hive_partitioning=hive)
            sums = frame.group_by(keys).agg(polars.col("gross").sum(), polars.col("labour").sum()).collect()
            yield f"Polars, glob, hive_partitioning={hive}", folded(sums.rows(), len(keys))
        folder, columns = f"{self.archive}/{table}/v1", keys + ["gross", "labour"]
        # As pandas reads a folder, and as a dataset: the two take the folders' keys for different types, so no column may have their name.
        yield "pyarrow, read_table", folded(in_rows(pyarrow.parquet.read_table(folder, columns=columns)), len(keys))
        for partitioning in [None, "hive"]:
            dataset = pyarrow.dataset.dataset(folder, format="parquet", partitioning=partitioning)
            yield f"pyarrow, dataset, partitioning={partitioning}", folded(in_rows(dataset.to_table(columns)), len(keys))


def in_rows(table):
    return zip(*(column.to_pylist() for column in table.columns))


def compare(what, found, expected, differences, compared):
    compared.append(what)
    if found != expected:
        keys = sorted(set(found) | set(expected), key=str)
        first = next(key for key in keys if found.get(key) != expected.get(key))
        differences.append(f"{what}: {first} is {found.get(first)}, not {expected.get(first)}")


def sums(given, readers, differences, compared):
    """Accruals and lines, by every reader, against the program."""
    expected = ledger_sums(given["accruals"])
    per_party = folded([(key[1], key[6], key[7], *sum_) for key, sum_ in expected.items()], 3)
    party = ["party", "currency", "status"]
    compare("DuckDB, view of accruals", readers.by_views("accruals", KEYS), expected, differences, compared)
    compare("DuckDB, view of accruals per party", readers.by_views("accruals", party), per_party, differences, compared)
    if "lines" in readers.has and given["all_lines"]:
        compare("DuckDB, view of lines", readers.by_views("lines", KEYS), expected, differences, compared)
        exact = readers.by_views("accruals", ACCRUAL)
        compare("DuckDB, lines by cycle, lateness and undoing", readers.by_views("lines", ACCRUAL), exact, differences, compared)
    if given["leftovers"]:
        doubled = [what for what, found in readers.by_glob("accruals", party) if found == per_party]
        differences.extend(f"{what}: a leftover is not counted, which was expected" for what in doubled)
        return
    tables = ["accruals"] + ["lines"] * given["all_lines"]
    for table in tables:
        for what, found in readers.by_glob(table, party):
            compare(f"{what} of {table}", found, per_party, differences, compared)
        for what, found in readers.by_glob(table, ["cycle"] + KEYS):
            compare(f"{what} of {table} by cycle", found, readers.by_views("accruals", ["cycle"] + KEYS), differences, compared)


def main(path):
    given = json.loads(Path(path).read_text())
    differences, compared = [], []
    readers = Readers(given)
    sums(given, readers, differences, compared)
    if not given["leftovers"]:
        layout.check(given, readers, differences, compared)
    print(json.dumps({"differences": differences, "compared": compared}))


if __name__ == "__main__":
    main(*sys.argv[1:])
