-- The ledger of version 1, as in ../sqlite. Texts are ordered by their bytes, as SQLite does it, so that everything is read in one order.
-- Amounts are text inside manifests and drafts.

CREATE TABLE manifests (
    sequence BIGINT NOT NULL PRIMARY KEY,
    sha256 TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL
);

CREATE TABLE positions (
    partition TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL,
    next BIGINT NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL,
    read BIGINT NOT NULL,
    metered BIGINT NOT NULL,
    duplicate BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    -- SHA-256 of all of the above: a changed row is seen.
    sealed TEXT COLLATE "C" NOT NULL
);

-- Batches on their way: a number that stands here can be committed, once; one that was taken away never can.
CREATE TABLE reservations (
    batch BIGINT NOT NULL PRIMARY KEY,
    partition TEXT COLLATE "C" NOT NULL,
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
    partition TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    sentence TEXT COLLATE "C" NOT NULL,
    raw BYTEA NOT NULL,
    replayed_in BIGINT
);

CREATE INDEX dead_letters_by_batch ON dead_letters (batch);

-- The only place for names, identifiers and account details: it can be erased per party.
CREATE TABLE party_details (
    party TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    salt TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    details TEXT COLLATE "C" NOT NULL
);

CREATE TABLE cycles (
    mid TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    cycle TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (mid, currency, cycle)
);

CREATE TABLE drafts (
    sha256 TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    mid TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    cycle TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL
);

CREATE FUNCTION refuse_the_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0];
END
$$;

CREATE TRIGGER manifests_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON manifests
FOR EACH STATEMENT EXECUTE FUNCTION refuse_the_change('manifests are append only');

CREATE TRIGGER drafts_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON drafts
FOR EACH STATEMENT EXECUTE FUNCTION refuse_the_change('drafts are append only');

CREATE TRIGGER dead_letters_are_not_deleted BEFORE DELETE OR TRUNCATE ON dead_letters
FOR EACH STATEMENT EXECUTE FUNCTION refuse_the_change('dead letters are kept');
