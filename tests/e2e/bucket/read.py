"""Sums the accruals of a bucket by the printed views, with Polars and DuckDB, and compares them with what the program says.

  read.py INPUT

INPUT is a JSON file: {"sql": what `archive list --sql` printed, "url": the archive's URL, "mirror": a folder with all its objects,
"endpoint": the server's URL, "accruals": the lines of `farthing accruals --json`}. Prints `same N by ...`, or what differs.
"""
import json
import re
import sys
from collections import defaultdict
from decimal import Decimal

import duckdb
import polars

KEYS = ["party", "mid", "agreement", "platform", "use", "currency", "status"]


def folded(rows):
    sums = defaultdict(lambda: (Decimal(0), Decimal(0)))
    for *key, gross, labour in rows:
        old = sums[tuple(key)]
        sums[tuple(key)] = old[0] + gross, old[1] + labour
    return {key: sum_ for key, sum_ in sums.items() if sum_ != (0, 0)}


def by_polars(given):
    """Reads the very URLs of the view from the server."""
    view = given["sql"].split("VIEW accruals AS")[1].split(";")[0]
    options = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "aws_region": "us-east-1",
               "aws_endpoint_url": given["endpoint"], "aws_allow_http": "true"}
    urls = re.findall(r"'(s3://[^']+)'", view)
    frame = polars.scan_parquet(urls, storage_options=options, hive_partitioning=False).select(KEYS + ["gross", "labour"]).collect()
    return folded(frame.iter_rows())


def by_duckdb(given):
    """From the server where DuckDB has its extension; where it has none and nobody can fetch it, from the copy."""
    connection, sql = duckdb.connect(), given["sql"]
    try:
        connection.execute("LOAD httpfs")
        host = given["endpoint"].split("://")[1]
        connection.execute(f"CREATE SECRET (TYPE s3, KEY_ID 'any', SECRET 'any', REGION 'us-east-1', URL_STYLE 'path', ENDPOINT '{host}', USE_SSL false)")
        source = "DuckDB from the server"
    except duckdb.Error:
        sql, source = sql.replace(f"'{given['url']}/", f"'{given['mirror']}/"), "DuckDB from a copy"
    connection.execute(sql)
    return source, folded(connection.execute(f"SELECT {', '.join(KEYS)}, gross, labour FROM accruals").fetchall())


given = json.load(open(sys.argv[1]))
expected = folded((*(line[key] for key in KEYS), Decimal(line["gross"]), Decimal(line["labour"])) for line in given["accruals"])
source, of_duckdb = by_duckdb(given)
found = {"Polars from the server": by_polars(given), source: of_duckdb}
wrong = [tool for tool, sums in found.items() if sums != expected]
print(f"same {len(expected)} by {' and '.join(found)}" if expected and not wrong else f"other sums by {wrong}")
