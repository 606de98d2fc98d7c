//! [`Proof`]: a statement and all that shows it to be in a root, as one JSON file that needs nothing else.
//!
//! The hash is taken of the statement's text as it stands in the file, byte for byte. All else that is in the file is checked as well, so
//! nothing of it can be changed without failing. `deploy/check_statement.py` is this check as another program.

use super::chain::{Link, Owner, last_root};
use super::check::{Place, root_of};
use super::fault::Fault;
use super::tree::leaf_hash;
use super::{Digest, chain};
use crate::error::SettleError;
use crate::statement::Statement;
use crate::wire::text;
use farthing_schemas::Cycle;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The version of the file's form.
const VERSION: u8 = 1;

/// A statement with its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The hash of the statement as a leaf.
    pub leaf: Digest,
    /// Where it stands in the tree.
    pub place: Place,
    /// From the leaf to the tree's root.
    pub path: Vec<Digest>,
    /// The root over the statements of the cycle.
    pub tree_root: Digest,
    /// The root of the seal before; none for the first.
    pub previous: Option<Digest>,
    /// Seals that came after this cycle's, up to the one whose root it is proven in.
    pub later: Vec<Link>,
    /// The root that it is proven in.
    pub root: Digest,
    /// The statement's canonical JSON.
    pub statement: String,
}

impl Proof {
    /// The file's text, without a line end.
    #[must_use]
    pub fn to_json(&self) -> String {
        let twin = ProofTwin {
            farthing_proof: VERSION,
            leaf: self.leaf,
            index: self.place.index,
            tree_size: self.place.tree_size,
            path: self.path.clone(),
            tree_root: self.tree_root,
            previous: self.previous,
            later: self.later.iter().map(LinkTwin::of).collect(),
            root: self.root,
            statement: RawValue::from_string(self.statement.clone()).expect("a statement is JSON"),
        };
        serde_json::to_string(&twin).expect("strings, numbers and lists of them always have a JSON text")
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`SettleError::NotAProof`] for a text that is none of this version.
    pub fn from_json(json: &str) -> Result<Proof, SettleError> {
        let twin: ProofTwin = serde_json::from_str(json).map_err(|error| SettleError::NotAProof(error.to_string()))?;
        if twin.farthing_proof != VERSION {
            return Err(SettleError::NotAProof(format!("its version is {} and not {VERSION}", twin.farthing_proof)));
        }
        // The independent checker finds the statement's text by its being the last member.
        let head = json.trim_end().strip_suffix('}').map(str::trim_end);
        let statement = twin.statement.get();
        if !(statement.starts_with('{') && head.is_some_and(|head| head.ends_with(statement))) {
            return Err(SettleError::NotAProof("it does not end with a statement".to_owned()));
        }
        Ok(Proof {
            leaf: twin.leaf,
            place: Place { index: twin.index, tree_size: twin.tree_size },
            path: twin.path,
            tree_root: twin.tree_root,
            previous: twin.previous,
            later: twin.later.into_iter().map(LinkTwin::link).collect(),
            root: twin.root,
            statement: statement.to_owned(),
        })
    }

    /// The statement, if it is in the root, and its figures add up.
    ///
    /// # Errors
    /// The first fault, from the statement up to the root.
    pub fn check(&self, root: Digest) -> Result<Statement, Fault> {
        if leaf_hash(self.statement.as_bytes()) != self.leaf {
            return Err(Fault::StatementChanged { leaf: self.leaf });
        }
        if root_of(self.leaf, self.place, &self.path)? != self.tree_root {
            return Err(Fault::PathLeadsElsewhere { tree_root: self.tree_root });
        }
        let statement = Statement::from_json(&self.statement).map_err(|error| Fault::NotAStatement(chained(&error)))?;
        if statement.preview {
            return Err(Fault::NotAStatement("it is a preview of an open cycle".to_owned()));
        }
        let own = Link { cycle: statement.cycle, tree_size: self.place.tree_size, tree_root: self.tree_root };
        let links: Vec<Link> = std::iter::once(own).chain(self.later.iter().copied()).collect();
        let found = last_root(Owner { mid: &statement.mid, currency: statement.currency }, self.previous, &links)?;
        if found != self.root {
            return Err(Fault::ChainLeadsElsewhere { root: self.root, found });
        }
        if self.root != root {
            return Err(Fault::OtherRoot { root: self.root });
        }
        statement.check_sums().map_err(|error| Fault::DoesNotAddUp(error.to_string()))?;
        Ok(statement)
    }
}

fn chained(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProofTwin {
    farthing_proof: u8,
    #[serde(with = "text")]
    leaf: Digest,
    index: u64,
    tree_size: u64,
    #[serde(with = "digests")]
    path: Vec<Digest>,
    #[serde(with = "text")]
    tree_root: Digest,
    #[serde(with = "no_digest")]
    previous: Option<Digest>,
    later: Vec<LinkTwin>,
    #[serde(with = "text")]
    root: Digest,
    statement: Box<RawValue>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkTwin {
    #[serde(with = "text")]
    cycle: Cycle,
    tree_size: u64,
    #[serde(with = "text")]
    tree_root: Digest,
}

impl LinkTwin {
    fn of(link: &chain::Link) -> LinkTwin {
        LinkTwin { cycle: link.cycle, tree_size: link.tree_size, tree_root: link.tree_root }
    }

    fn link(self) -> Link {
        Link { cycle: self.cycle, tree_size: self.tree_size, tree_root: self.tree_root }
    }
}

/// A list of digests as their texts.
mod digests {
    use super::Digest;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(digests: &[Digest], out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(digests.iter().map(Digest::to_string))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Digest>, D::Error> {
        Vec::<String>::deserialize(from)?.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
    }
}

/// A digest as its text, or `null`; the field must be there.
mod no_digest {
    use super::Digest;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(digest: &Option<Digest>, out: S) -> Result<S::Ok, S::Error> {
        digest.map(|digest| digest.to_string()).serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Digest>, D::Error> {
        Option::<String>::deserialize(from)?.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}
