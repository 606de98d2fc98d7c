//! [`Fault`]: what is wrong with a proof. It is an answer and no error: the check was made.

use super::Digest;
use super::check::Place;

/// Why a statement is not shown to be in the root.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The text of the statement is another.
    #[error("the statement does not have the hash {leaf} that its proof is for")]
    StatementChanged {
        /// What the proof says that the leaf's hash is.
        leaf: Digest,
    },
    /// The text has the right hash, but is no statement of this version, or one of an open cycle.
    #[error("what is proven is not a final statement that can be read: {0}")]
    NotAStatement(String),
    /// The figures contradict each other.
    #[error("the figures of the statement do not add up: {0}")]
    DoesNotAddUp(String),
    /// There is no such leaf.
    #[error("the place {} is outside of a tree of {} statements", .0.index, .0.tree_size)]
    OutsideTree(Place),
    /// It ends below the root.
    #[error("the path is too short for the place and the size of the tree")]
    PathTooShort,
    /// It goes on above the root.
    #[error("the path is too long for the place and the size of the tree")]
    PathTooLong,
    /// It leads to another root.
    #[error("the path does not lead from the statement to the root of the tree {tree_root}")]
    PathLeadsElsewhere {
        /// Where it ought to lead.
        tree_root: Digest,
    },
    /// The later tree is not the earlier one with more leaves.
    #[error("the later tree is not shown to begin with the earlier one")]
    Inconsistent,
    /// Without a cycle there is no seal.
    #[error("the chain has no cycle")]
    NoCycle,
    /// A seal comes behind one of an earlier cycle.
    #[error("the cycles of the chain are not in order")]
    CyclesOutOfOrder,
    /// The seals lead to another root.
    #[error("the chain of seals leads to {found}, and not to the root {root} of the proof")]
    ChainLeadsElsewhere {
        /// What the proof says.
        root: Digest,
        /// Where its chain leads.
        found: Digest,
    },
    /// All is well in itself, but it is another seal.
    #[error("the proof is for the root {root}, which is another")]
    OtherRoot {
        /// What the proof is for.
        root: Digest,
    },
}

impl Fault {
    /// What fails, in two words: the same that the independent checker says.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Fault::StatementChanged { .. } => "changed statement",
            Fault::NotAStatement(_) => "unknown statement",
            Fault::DoesNotAddUp(_) => "wrong figures",
            Fault::OutsideTree(_) | Fault::PathTooShort | Fault::PathTooLong | Fault::PathLeadsElsewhere { .. } | Fault::Inconsistent => {
                "wrong path"
            }
            Fault::NoCycle | Fault::CyclesOutOfOrder | Fault::ChainLeadsElsewhere { .. } => "wrong chain",
            Fault::OtherRoot { .. } => "wrong root",
        }
    }
}
