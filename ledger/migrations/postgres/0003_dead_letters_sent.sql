-- Up to which number the dead letters of each partition were sent on to a topic for them, each at least once.

CREATE TABLE dead_letters_sent (
    partition TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    through BIGINT NOT NULL
);

-- Letters are sent partition by partition.
CREATE INDEX dead_letters_by_partition ON dead_letters (partition, number);
