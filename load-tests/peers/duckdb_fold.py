#!/usr/bin/env python3
"""The peers of `make bench`: what DuckDB does with the same files, as fast as we could make it.

  duckdb_fold.py equal EVENTS.ndjson REGISTRY.ndjson OUT.parquet [--threads N]   the same fold: the peer that Farthing is held against
  duckdb_fold.py whole EVENTS.ndjson REGISTRY.ndjson OUT.parquet [--threads N]   the same fold, and the evidence beside it: all that Farthing's archive holds
  duckdb_fold.py sums EVENTS.ndjson OUT.parquet [--threads N]                    the sums alone: a lower bound of the work
  duckdb_fold.py read OUT.parquet KEY[,KEY...]                                   CSV of the keys, gross and labour; not timed

All three keep one event of each identity (platform, source, id) and write zstd Parquet that is synced before they end.

`equal` reads the registry too, splits each event's revenue over its parties and nobody to the unit of 10^-12 by largest remainder,
resolves party -> membership -> MID -> agreement -> labour share and consent at the event's time, rounds labour up once per event and
party, and writes the accruals of each month: the same figures as `farthing accruals`, which the benchmark checks. It covers what
`farthing-load generate` writes and no more: parties (no works), kind `share` with weights and amounts of six digits from 0, memberships
for all platforms and uses, at most one refusal of consent by a party. What does not fit a column stops it rather than being rounded.

What `equal` leaves out, and Farthing does in the same run: the evidence (each event with its attribution, as Parquet), validation and
dead letters, the difference between a copy and a conflict, identities and copies across runs and restarts, a bound on memory, and the
ledger with its manifest. On the other side Farthing's registry was loaded before the clock starts and is read from its own form, while
`equal` reads the NDJSON: its report says how long that took.

`whole` writes the evidence too, to OUT.parquet.usage: each event that counts, with all that the generator says of it.

`sums` leaves out the registry and the split as well: revenue x weight per party, platform and type, what an analyst would write in a
morning.

Chosen by measurement on 1,000,000 events of fan-out 8, two threads:
- DECIMAL columns are read as fast as DOUBLE or faster (1.0 s against 1.3), and are exact;
- copies are found by a GROUP BY over the stored events and kept out by row number (1.5 s in all) against row_number() over everything
  that an event carries (2.0 s), which was itself faster than DISTINCT ON and any_value;
- an event whose weights make exactly 1 and name nobody twice, which is nearly every one, is split by a product without remainder; only
  the others go through window functions (finding who is named twice costs 0.4 s; a filter of 64 bits before it saves 0.15 s at fan-out 8
  and costs more than that at 32);
- consent sits in the rows of the memberships: a join of its own cost 0.7 s; agreements are joined by one small number, not by three texts;
- the result goes from the aggregate to Parquet without a table between, with zstd's quickest level and small dictionaries (1.3 s against
  1.7); Parquet version 2, narrower decimals and one packed key in the aggregate were no faster.
"""
import argparse
import csv
import json
import os
import sys
import time
from decimal import Decimal

import duckdb

MICRO = "1000000::DECIMAL(7, 0)"

REGISTRY = """
CREATE TEMP TABLE registry AS
SELECT * FROM read_json($registry, format = 'newline_delimited', columns = {
  kind: 'VARCHAR', id: 'VARCHAR', party: 'VARCHAR', mid: 'VARCHAR', platform: 'VARCHAR', platforms: 'VARCHAR', "use": 'VARCHAR',
  uses: 'JSON', currency: 'VARCHAR', decision: 'VARCHAR', default_labour_share: 'DECIMAL(7, 6)', labour_share: 'DECIMAL(7, 6)',
  "from": 'TIMESTAMP', "to": 'TIMESTAMP'})
WHERE kind <> 'party'
"""

# What the evidence says of an event beyond what the fold needs, and the fields that it comes from.
EVIDENT = ", data.model AS model, data.usage AS counts, data.attribution.method AS method, data.attribution.method_version AS method_version, data.attribution.kind AS kind"
EVIDENT_DATA = "model VARCHAR, usage MAP(VARCHAR, BIGINT), "
EVIDENT_ATTRIBUTION = "method VARCHAR, method_version VARCHAR, kind VARCHAR, "


def events(columns="", data="", attribution=""):
    """Weights and amounts are kept as whole millionths, so that their product is a whole number of units."""
    return f"""
CREATE TEMP TABLE usage AS
SELECT *, nobody_stated + CASE WHEN weight + nobody_stated < 999000 THEN 1000000 - weight - nobody_stated
                               WHEN weight + nobody_stated > 1001000 THEN error('weights exceed one') ELSE 0 END AS nobody
FROM (SELECT id, source, data.platform AS platform, split_part(type, '.', 3) AS "use", time, date_trunc('month', time)::DATE AS cycle,
             data.revenue.currency AS currency, (data.revenue.amount * {MICRO})::BIGINT AS revenue,
             data.attribution.entries AS entries,
             coalesce((data.attribution.unattributed * {MICRO})::BIGINT, 0) AS nobody_stated,
             coalesce((list_sum(list_transform(entries, lambda e: e.weight)) * {MICRO})::BIGINT, 0) AS weight,
             list_unique(list_transform(entries, lambda e: e.party)) = len(entries) AS apart{columns}
      FROM read_json($events, format = 'newline_delimited', columns = {{
        id: 'VARCHAR', source: 'VARCHAR', type: 'VARCHAR', time: 'TIMESTAMP',
        data: 'STRUCT(platform VARCHAR, {data}revenue STRUCT(amount DECIMAL(9, 6), currency VARCHAR),
                      attribution STRUCT({attribution}entries STRUCT(party VARCHAR, weight DECIMAL(9, 6))[], unattributed DECIMAL(9, 6)))'}}))
"""


COPIES = """
CREATE TEMP TABLE copies AS
SELECT unnest(list(rowid)[2:]) AS number FROM usage GROUP BY platform, source, id HAVING count(*) > 1
"""

# A lane is what the events of one platform, use, currency and month have in common; a slot is a lane and a MID in one number.
LANES = """
CREATE TEMP TABLE lanes AS
SELECT (row_number() OVER () * 1024)::INTEGER AS lane, *
FROM (SELECT DISTINCT platform, "use", currency, cycle FROM usage)
JOIN (SELECT id AS platform, (default_labour_share * 1000000)::INTEGER AS default_share FROM registry WHERE kind = 'platform')
  USING (platform);
CREATE TEMP TABLE mids AS
SELECT row_number() OVER ()::INTEGER AS mid_number, id AS mid FROM registry WHERE kind = 'mid';
CREATE TEMP TABLE terms AS
SELECT row_number() OVER ()::USMALLINT AS term, lane + mid_number AS slot, mid, id AS agreement,
       (labour_share * 1000000)::INTEGER AS share, "from" AS since, coalesce("to", 'infinity') AS until
FROM registry JOIN lanes USING (platform, currency) JOIN mids USING (mid)
WHERE kind = 'agreement' AND list_contains(from_json(uses, '["VARCHAR"]'), lanes."use");
CREATE TEMP TABLE refusals AS
SELECT r.party, list(lane) AS refused, min("from") AS refused_since, coalesce(min("to"), 'infinity') AS refused_until
FROM registry r JOIN lanes l ON r.platform IN ('*', l.platform) AND r."use" IN ('*', l."use")
WHERE kind = 'consent' AND decision = 'n'
GROUP BY r.party
HAVING CASE WHEN count(DISTINCT r.rowid) = 1 THEN true ELSE error('a party that refused twice') END;
CREATE TEMP TABLE people AS
SELECT party, mid_number, coalesce(since, '-infinity') AS since, coalesce(until, 'infinity') AS until,
       refused, refused_since, refused_until
FROM (SELECT party, mid_number, "from" AS since, coalesce("to", 'infinity') AS until
      FROM registry JOIN mids USING (mid)
      WHERE kind = 'membership'
        AND CASE WHEN platforms = '*' AND uses = '"*"' THEN true ELSE error('a membership for some platforms or uses') END)
FULL JOIN refusals USING (party)
"""

# The parts of an event in whole units. `plain` events have no remainder; the others are merged, split and ranked in SPEC's order.
PARTS = """
CREATE TEMP VIEW facts AS
SELECT usage.rowid AS number, lane, default_share, time, revenue, entries, nobody, apart AND weight + nobody = 1000000 AS plain
FROM usage JOIN lanes USING (platform, "use", currency, cycle)
WHERE usage.rowid NOT IN (SELECT number FROM copies);
CREATE TEMP TABLE ranked AS
SELECT lane, default_share, time, party,
       quotient + (row_number() OVER (PARTITION BY number ORDER BY remainder DESC, party NULLS LAST)
                   <= revenue * 1000000 - sum(quotient) OVER (PARTITION BY number))::BIGINT AS gross
FROM (SELECT *, revenue * 1000000 * weight // whole AS quotient, revenue * 1000000 * weight % whole AS remainder
      FROM (SELECT *, (sum(weight) OVER (PARTITION BY number))::BIGINT AS whole
            FROM (SELECT number, lane, default_share, time, revenue, party, sum((weight * 1000000)::BIGINT)::BIGINT AS weight
                  FROM (SELECT number, lane, default_share, time, revenue, unnest(entries, recursive := true) FROM facts WHERE NOT plain)
                  GROUP BY ALL
                  UNION ALL
                  SELECT number, lane, default_share, time, revenue, NULL, nobody FROM facts WHERE NOT plain)));
CREATE TEMP VIEW parts AS
SELECT lane, default_share, time, party, (weight * 1000000::DECIMAL(7, 0))::BIGINT * revenue AS gross
FROM (SELECT lane, default_share, time, revenue, unnest(entries, recursive := true) FROM facts WHERE plain)
UNION ALL
SELECT lane, default_share, time, party, gross FROM ranked WHERE party IS NOT NULL;
CREATE TEMP VIEW rest AS
SELECT lane, default_share, nobody * revenue AS gross FROM facts WHERE plain
UNION ALL
SELECT lane, default_share, gross FROM ranked WHERE party IS NULL
"""

# Labour is rounded up here, once per event and party, and nowhere else.
ACCRUALS = """
COPY (
  SELECT cycle, party, coalesce(mid, '') AS mid, coalesce(agreement, '') AS agreement, platform, "use", currency, status,
         (gross::DECIMAL(38, 0) * 0.000000000001)::DECIMAL(38, 12) AS gross,
         (labour::DECIMAL(38, 0) * 0.000000000001)::DECIMAL(38, 12) AS labour
  FROM (
    SELECT party, lane, term, CASE WHEN refused THEN 'unlicensed' WHEN term IS NULL THEN 'suspense' ELSE 'payable' END AS status,
           gross, labour
    FROM (SELECT party, lane, term, refused, sum(gross) AS gross, sum((gross * share + 999999) // 1000000) AS labour
          FROM (SELECT parts.party, parts.lane, term, gross, coalesce(share, default_share) AS share,
                       CASE WHEN refused IS NULL THEN false
                            ELSE list_contains(refused, lane) AND time >= refused_since AND time < refused_until END AS refused
                FROM parts
                LEFT JOIN people ON people.party = parts.party AND time >= people.since AND time < people.until
                LEFT JOIN terms ON terms.slot = parts.lane + people.mid_number AND time >= terms.since AND time < terms.until)
          GROUP BY ALL)
    UNION ALL
    SELECT '', lane, NULL, 'unattributed', sum(gross), sum((gross * default_share + 999999) // 1000000)
    FROM rest GROUP BY lane)
  JOIN lanes USING (lane)
  LEFT JOIN (SELECT term, mid, agreement FROM terms) USING (term)
  WHERE gross > 0
) TO '{out}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, DICTIONARY_SIZE_LIMIT 1000)
"""

EVIDENCE = """
COPY (
  SELECT rowid AS number, id, source, time, platform, "use", model, counts, currency,
         (revenue::DECIMAL(38, 0) * 0.000001)::DECIMAL(38, 12) AS revenue, method, method_version, kind, entries,
         (nobody_stated::DECIMAL(38, 0) * 0.000001)::DECIMAL(38, 12) AS unattributed
  FROM usage WHERE rowid NOT IN (SELECT number FROM copies)
) TO '{out}.usage' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)
"""

SUMS_EVENTS = """
CREATE TEMP TABLE usage AS
SELECT id, source, data.platform AS platform, split_part(type, '.', 3) AS "use", data.revenue.amount AS amount,
       data.attribution.entries AS entries
FROM read_json($events, format = 'newline_delimited', columns = {
  id: 'VARCHAR', source: 'VARCHAR', type: 'VARCHAR',
  data: 'STRUCT(platform VARCHAR, revenue STRUCT(amount DECIMAL(9, 6)),
                attribution STRUCT(entries STRUCT(party VARCHAR, weight DECIMAL(9, 6))[]))'})
"""

SUMS = """
COPY (
  SELECT party, platform, "use", sum(amount * weight) AS gross
  FROM (SELECT platform, "use", amount, unnest(entries, recursive := true) FROM usage
        WHERE usage.rowid NOT IN (SELECT number FROM copies))
  GROUP BY ALL
) TO '{out}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, DICTIONARY_SIZE_LIMIT 1000)
"""

PHASES = {
    "equal": {"registry": [REGISTRY], "events": [events(), COPIES], "fold": [LANES, PARTS, ACCRUALS]},
    "whole": {
        "registry": [REGISTRY],
        "events": [events(EVIDENT, EVIDENT_DATA, EVIDENT_ATTRIBUTION), COPIES],
        "evidence": [EVIDENCE],
        "fold": [LANES, PARTS, ACCRUALS],
    },
    "sums": {"events": [SUMS_EVENTS, COPIES], "fold": [SUMS]},
}
EVENT_COUNT = "SELECT (SELECT count(*) FROM usage) - (SELECT count(*) FROM copies)"


def sync(path):
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def run_phases(database, phases, values):
    """Runs the statements of each phase; the seconds that each took."""
    seconds = {}
    for phase, statements in phases.items():
        start = time.perf_counter()
        for statement in statements:
            statement = statement.replace("{out}", values["out"].replace("'", "''"))
            database.execute(statement, {name: value for name, value in values.items() if f"${name}" in statement})
        seconds[phase] = round(time.perf_counter() - start, 3)
    return seconds


def fold(options, phases):
    folder = os.path.dirname(os.path.abspath(options.out))
    database = duckdb.connect(config={"threads": options.threads, "preserve_insertion_order": False, "temp_directory": folder})
    seconds = run_phases(database, phases, vars(options))
    if "evidence" in phases:
        sync(f"{options.out}.usage")
    sync(options.out)
    sync(folder)
    events = database.execute(EVENT_COUNT).fetchone()[0]
    print(json.dumps({"engine": f"DuckDB {duckdb.__version__}", "events": events, "seconds": seconds}))
    # What follows is the interpreter tidying up gigabytes that the end of the process frees at once.
    sys.stdout.flush()
    os._exit(0)


def read(options):
    """Sums over the keys, in their order, as any other reader of the file would ask for them."""
    columns = ", ".join(f'"{key}"' for key in options.keys.split(","))
    out = options.out.replace("'", "''")
    described = duckdb.execute(f"DESCRIBE FROM '{out}'").fetchall()
    amounts = [f", sum({row[0]})::DECIMAL(38, 12)" for row in described if row[0] in ("gross", "labour")]
    result = duckdb.execute(f"SELECT {columns}{''.join(amounts)} FROM '{out}' GROUP BY ALL ORDER BY ALL")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    while rows := result.fetchmany(10_000):
        # A small sum would be written with an exponent.
        writer.writerows([format(value, "f") if isinstance(value, Decimal) else value for value in row] for row in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_subparsers(dest="mode", required=True)
    both = ["events", "registry", "out"]
    for mode, arguments in {"equal": both, "whole": both, "sums": ["events", "out"], "read": ["out", "keys"]}.items():
        options = modes.add_parser(mode)
        for argument in arguments:
            options.add_argument(argument)
        options.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    if options.mode == "read":
        read(options)
    else:
        fold(options, PHASES[options.mode])


if __name__ == "__main__":
    main()
