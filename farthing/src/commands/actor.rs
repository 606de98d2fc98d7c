//! `farthing actor`: who may act.

use crate::books::{Appended, Books};
use crate::cli::{ActorCommand, ActorOptions};
use crate::commands::record::by;
use crate::courses;
use crate::keys::{self, SecretKey};
use crate::output::{self, Answer};
use crate::place::Place;
use anyhow::Context;
use farthing_ledger::Effects;
use farthing_schemas::manifest::{Act, ActorChange};
use farthing_settle::actors::Standing;
use serde_json::json;

pub async fn run(at: &Place, command: ActorCommand, json: bool) -> anyhow::Result<Answer> {
    match command {
        ActorCommand::Add(options) => add(at, options, json).await,
        ActorCommand::List => list(at, json).await,
        ActorCommand::Retire { actor, person } => retire(at, actor, by(person), json).await,
    }
}

async fn add(at: &Place, options: ActorOptions, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    let ActorOptions { actor, person, key, by: whom } = options;
    let made = if key.public_key.is_none() { Some(SecretKey::make()?) } else { None };
    let public = match (&made, &key.public_key) {
        (Some(made), _) => made.public()?,
        (None, taken) => keys::read_public(taken.as_deref().context("--key FILE or --public-key FILE")?)?,
    };
    let change = ActorChange::Added { actor: actor.clone(), person: person.clone(), public_key: public.to_string(), by: by(whom) };
    courses::judged(&books.catalog)?.change(&change)?;
    // The file comes first: an actor whose key was lost could only be retired.
    if let (Some(made), Some(file)) = (&made, &key.key) {
        made.write(file)?;
    }
    append(&mut books, change).await?;
    if json {
        output::json(&json!({"actor": actor, "person": person, "public_key": public.to_string(), "standing": "active"}))?;
    } else {
        let kept = key.key.map_or(String::new(), |made| {
            format!("\nThe key is in {}: whoever has that file signs as {actor}. There is no copy.", made.display())
        });
        output::text(&format!("Actor {actor} is {person}, with the key {public}.{kept}"))?;
    }
    Ok(Answer::Yes)
}

async fn retire(at: &Place, actor: String, by: String, json: bool) -> anyhow::Result<Answer> {
    let mut books = Books::open(at).await?;
    append(&mut books, ActorChange::Retired { actor: actor.clone(), by }).await?;
    if json {
        output::json(&json!({"actor": actor, "standing": "retired"}))?;
    } else {
        output::text(&format!("Actor {actor} signs nothing any more; what it has signed stays."))?;
    }
    Ok(Answer::Yes)
}

/// Appends a change that is allowed.
async fn append(books: &mut Books, change: ActorChange) -> anyhow::Result<()> {
    loop {
        courses::judged(&books.catalog)?.change(&change)?;
        if books.append(Act::Actor(change.clone()), &Effects::default()).await? == Appended::Done {
            return Ok(());
        }
    }
}

async fn list(at: &Place, json: bool) -> anyhow::Result<Answer> {
    let books = Books::open(at).await?;
    let courses = courses::judged(&books.catalog)?;
    let rows: Vec<Vec<String>> = courses
        .actors()
        .iter()
        .map(|actor| {
            let standing = match actor.standing {
                Standing::Active => "active",
                Standing::Retired => "retired",
            };
            vec![actor.id.clone(), actor.person.clone(), standing.to_owned(), actor.key.to_string()]
        })
        .collect();
    if json {
        let list = rows.iter().map(|row| json!({"actor": row[0], "person": row[1], "standing": row[2], "public_key": row[3]}));
        output::json(&json!({"actors": list.collect::<Vec<_>>()}))?;
    } else {
        output::text(&output::table(&["actor", "person", "standing", "public key"], &rows, 4))?;
    }
    Ok(Answer::Yes)
}
