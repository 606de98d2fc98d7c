//! Small closed sets of words: use, status, kind of reference.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// All of them, in the order of their declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word as it stands in events, tables and reports.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<$name, UnknownWord> {
                match text {
                    $($text => Ok($name::$variant),)+
                    other => Err(UnknownWord(other.chars().take(64).collect())),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.pad(self.as_str())
            }
        }
    };
}

/// The text is none of the words that may stand here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not one of the words that may stand here")]
pub struct UnknownWord(pub String);

words! {
    /// What a platform did with a contribution.
    Use {
        /// A model answered with it.
        Inference = "inference",
        /// It was fetched.
        Retrieval = "retrieval",
        /// It was cited.
        Citation = "citation",
        /// A model was trained on it.
        Training = "training",
    }
}

words! {
    /// What is to become of a line's labour.
    Status {
        /// Owed to a party through a MID and an agreement.
        Payable = "payable",
        /// Owed to a reference that no represented party answers to yet.
        Suspense = "suspense",
        /// Attributed to nobody.
        Unattributed = "unattributed",
        /// Used against the party's consent: a claim on the platform.
        Unlicensed = "unlicensed",
    }
}

words! {
    /// What a reference names.
    ReferenceKind {
        /// A party, known or not.
        Party = "party",
        /// A work; in lines only one that the registry does not know.
        Work = "work",
    }
}

/// A set of uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct UseSet(u8);

impl UseSet {
    /// Every use: what `*` covers.
    pub const ALL: UseSet = UseSet(0b1111);

    /// Whether the use is in the set.
    #[must_use]
    pub const fn covers(self, use_: Use) -> bool {
        self.0 & (1 << use_ as u8) != 0
    }

    /// The uses of the set, in the order of [`Use::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Use> {
        Use::ALL.iter().copied().filter(move |use_| self.covers(*use_))
    }
}

impl FromIterator<Use> for UseSet {
    fn from_iter<T: IntoIterator<Item = Use>>(uses: T) -> UseSet {
        UseSet(uses.into_iter().fold(0, |bits, use_| bits | 1 << use_ as u8))
    }
}
