-- What the accruals of each batch add up to, per currency, as its manifest says.

CREATE TABLE batch_totals (
    batch BIGINT NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    gross NUMERIC(38, 12) NOT NULL,
    labour NUMERIC(38, 12) NOT NULL,
    PRIMARY KEY (batch, currency)
);

INSERT INTO batch_totals (batch, currency, gross, labour)
SELECT (body::json -> 'act' ->> 'batch')::bigint, total ->> 'currency',
    (total ->> 'gross')::numeric(38, 12), (total ->> 'labour')::numeric(38, 12)
FROM manifests, json_array_elements(body::json -> 'act' -> 'totals') AS total
WHERE body::json -> 'act' ->> 'kind' = 'batch';

CREATE TRIGGER batch_totals_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON batch_totals
FOR EACH STATEMENT EXECUTE FUNCTION refuse_the_change('batch totals are append only');
