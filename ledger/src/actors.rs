//! Who may act, as rows.

use crate::open::Sql;
use crate::{Ledger, LedgerError, signed, unsigned};
use farthing_schemas::manifest::ActorChange;
use sqlx::Row;
use sqlx::any::AnyRow;

/// An actor as the ledger holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredActor {
    /// Its id.
    pub actor: String,
    /// The person behind it.
    pub person: String,
    /// Its key, in hex.
    pub public_key: String,
    /// The manifest that added it.
    pub added: u64,
    /// The manifest that retired it.
    pub retired: Option<u64>,
}

impl Ledger {
    /// All actors, by id.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`] or [`LedgerError::Sql`]
    pub async fn actors(&self) -> Result<Vec<StoredActor>, LedgerError> {
        // Whoever is retired without having been added is seen, too.
        let select =
            "SELECT COALESCE(a.actor, r.actor), COALESCE(a.person, ''), COALESCE(a.public_key, ''), COALESCE(a.sequence, 0), r.sequence
                      FROM actors a FULL JOIN retired_actors r ON r.actor = a.actor ORDER BY 1";
        let actor = |row: &AnyRow| StoredActor {
            actor: row.get(0),
            person: row.get(1),
            public_key: row.get(2),
            added: unsigned(row.get(3)),
            retired: row.get::<Option<i64>, _>(4).map(unsigned),
        };
        Ok(sqlx::query(select).fetch_all(&self.pool).await?.iter().map(actor).collect())
    }
}

pub(crate) async fn project_actor(sql: &mut Sql, sequence: u64, change: &ActorChange) -> Result<(), LedgerError> {
    let query = match change {
        ActorChange::Added { actor, person, public_key, .. } => {
            let insert = sqlx::query("INSERT INTO actors (sequence, actor, person, public_key) VALUES ($1, $2, $3, $4)");
            insert.bind(signed(sequence)).bind(actor).bind(person).bind(public_key)
        }
        ActorChange::Retired { actor, .. } => {
            sqlx::query("INSERT INTO retired_actors (sequence, actor) VALUES ($1, $2)").bind(signed(sequence)).bind(actor)
        }
    };
    query.execute(&mut **sql).await?;
    Ok(())
}
