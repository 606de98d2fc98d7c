-- Payments: what was sent to banks and what became of it. Nothing here changes: a change of state is a further row of payment_states.
-- Files for banks and banks' messages name accounts, so they are nowhere else; only they can be erased, one row at a time, which leaves their hash.

CREATE TABLE payments (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    line BIGINT NOT NULL,
    mid TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    cycle TEXT COLLATE "C" NOT NULL,
    party TEXT COLLATE "C" NOT NULL,
    attempt BIGINT NOT NULL,
    -- The currency that arrives; that of the draft unless it was exchanged.
    paid_in TEXT COLLATE "C" NOT NULL,
    amount NUMERIC(38, 12) NOT NULL,
    -- A payment that has failed is replaced once.
    replaces TEXT COLLATE "C" UNIQUE,
    -- The file that it is in; none if it was left out.
    message_id TEXT COLLATE "C",
    UNIQUE (sequence, line),
    UNIQUE (mid, currency, cycle, party, attempt)
);

CREATE INDEX payments_by_message ON payments (message_id);

CREATE TABLE payment_states (
    sequence BIGINT NOT NULL,
    line BIGINT NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C",
    booked TEXT COLLATE "C",
    reference TEXT COLLATE "C",
    PRIMARY KEY (sequence, line)
);

CREATE INDEX payment_states_by_id ON payment_states (id, sequence, line);

CREATE TABLE bank_files (
    message_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    format TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    -- Packed with zstd.
    body BYTEA
);

CREATE TABLE bank_messages (
    sha256 TEXT COLLATE "C" NOT NULL,
    sequence BIGINT NOT NULL UNIQUE,
    mid TEXT COLLATE "C" NOT NULL,
    -- Packed with zstd.
    body BYTEA,
    -- A bank may have one file for several MIDs.
    PRIMARY KEY (mid, sha256)
);

CREATE TABLE bank_receipts (
    sequence BIGINT NOT NULL,
    line BIGINT NOT NULL,
    platform TEXT COLLATE "C",
    cycle TEXT COLLATE "C",
    currency TEXT COLLATE "C" NOT NULL,
    amount NUMERIC(38, 12) NOT NULL,
    booked TEXT COLLATE "C",
    reference TEXT COLLATE "C",
    PRIMARY KEY (sequence, line)
);

CREATE TABLE bank_exceptions (
    sequence BIGINT NOT NULL,
    line BIGINT NOT NULL,
    reference TEXT COLLATE "C",
    what TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (sequence, line)
);

CREATE TRIGGER payments_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON payments
FOR EACH STATEMENT EXECUTE FUNCTION refuse_the_change('payments are append only');

CREATE TRIGGER payment_states_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON payment_states
FOR EACH STATEMENT EXECUTE FUNCTION refuse_the_change('states of payments are append only');

CREATE TRIGGER bank_receipts_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_receipts
FOR EACH STATEMENT EXECUTE FUNCTION refuse_the_change('receipts are append only');

CREATE TRIGGER bank_exceptions_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_exceptions
FOR EACH STATEMENT EXECUTE FUNCTION refuse_the_change('exceptions are append only');

CREATE TRIGGER bank_files_are_not_changed BEFORE UPDATE ON bank_files
FOR EACH ROW WHEN (NEW.body IS NOT NULL OR (NEW.message_id, NEW.sequence, NEW.name, NEW.format, NEW.sha256)
    IS DISTINCT FROM (OLD.message_id, OLD.sequence, OLD.name, OLD.format, OLD.sha256))
EXECUTE FUNCTION refuse_the_change('files for banks are append only');

CREATE TRIGGER bank_files_are_not_deleted BEFORE DELETE OR TRUNCATE ON bank_files
FOR EACH STATEMENT EXECUTE FUNCTION refuse_the_change('files for banks are append only');

CREATE TRIGGER bank_messages_are_not_changed BEFORE UPDATE ON bank_messages
FOR EACH ROW WHEN (NEW.body IS NOT NULL OR (NEW.sha256, NEW.sequence, NEW.mid) IS DISTINCT FROM (OLD.sha256, OLD.sequence, OLD.mid))
EXECUTE FUNCTION refuse_the_change('messages of banks are append only');

CREATE TRIGGER bank_messages_are_not_deleted BEFORE DELETE OR TRUNCATE ON bank_messages
FOR EACH STATEMENT EXECUTE FUNCTION refuse_the_change('messages of banks are append only');
