-- What the accruals of each batch add up to, per currency, as its manifest says. Decimals with 12 digits after the point are kept as
-- text: a number of SQLite would be rounded.

CREATE TABLE batch_totals (
    batch BIGINT NOT NULL,
    currency TEXT NOT NULL,
    gross TEXT NOT NULL,
    labour TEXT NOT NULL,
    PRIMARY KEY (batch, currency)
);

INSERT INTO batch_totals (batch, currency, gross, labour)
SELECT json_extract(body, '$.act.batch'), json_extract(total.value, '$.currency'),
    json_extract(total.value, '$.gross'), json_extract(total.value, '$.labour')
FROM manifests, json_each(body, '$.act.totals') AS total
WHERE json_extract(body, '$.act.kind') = 'batch';

CREATE TRIGGER batch_totals_are_not_changed BEFORE UPDATE ON batch_totals
BEGIN SELECT RAISE(ABORT, 'batch totals are append only'); END;

CREATE TRIGGER batch_totals_are_not_deleted BEFORE DELETE ON batch_totals
BEGIN SELECT RAISE(ABORT, 'batch totals are append only'); END;
