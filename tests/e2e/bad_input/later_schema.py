"""Marks a ledger as one that a later version of the program has brought further: LEDGER."""
import sqlite3
import sys

ledger = sqlite3.connect(sys.argv[1])
ledger.execute("INSERT INTO _sqlx_migrations SELECT 9999, 'later', installed_on, 1, checksum, 1 FROM _sqlx_migrations LIMIT 1")
ledger.commit()
