-- The journal: entries of business acts and their postings, a debit above 0, a credit below. An entry's postings come before it: once it is
-- there, it is closed.

CREATE TABLE journal_entries (
    number BIGINT NOT NULL PRIMARY KEY,
    sha256 TEXT COLLATE "C" NOT NULL,
    previous TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    mid TEXT COLLATE "C" NOT NULL,
    cycle TEXT COLLATE "C",
    happened TEXT COLLATE "C" NOT NULL,
    booked TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    reference TEXT COLLATE "C" NOT NULL,
    -- No entry is reversed twice.
    reverses BIGINT UNIQUE,
    evidence_kind TEXT COLLATE "C" NOT NULL,
    evidence_sha256 TEXT COLLATE "C" NOT NULL
);

CREATE TABLE journal_postings (
    entry BIGINT NOT NULL,
    line BIGINT NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    -- The platform or party whose account it is; empty for the MID's own.
    owner TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    amount NUMERIC(38, 12) NOT NULL,
    PRIMARY KEY (entry, line)
);

CREATE TRIGGER journal_entries_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_entries
FOR EACH STATEMENT EXECUTE FUNCTION refuse_the_change('journal entries are append only');

CREATE TRIGGER journal_postings_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_postings
FOR EACH STATEMENT EXECUTE FUNCTION refuse_the_change('journal postings are append only');

CREATE OR REPLACE FUNCTION refuse_more_postings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM journal_entries WHERE number IN (SELECT DISTINCT entry FROM added)) THEN
        RAISE EXCEPTION 'a journal entry that is booked gets no more postings';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER journal_postings_are_not_added AFTER INSERT ON journal_postings
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION refuse_more_postings();
