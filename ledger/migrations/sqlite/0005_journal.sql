-- The journal: entries of business acts and their postings. Amounts are text with 12 digits after the point, a debit above 0, a credit
-- below; nothing here adds them up. An entry's postings come before it: once it is there, it is closed.

CREATE TABLE journal_entries (
    number BIGINT NOT NULL PRIMARY KEY,
    sha256 TEXT NOT NULL,
    previous TEXT NOT NULL,
    kind TEXT NOT NULL,
    mid TEXT NOT NULL,
    cycle TEXT,
    happened TEXT NOT NULL,
    booked TEXT NOT NULL,
    reason TEXT NOT NULL,
    reference TEXT NOT NULL,
    -- No entry is reversed twice.
    reverses BIGINT UNIQUE,
    evidence_kind TEXT NOT NULL,
    evidence_sha256 TEXT NOT NULL
);

CREATE TABLE journal_postings (
    entry BIGINT NOT NULL,
    line BIGINT NOT NULL,
    account TEXT NOT NULL,
    -- The platform or party whose account it is; empty for the MID's own.
    owner TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount TEXT NOT NULL,
    PRIMARY KEY (entry, line)
);

CREATE TRIGGER journal_entries_are_not_changed BEFORE UPDATE ON journal_entries
BEGIN SELECT RAISE(ABORT, 'journal entries are append only'); END;

CREATE TRIGGER journal_entries_are_not_deleted BEFORE DELETE ON journal_entries
BEGIN SELECT RAISE(ABORT, 'journal entries are append only'); END;

-- What is inserted in place of a row that is there deletes that one, past the trigger above.
CREATE TRIGGER journal_entries_are_not_replaced BEFORE INSERT ON journal_entries
WHEN EXISTS (SELECT 1 FROM journal_entries WHERE number = NEW.number OR reverses = NEW.reverses)
BEGIN SELECT RAISE(ABORT, 'journal entries are append only'); END;

CREATE TRIGGER journal_postings_are_not_changed BEFORE UPDATE ON journal_postings
BEGIN SELECT RAISE(ABORT, 'journal postings are append only'); END;

CREATE TRIGGER journal_postings_are_not_deleted BEFORE DELETE ON journal_postings
BEGIN SELECT RAISE(ABORT, 'journal postings are append only'); END;

CREATE TRIGGER journal_postings_are_not_added BEFORE INSERT ON journal_postings
WHEN EXISTS (SELECT 1 FROM journal_entries WHERE number = NEW.entry)
BEGIN SELECT RAISE(ABORT, 'a journal entry that is booked gets no more postings'); END;
