-- The text of a draft, packed with zstd; its body is empty then. Drafts that are there already stay as they are: nothing that is posted is
-- written anew.

ALTER TABLE drafts ADD COLUMN packed BYTEA CHECK ((packed IS NULL) <> (body = ''));
