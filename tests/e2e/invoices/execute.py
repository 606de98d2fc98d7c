"""Executes SQL upon a ledger on SQLite, past everything.

  execute.py LEDGER SQL
"""
import sqlite3
import sys

with sqlite3.connect(sys.argv[1]) as ledger:
    ledger.executescript(sys.argv[2])
