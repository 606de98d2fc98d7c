-- Who may act: keys and the persons behind them, as the manifests of these numbers say. Whoever is retired stays.

CREATE TABLE actors (
    actor TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL,
    public_key TEXT NOT NULL UNIQUE,
    sequence BIGINT NOT NULL
);

CREATE TABLE retired_actors (
    actor TEXT NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL
);

CREATE TRIGGER actors_are_not_changed BEFORE UPDATE ON actors
BEGIN SELECT RAISE(ABORT, 'actors are append only'); END;

CREATE TRIGGER actors_are_not_deleted BEFORE DELETE ON actors
BEGIN SELECT RAISE(ABORT, 'actors are append only'); END;

CREATE TRIGGER retired_actors_are_not_changed BEFORE UPDATE ON retired_actors
BEGIN SELECT RAISE(ABORT, 'retired actors are append only'); END;

CREATE TRIGGER retired_actors_are_not_deleted BEFORE DELETE ON retired_actors
BEGIN SELECT RAISE(ABORT, 'retired actors are append only'); END;
