"""Alters the text of the one draft that has a piece of text, as nobody may: alter_draft.py BOOKS OLD NEW."""
import sqlite3
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tamper"))
import manifests  # noqa: E402

books, old, new = sys.argv[1:]
ledger = sqlite3.connect(f"{books}/ledger.sqlite")
with ledger:
    trigger = ledger.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'drafts' AND sql LIKE '%UPDATE%'").fetchall()
    for name, _ in trigger:
        ledger.execute(f"DROP TRIGGER {name}")
    texts = [(sha256, manifests.unpacked(packed)) for sha256, packed in ledger.execute("SELECT sha256, packed FROM drafts")]
    having = [(sha256, text) for sha256, text in texts if old in text]
    for sha256, text in having:
        ledger.execute("UPDATE drafts SET packed = ? WHERE sha256 = ?", (manifests.packed(text.replace(old, new)), sha256))
    for _, sql in trigger:
        ledger.execute(sql)
ledger.close()
sys.exit(0 if len(having) == 1 else f"{len(having)} drafts altered")
