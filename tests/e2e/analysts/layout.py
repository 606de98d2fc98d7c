"""How the archive is laid out: types, folders, metadata, statistics, nested evidence."""
from collections import defaultdict
from decimal import Decimal

import duckdb
import polars
import pyarrow
import pyarrow.dataset
import pyarrow.parquet

MONEY = {"usage": ["revenue", "unattributed"], "accruals": ["gross", "labour"], "lines": ["gross", "labour"]}
TIMES = {"usage": ["time", "reverses_time"], "accruals": [], "lines": ["time"]}
# What readers filter by: each row group must say what it holds of these.
FILTERED = {"usage": ["time", "platform", "batch"], "accruals": ["party", "cycle", "status", "batch"], "lines": ["party", "time", "cycle", "batch"]}
FOLDER = {"usage": "month", "accruals": "settled", "lines": "settled"}


def types(table, readers):
    """(what, found, expected) of the types in each tool."""
    described = {row[0]: row[1] for row in duckdb.execute(f"DESCRIBE SELECT * FROM read_parquet('{readers.glob(table)}')").fetchall()}
    of_view = {row[0]: row[1] for row in readers.views.execute(f"DESCRIBE {table}").fetchall()}
    frame = polars.scan_parquet(readers.glob(table)).collect_schema()
    arrow = pyarrow.dataset.dataset(f"{readers.archive}/{table}/v1", format="parquet").schema
    for column in MONEY[table]:
        yield f"DuckDB, {table}.{column}", described[column], "DECIMAL(38,12)"
        yield f"DuckDB, view {table}.{column}", of_view[column], "DECIMAL(38,12)"
        yield f"Polars, {table}.{column}", frame[column], polars.Decimal(38, 12)
        yield f"pyarrow, {table}.{column}", arrow.field(column).type, pyarrow.decimal128(38, 12)
    for column in TIMES[table]:
        yield f"DuckDB, {table}.{column}", described[column], "TIMESTAMP WITH TIME ZONE"
        yield f"DuckDB, view {table}.{column}", of_view[column], "TIMESTAMP WITH TIME ZONE"
        yield f"Polars, {table}.{column}", frame[column], polars.Datetime("us", "UTC")
        yield f"pyarrow, {table}.{column}", arrow.field(column).type, pyarrow.timestamp("us", "UTC")
    # The folder's key is text in every tool, whether it is in the files or only in their path.
    yield f"DuckDB, folder key of {table}", described[FOLDER[table]], "VARCHAR"
    if table != "usage":
        yield f"DuckDB, view {table}.cycle", of_view["cycle"], "VARCHAR"


def folders(given, table, readers):
    """The folder that a file is in is the month of its rows: a reader may skip by it."""
    for file in given["files"]:
        if file["table"] != table:
            continue
        said = file["path"].split("/")[2].split("=")
        column = "strftime(timezone('UTC', time), '%Y-%m')" if table == "usage" else "cycle"
        sql = f"SELECT DISTINCT {column} FROM read_parquet('{readers.archive}/{file['path']}', hive_partitioning = false)"
        yield f"folder of {file['path']}", [FOLDER[table]] + [month for (month,) in duckdb.execute(sql).fetchall()], said
    key, glob = FOLDER[table], readers.glob(table)
    sql = f"SELECT {key}, COUNT(*) FROM read_parquet('{glob}', hive_partitioning = true) GROUP BY ALL ORDER BY ALL"
    by_folder = polars.scan_parquet(glob, hive_partitioning=True).group_by(key).agg(polars.len()).sort(key).collect()
    listed = defaultdict(int)
    for file in given["files"]:
        if file["table"] == table:
            listed[file["path"].split("/")[2].split("=")[1]] += file["rows"]
    yield f"DuckDB, rows per folder of {table}", duckdb.execute(sql).fetchall(), sorted(listed.items())
    yield f"Polars, rows per folder of {table}", [(str(month), rows) for month, rows in by_folder.rows()], sorted(listed.items())


def metadata(given, table, readers):
    """The version is in the metadata of each file, and each row group says what it holds."""
    for file in given["files"]:
        if file["table"] != table:
            continue
        opened = pyarrow.parquet.ParquetFile(f"{readers.archive}/{file['path']}")
        said = opened.metadata.metadata or {}
        yield f"{file['path']}: version", (said.get(b"farthing.table"), said.get(b"farthing.schema_version")), (table.encode(), b"1")
        yield f"{file['path']}: rows", opened.metadata.num_rows, file["rows"]
        silent = []
        for group in range(opened.metadata.num_row_groups):
            columns = [opened.metadata.row_group(group).column(at) for at in range(opened.metadata.num_columns)]
            named = {column.path_in_schema: column for column in columns}
            silent += [name for name in FILTERED[table] if not (named[name].statistics and named[name].statistics.has_min_max)]
            wrong = {column.compression for column in columns} - {"ZSTD", "UNCOMPRESSED"}
            yield f"{file['path']}: compression", wrong, set()
        yield f"{file['path']}: columns without statistics", silent, []


def skipping(table, column, readers):
    """A filter beyond the column's highest value leaves every row group out, and one at that value loses no row."""
    dataset = pyarrow.dataset.dataset(f"{readers.archive}/{table}/v1", format="parquet")
    field, kind = pyarrow.dataset.field(column), dataset.schema.field(column).type
    values = dataset.to_table([column]).column(column).to_pylist()
    highest = pyarrow.scalar(max(values), kind)

    def left(wanted):
        return [group for fragment in dataset.get_fragments() for group in fragment.split_by_row_group(wanted)]

    yield f"{table}.{column}: row groups beyond {highest}", left(field > highest), []
    rows = sum(group.count_rows(filter=field == highest) for group in left(field == highest))
    yield f"{table}.{column}: rows at {highest}", rows, values.count(max(values))


def entries(readers):
    """The evidence, unnested: as many entries, of the same weight, in every tool."""
    sql = "SELECT e.entry.reference_kind, e.entry.reference, COUNT(*), SUM(e.entry.weight) FROM {}, UNNEST(entries) AS e(entry) GROUP BY ALL ORDER BY ALL"
    by_view = readers.views.execute(sql.format("usage")).fetchall()
    by_glob = duckdb.execute(sql.format(f"read_parquet('{readers.glob('usage')}')")).fetchall()
    frame = polars.scan_parquet(readers.glob("usage")).select(polars.col("entries").explode()).drop_nulls().unnest("entries")
    # A category is sorted by its code unless it is made text.
    frame = frame.with_columns(polars.col("reference_kind").cast(polars.String)).group_by("reference_kind", "reference")
    by_polars = frame.agg(polars.len(), polars.col("weight").sum()).sort("reference_kind", "reference").collect().rows()
    exact = defaultdict(lambda: (0, Decimal(0)))
    for row in pyarrow.dataset.dataset(f"{readers.archive}/usage/v1", format="parquet").to_table(["entries"]).column("entries").to_pylist():
        for entry in row or []:
            key = entry["reference_kind"], entry["reference"]
            exact[key] = exact[key][0] + 1, exact[key][1] + entry["weight"]
    expected = sorted((*key, *value) for key, value in exact.items())
    yield "there are entries", len(expected) > 5, True
    yield "DuckDB, UNNEST over the view", by_view, expected
    yield "DuckDB, UNNEST over a glob", by_glob, expected
    yield "Polars, explode", by_polars, expected
    counts = "SELECT c.count.unit, SUM(c.count.count) FROM usage, UNNEST(counts) AS c(count) GROUP BY ALL"
    yield "DuckDB, counts", [unit for unit, _ in readers.views.execute(counts).fetchall()], ["output_token"]


def check(given, readers, differences, compared):
    tables = sorted(readers.has)
    findings = []
    for table in tables:
        findings += [*types(table, readers), *folders(given, table, readers), *metadata(given, table, readers)]
    findings += [*skipping("usage", "time", readers), *skipping("accruals", "party", readers)]
    if "lines" in tables:
        findings += skipping("lines", "time", readers)
    findings += entries(readers)
    for what, found, expected in findings:
        compared.append(what)
        if found != expected:
            differences.append(f"{what}: {found}, not {expected}")
