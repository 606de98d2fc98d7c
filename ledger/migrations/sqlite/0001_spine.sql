-- The ledger of version 1. Amounts are text inside manifests and drafts, never a number of the database.

CREATE TABLE manifests (
    sequence BIGINT NOT NULL PRIMARY KEY,
    sha256 TEXT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE positions (
    partition TEXT NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL,
    next BIGINT NOT NULL,
    fingerprint TEXT NOT NULL,
    read BIGINT NOT NULL,
    metered BIGINT NOT NULL,
    duplicate BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    -- SHA-256 of all of the above: a changed row is seen.
    sealed TEXT NOT NULL
);

-- Batches on their way: a number that stands here can be committed, once; one that was taken away never can.
CREATE TABLE reservations (
    batch BIGINT NOT NULL PRIMARY KEY,
    partition TEXT NOT NULL,
    epoch BIGINT NOT NULL
);

-- One row: the last batch number that was given out. None is given out twice.
CREATE TABLE batch_numbers (
    last BIGINT NOT NULL
);

INSERT INTO batch_numbers (last) VALUES (0);

CREATE TABLE dead_letters (
    number BIGINT NOT NULL PRIMARY KEY,
    batch BIGINT NOT NULL,
    partition TEXT NOT NULL,
    position BIGINT NOT NULL,
    code TEXT NOT NULL,
    sentence TEXT NOT NULL,
    raw BLOB NOT NULL,
    replayed_in BIGINT
);

CREATE INDEX dead_letters_by_batch ON dead_letters (batch);

-- The only place for names, identifiers and account details: it can be erased per party.
CREATE TABLE party_details (
    party TEXT NOT NULL PRIMARY KEY,
    salt TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    details TEXT NOT NULL
);

CREATE TABLE cycles (
    mid TEXT NOT NULL,
    currency TEXT NOT NULL,
    cycle TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (mid, currency, cycle)
);

CREATE TABLE drafts (
    sha256 TEXT NOT NULL PRIMARY KEY,
    mid TEXT NOT NULL,
    currency TEXT NOT NULL,
    cycle TEXT NOT NULL,
    body TEXT NOT NULL
);

CREATE TRIGGER manifests_are_not_changed BEFORE UPDATE ON manifests
BEGIN SELECT RAISE(ABORT, 'manifests are append only'); END;

CREATE TRIGGER manifests_are_not_deleted BEFORE DELETE ON manifests
BEGIN SELECT RAISE(ABORT, 'manifests are append only'); END;

CREATE TRIGGER drafts_are_not_changed BEFORE UPDATE ON drafts
BEGIN SELECT RAISE(ABORT, 'drafts are append only'); END;

CREATE TRIGGER drafts_are_not_deleted BEFORE DELETE ON drafts
BEGIN SELECT RAISE(ABORT, 'drafts are append only'); END;

CREATE TRIGGER dead_letters_are_not_deleted BEFORE DELETE ON dead_letters
BEGIN SELECT RAISE(ABORT, 'dead letters are kept'); END;
