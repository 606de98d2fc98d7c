"""Copies a ledger as it is now: backup.py LEDGER COPY."""
import sqlite3
import sys

source, target = (sqlite3.connect(path) for path in sys.argv[1:])
source.backup(target)
target.close()
source.close()
