//! What differs between the databases, side by side. All other statements are written once, in what both understand.

use sqlx::migrate::Migrator;

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("./migrations/postgres");

/// Which database holds the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// A file, for one machine.
    Sqlite,
    /// A server, for many.
    Postgres,
}

impl Dialect {
    pub(crate) fn migrations(self) -> &'static Migrator {
        match self {
            Dialect::Sqlite => &SQLITE_MIGRATIONS,
            Dialect::Postgres => &POSTGRES_MIGRATIONS,
        }
    }

    /// How many connections one process has at most; a file has one writer anyway.
    pub(crate) fn connections(self) -> u32 {
        match self {
            Dialect::Sqlite => 2,
            Dialect::Postgres => 4,
        }
    }

    /// What every connection begins with.
    pub(crate) fn connected(self) -> &'static str {
        match self {
            // A transaction waits up to 60 s for another process's; what is committed survives a power cut, and what is erased is overwritten.
            // Payments of many parties come by their ids in no order: 64 MiB hold an index of a million of them, where the default of 2 would
            // write its pages again and again.
            Dialect::Sqlite => {
                "PRAGMA busy_timeout = 60000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; \
                 PRAGMA cache_size = -65536;"
            }
            // The server notices within a minute that a machine is gone, and frees what its connections held.
            Dialect::Postgres => {
                "SET application_name = 'farthing'; SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10;
                 SET tcp_keepalives_count = 3;"
            }
        }
    }

    /// How a transaction begins that writes.
    pub(crate) fn begin(self) -> &'static str {
        match self {
            Dialect::Sqlite => "BEGIN IMMEDIATE",
            // Whatever the server's default is: what is read after the wait for the lock must be what is there then.
            Dialect::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        }
    }

    /// How it becomes the only writer, where its beginning did not make it so. Locks of this kind are the database's own; the schema
    /// tells ledgers in one database apart. Whoever stops inside the transaction is cut off before those who wait give up.
    pub(crate) fn only_writer(self) -> Option<&'static str> {
        match self {
            Dialect::Sqlite => None,
            Dialect::Postgres => Some(
                "SET LOCAL synchronous_commit = on; SET LOCAL idle_in_transaction_session_timeout = '15s';
                 SET LOCAL lock_timeout = '45s'; SET LOCAL statement_timeout = '60s';
                 SELECT pg_advisory_xact_lock(hashtextextended('farthing writer ' || current_schema(), 0))",
            ),
        }
    }

    /// What comes before the commit: one that waits for a standby must not be cut short, since it would count without it.
    pub(crate) fn before_commit(self) -> Option<&'static str> {
        match self {
            Dialect::Sqlite => None,
            Dialect::Postgres => Some("SET LOCAL statement_timeout = 0"),
        }
    }

    /// What comes after something was erased: a log that is written ahead would still have it.
    pub(crate) fn after_erasing(self) -> Option<&'static str> {
        match self {
            Dialect::Sqlite => Some("PRAGMA wal_checkpoint(TRUNCATE)"),
            Dialect::Postgres => None,
        }
    }

    /// What comes before migrations: a change that waits for a lock makes all others wait behind it, so it must not wait for long.
    pub(crate) fn before_migrations(self) -> Option<&'static str> {
        match self {
            Dialect::Sqlite => None,
            Dialect::Postgres => Some("SET lock_timeout = '10s'"),
        }
    }

    /// Inserts a total: amounts come as text and are never a float in between.
    pub(crate) fn insert_total(self) -> &'static str {
        match self {
            Dialect::Sqlite => "INSERT INTO batch_totals (batch, currency, gross, labour) VALUES ($1, $2, $3, $4)",
            Dialect::Postgres => {
                "INSERT INTO batch_totals (batch, currency, gross, labour)
                 VALUES ($1, $2, CAST($3 AS NUMERIC(38, 12)), CAST($4 AS NUMERIC(38, 12)))"
            }
        }
    }

    /// Inserts postings of one entry: the first value is that of all rows, five others are each row's own.
    pub(crate) fn insert_postings(self, rows: usize) -> String {
        let amount = |value: usize| match self {
            Dialect::Sqlite => format!("${value}"),
            Dialect::Postgres => format!("CAST(${value} AS NUMERIC(38, 12))"),
        };
        let row = |row: usize| {
            let first = 2 + 5 * row;
            format!("($1, ${}, ${}, ${}, ${}, {})", first, first + 1, first + 2, first + 3, amount(first + 4))
        };
        let rows: Vec<String> = (0..rows).map(row).collect();
        format!("INSERT INTO journal_postings (entry, line, account, owner, currency, amount) VALUES {}", rows.join(", "))
    }

    /// Inserts payments of one act: the first value is that of all rows, eleven others are each row's own.
    pub(crate) fn insert_payments(self, rows: usize) -> String {
        let amount = |value: usize| match self {
            Dialect::Sqlite => format!("${value}"),
            Dialect::Postgres => format!("CAST(${value} AS NUMERIC(38, 12))"),
        };
        let row = |row: usize| {
            let own = |column: usize| 2 + 11 * row + column;
            let before: String = (0..8).map(|column| format!(", ${}", own(column))).collect();
            format!("($1{before}, {}, ${}, ${})", amount(own(8)), own(9), own(10))
        };
        let rows: Vec<String> = (0..rows).map(row).collect();
        let columns = "sequence, id, line, mid, currency, cycle, party, attempt, paid_in, amount, replaces, message_id";
        format!("INSERT INTO payments ({columns}) VALUES {}", rows.join(", "))
    }

    /// Inserts a receipt.
    pub(crate) fn insert_receipt(self) -> &'static str {
        match self {
            Dialect::Sqlite => {
                "INSERT INTO bank_receipts (sequence, line, platform, cycle, currency, amount, booked, reference, unbooked)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
            }
            Dialect::Postgres => {
                "INSERT INTO bank_receipts (sequence, line, platform, cycle, currency, amount, booked, reference, unbooked)
                 VALUES ($1, $2, $3, $4, $5, CAST($6 AS NUMERIC(38, 12)), $7, $8, $9)"
            }
        }
    }

    /// Whether any migration has ever run: 0 or 1.
    pub(crate) fn is_migrated(self) -> &'static str {
        match self {
            Dialect::Sqlite => "SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'",
            Dialect::Postgres => "SELECT COUNT(*) FROM pg_catalog.pg_class WHERE oid = to_regclass('_sqlx_migrations')",
        }
    }
}
