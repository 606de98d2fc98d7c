"""Erases the private details of a party: erase.py BOOKS PARTY, where PARTY may be a pattern of SQL's LIKE."""
import sqlite3
import sys

ledger = sqlite3.connect(f"{sys.argv[1]}/ledger.sqlite")
with ledger:
    erased = ledger.execute("DELETE FROM party_details WHERE party LIKE ?", (sys.argv[2],)).rowcount
ledger.close()
sys.exit(0 if erased else "nothing to erase")
