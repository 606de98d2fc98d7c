-- Payments: what was sent to banks and what became of it. Nothing here changes: a change of state is a further row of payment_states.
-- Files for banks and banks' messages name accounts, so they are nowhere else; only they can be erased, one row at a time, which leaves their hash.

CREATE TABLE payments (
    id TEXT NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    line BIGINT NOT NULL,
    mid TEXT NOT NULL,
    currency TEXT NOT NULL,
    cycle TEXT NOT NULL,
    party TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    -- The currency that arrives; that of the draft unless it was exchanged.
    paid_in TEXT NOT NULL,
    amount TEXT NOT NULL,
    -- A payment that has failed is replaced once.
    replaces TEXT UNIQUE,
    -- The file that it is in; none if it was left out.
    message_id TEXT,
    UNIQUE (sequence, line),
    UNIQUE (mid, currency, cycle, party, attempt)
);

CREATE INDEX payments_by_message ON payments (message_id);

CREATE TABLE payment_states (
    sequence BIGINT NOT NULL,
    line BIGINT NOT NULL,
    id TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    booked TEXT,
    reference TEXT,
    PRIMARY KEY (sequence, line)
);

CREATE INDEX payment_states_by_id ON payment_states (id, sequence, line);

CREATE TABLE bank_files (
    message_id TEXT NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    name TEXT NOT NULL,
    format TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    -- Packed with zstd.
    body BLOB
);

CREATE TABLE bank_messages (
    sha256 TEXT NOT NULL,
    sequence BIGINT NOT NULL UNIQUE,
    mid TEXT NOT NULL,
    -- Packed with zstd.
    body BLOB,
    -- A bank may have one file for several MIDs.
    PRIMARY KEY (mid, sha256)
);

CREATE TABLE bank_receipts (
    sequence BIGINT NOT NULL,
    line BIGINT NOT NULL,
    platform TEXT,
    cycle TEXT,
    currency TEXT NOT NULL,
    amount TEXT NOT NULL,
    booked TEXT,
    reference TEXT,
    PRIMARY KEY (sequence, line)
);

CREATE TABLE bank_exceptions (
    sequence BIGINT NOT NULL,
    line BIGINT NOT NULL,
    reference TEXT,
    what TEXT NOT NULL,
    PRIMARY KEY (sequence, line)
);

CREATE TRIGGER payments_are_not_changed BEFORE UPDATE ON payments
BEGIN SELECT RAISE(ABORT, 'payments are append only'); END;
CREATE TRIGGER payments_are_not_deleted BEFORE DELETE ON payments
BEGIN SELECT RAISE(ABORT, 'payments are append only'); END;
CREATE TRIGGER payments_are_not_replaced BEFORE INSERT ON payments
WHEN EXISTS (SELECT 1 FROM payments WHERE id = NEW.id OR replaces = NEW.replaces OR (sequence = NEW.sequence AND line = NEW.line)
    OR (mid = NEW.mid AND currency = NEW.currency AND cycle = NEW.cycle AND party = NEW.party AND attempt = NEW.attempt))
BEGIN SELECT RAISE(ABORT, 'payments are append only'); END;

CREATE TRIGGER payment_states_are_not_changed BEFORE UPDATE ON payment_states
BEGIN SELECT RAISE(ABORT, 'states of payments are append only'); END;
CREATE TRIGGER payment_states_are_not_deleted BEFORE DELETE ON payment_states
BEGIN SELECT RAISE(ABORT, 'states of payments are append only'); END;
CREATE TRIGGER payment_states_are_not_replaced BEFORE INSERT ON payment_states
WHEN EXISTS (SELECT 1 FROM payment_states WHERE sequence = NEW.sequence AND line = NEW.line)
BEGIN SELECT RAISE(ABORT, 'states of payments are append only'); END;

CREATE TRIGGER bank_files_are_not_changed BEFORE UPDATE ON bank_files
WHEN NEW.body IS NOT NULL OR (NEW.message_id, NEW.sequence, NEW.name, NEW.format, NEW.sha256) IS NOT (OLD.message_id, OLD.sequence, OLD.name, OLD.format, OLD.sha256)
BEGIN SELECT RAISE(ABORT, 'files for banks are append only'); END;
CREATE TRIGGER bank_files_are_not_deleted BEFORE DELETE ON bank_files
BEGIN SELECT RAISE(ABORT, 'files for banks are append only'); END;
CREATE TRIGGER bank_files_are_not_replaced BEFORE INSERT ON bank_files
WHEN EXISTS (SELECT 1 FROM bank_files WHERE message_id = NEW.message_id)
BEGIN SELECT RAISE(ABORT, 'files for banks are append only'); END;

CREATE TRIGGER bank_messages_are_not_changed BEFORE UPDATE ON bank_messages
WHEN NEW.body IS NOT NULL OR (NEW.sha256, NEW.sequence, NEW.mid) IS NOT (OLD.sha256, OLD.sequence, OLD.mid)
BEGIN SELECT RAISE(ABORT, 'messages of banks are append only'); END;
CREATE TRIGGER bank_messages_are_not_deleted BEFORE DELETE ON bank_messages
BEGIN SELECT RAISE(ABORT, 'messages of banks are append only'); END;
CREATE TRIGGER bank_messages_are_not_replaced BEFORE INSERT ON bank_messages
WHEN EXISTS (SELECT 1 FROM bank_messages WHERE (mid = NEW.mid AND sha256 = NEW.sha256) OR sequence = NEW.sequence)
BEGIN SELECT RAISE(ABORT, 'messages of banks are append only'); END;

CREATE TRIGGER bank_receipts_are_not_changed BEFORE UPDATE ON bank_receipts
BEGIN SELECT RAISE(ABORT, 'receipts are append only'); END;
CREATE TRIGGER bank_receipts_are_not_deleted BEFORE DELETE ON bank_receipts
BEGIN SELECT RAISE(ABORT, 'receipts are append only'); END;
CREATE TRIGGER bank_receipts_are_not_replaced BEFORE INSERT ON bank_receipts
WHEN EXISTS (SELECT 1 FROM bank_receipts WHERE sequence = NEW.sequence AND line = NEW.line)
BEGIN SELECT RAISE(ABORT, 'receipts are append only'); END;

CREATE TRIGGER bank_exceptions_are_not_changed BEFORE UPDATE ON bank_exceptions
BEGIN SELECT RAISE(ABORT, 'exceptions are append only'); END;
CREATE TRIGGER bank_exceptions_are_not_deleted BEFORE DELETE ON bank_exceptions
BEGIN SELECT RAISE(ABORT, 'exceptions are append only'); END;
CREATE TRIGGER bank_exceptions_are_not_replaced BEFORE INSERT ON bank_exceptions
WHEN EXISTS (SELECT 1 FROM bank_exceptions WHERE sequence = NEW.sequence AND line = NEW.line)
BEGIN SELECT RAISE(ABORT, 'exceptions are append only'); END;
