//! [`Actors`]: who may act. An actor is a key, with the natural person behind it as declared.

use crate::refusal::Refusal;
use ed25519_dalek::{Signature, VerifyingKey};
use farthing_schemas::manifest::ActorChange;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// All actors that there ever were, by id.
#[derive(Clone, Debug, Default)]
pub struct Actors {
    by_id: BTreeMap<String, Actor>,
}

/// One actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Its id: no other ever has it.
    pub id: String,
    /// The natural person behind it.
    pub person: String,
    /// Its key: no other actor ever has it.
    pub key: PublicKey,
    /// Whether it may still sign.
    pub standing: Standing,
}

/// Whether an actor may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Active,
    /// It has signed what it has, and signs nothing any more.
    Retired,
}

/// An Ed25519 key to check signatures with, in hex as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl Actors {
    /// Takes the next change.
    ///
    /// # Errors
    /// [`Refusal`]: an id or a key that was given before, or somebody who is not there or is retired already.
    pub fn take(&mut self, change: &ActorChange) -> Result<(), Refusal> {
        match change {
            ActorChange::Added { actor: id, person, public_key, .. } => {
                checked(id, "an actor's id", is_id, " without white space")?;
                checked(person, "a person", is_line, "")?;
                let key = public_key.parse()?;
                if self.by_id.contains_key(id) {
                    return Err(Refusal::ActorExists(id.clone()));
                }
                if let Some(other) = self.by_id.values().find(|other| other.key == key) {
                    return Err(Refusal::KeyExists(other.id.clone()));
                }
                let actor = Actor { id: id.clone(), person: person.clone(), key, standing: Standing::Active };
                self.by_id.insert(id.clone(), actor);
            }
            ActorChange::Retired { actor: id, .. } => {
                self.active(id)?;
                self.by_id.entry(id.clone()).and_modify(|actor| actor.standing = Standing::Retired);
            }
        }
        Ok(())
    }

    /// An actor who may sign.
    ///
    /// # Errors
    /// [`Refusal::UnknownActor`] or [`Refusal::Retired`].
    pub fn active(&self, id: &str) -> Result<&Actor, Refusal> {
        let actor = self.by_id.get(id).ok_or_else(|| Refusal::UnknownActor(id.to_owned()))?;
        match actor.standing {
            Standing::Active => Ok(actor),
            Standing::Retired => Err(Refusal::Retired(id.to_owned())),
        }
    }

    /// An actor, retired or not.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Actor> {
        self.by_id.get(id)
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Actor> {
        self.by_id.values()
    }
}

impl Actor {
    /// Whether the same person is behind both, however the name is spaced and in whatever case.
    ///
    /// ```
    /// use farthing_settle::actors::same_person;
    /// assert!(same_person("Ana  Díaz", "ana díaz"));
    /// assert!(!same_person("Ana Díaz", "Bo Ek"));
    /// ```
    #[must_use]
    pub fn is_same_person(&self, other: &Actor) -> bool {
        same_person(&self.person, &other.person)
    }
}

/// Whether two declarations name one person.
#[must_use]
pub fn same_person(one: &str, other: &str) -> bool {
    let plain = |name: &str| name.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    plain(one) == plain(other)
}

impl PublicKey {
    /// The key of these bytes.
    ///
    /// # Errors
    /// [`Refusal::NotAKey`], also for the few keys under which one signature fits many texts.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<PublicKey, Refusal> {
        let key = VerifyingKey::from_bytes(bytes).ok().filter(|key| !key.is_weak());
        key.map(PublicKey).ok_or(Refusal::NotAKey)
    }

    /// Whether a signature in hex is this key's over that text, by the strict rules: none can be bent into another that also fits.
    #[must_use]
    pub fn verifies(&self, text: &str, signature: &str) -> bool {
        let mut bytes = [0; 64];
        let read = hex::decode_to_slice(signature, &mut bytes).is_ok();
        read && self.0.verify_strict(text.as_bytes(), &Signature::from_bytes(&bytes)).is_ok()
    }
}

impl FromStr for PublicKey {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<PublicKey, Refusal> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| Refusal::NotAKey)?;
        PublicKey::from_bytes(&bytes)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&hex::encode(self.0.as_bytes()))
    }
}

/// Refuses what could not stand on a line of a text that is signed.
pub(crate) fn checked(text: &str, name: &'static str, fits: fn(&str) -> bool, rule: &'static str) -> Result<(), Refusal> {
    if fits(text) { Ok(()) } else { Err(Refusal::BadText(name, rule)) }
}

/// Whether it is one line with something on it.
pub(crate) fn is_line(text: &str) -> bool {
    (1..=256).contains(&text.len()) && !text.trim().is_empty() && !text.chars().any(breaks_a_line)
}

/// Whether it is one word.
pub(crate) fn is_id(text: &str) -> bool {
    is_line(text) && !text.chars().any(char::is_whitespace)
}

fn breaks_a_line(character: char) -> bool {
    character.is_control() || ['\u{2028}', '\u{2029}'].contains(&character)
}
