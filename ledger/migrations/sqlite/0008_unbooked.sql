-- Of money on an account that no message books: why, and which line of a message an exception is about. A person says whose it is, by an act
-- of its own; the rows stay as they are.

ALTER TABLE bank_receipts ADD COLUMN unbooked TEXT;
ALTER TABLE bank_exceptions ADD COLUMN receipt BIGINT;
