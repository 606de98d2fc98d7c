"""The number of rows that a query finds: query.py VIEWS QUERY."""
import sys

import duckdb

views, query = sys.argv[1:]
duckdb.execute(views)
print(len(duckdb.sql(query).fetchall()))
