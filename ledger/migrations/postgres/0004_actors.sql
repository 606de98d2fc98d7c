-- Who may act: keys and the persons behind them, as the manifests of these numbers say. Whoever is retired stays.

CREATE TABLE actors (
    actor TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    person TEXT COLLATE "C" NOT NULL,
    public_key TEXT COLLATE "C" NOT NULL UNIQUE,
    sequence BIGINT NOT NULL
);

CREATE TABLE retired_actors (
    actor TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL
);

CREATE TRIGGER actors_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON actors
FOR EACH STATEMENT EXECUTE FUNCTION refuse_the_change('actors are append only');

CREATE TRIGGER retired_actors_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON retired_actors
FOR EACH STATEMENT EXECUTE FUNCTION refuse_the_change('retired actors are append only');
