"""Prints a piece of each body of files for banks and of messages that a ledger of SQLite keeps, in hex: bodies.py LEDGER"""
import json
import sqlite3
import sys

ledger = sqlite3.connect(sys.argv[1])
rows = ledger.execute("SELECT body FROM bank_files UNION ALL SELECT body FROM bank_messages").fetchall()
print(json.dumps([body[40:104].hex() for (body,) in rows if body]))
ledger.close()
