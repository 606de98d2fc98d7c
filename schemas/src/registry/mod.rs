//! The registry: who owes, who is owed, who answers for whom, on which terms, and what was agreed to.
//!
//! A *load* is NDJSON. [`read_load`] makes [`Record`]s of it and sets aside what is private of a party ([`PrivateDetails`]).
//! [`State`] holds the current records of all loads; [`State::apply`] judges a load as a whole and gives the [`Delta`] that it
//! makes, whose public part ([`Delta::public_ndjson`]) is archived. [`Registry`] is compiled from a state, or from the archived
//! public text alone, and is all that metering needs.
//!
//! Invariants
//! - Whatever is in a state is valid by itself and beside every other record of it; a refused load changes nothing.
//! - Nothing private is in a [`State`], a [`Registry`] or public text, nor in the text of an error.
//! - Public text of versions 1 to V, read again in that order, gives the same state and the same registry.
//!
//! Modules in reading order: `record`, `tax`, `succession`, `exchange`, `error`, `json`, `decode`, `private`, `public`, `state`, `rules`, `index`,
//! `stored`.

mod decode;
mod error;
mod exchange;
mod index;
mod json;
mod private;
mod public;
mod record;
mod rules;
mod state;
mod stored;
mod succession;
mod tax;

pub use decode::read_load;
pub use error::{ERRORS_MAX, Place, RegistryError};
pub use exchange::Quote;
pub use index::{
    AgreementIndex, AgreementTerms, BuildError, MidIndex, MidTerms, PartyIndex, Payout, PlatformIndex, PlatformTerms, QuoteOf, Registry,
    SnapshotKey, Standing, TaxTerms, WorkIndex, WorkPart,
};
pub use private::PrivateDetails;
pub use record::{
    Agreement, Body, Consent, Membership, Mid, OnShortfall, Party, PartyPayout, PartyType, Platform, Platforms, Price, Record, Threshold,
    Uses, Validity, Work, WorkShares,
};
pub use state::{Delta, State};
pub use succession::Successor;
pub use tax::{Certificate, Country, NotACountry, Residence, Withholding};
