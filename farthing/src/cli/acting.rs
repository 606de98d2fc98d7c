//! What commands ask that are signed for: who acts, with which key, and why.

use super::CycleOptions;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Clone, Debug, Subcommand)]
pub enum ActorCommand {
    /// Add somebody who may act: make a key for them, or take the public half of one that they have
    #[command(
        after_help = "Examples:\n  farthing actor add ana --person ana.diaz --key ana.pem --data books\n  openssl genpkey -algorithm ed25519 -out bo.pem && openssl pkey -in bo.pem -pubout -out bo.pub.pem   # on Bo's machine\n  farthing actor add bo --person bo.ek --public-key bo.pub.pem --data books\n\nThe id, the person and the public key stay in the chain of manifests for ever: for the person a staff number will do, if it is\nalways the same one. Two keys of one person are not four eyes."
    )]
    Add(ActorOptions),
    /// Everybody who may act, or once could
    List,
    /// Let an actor sign nothing any more; what it has signed stays
    #[command(after_help = "Example:\n  farthing actor retire ana --data books")]
    Retire {
        /// The actor
        #[arg(value_name = "ID")]
        actor: String,
        /// Who does it, for the record [default: the user's name]
        #[arg(long = "as", value_name = "PERSON")]
        person: Option<String>,
    },
}

#[derive(Args, Clone, Debug)]
pub struct ActorOptions {
    /// What the actor is called from now on: given once
    #[arg(value_name = "ID")]
    pub actor: String,
    /// The natural person who holds the key
    #[arg(long, value_name = "NAME")]
    pub person: String,
    #[command(flatten)]
    pub key: NewKeyOptions,
    /// Who does it, for the record [default: the user's name]
    #[arg(long = "as", value_name = "PERSON")]
    pub by: Option<String>,
}

#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub struct NewKeyOptions {
    /// Make a new Ed25519 key in this file (PKCS#8, PEM), which must not exist; nobody but its owner may read it
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Take this public key (SubjectPublicKeyInfo, PEM)
    #[arg(long, value_name = "FILE")]
    pub public_key: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
pub struct KeyOption {
    /// Sign it with this key (PKCS#8, PEM) of the actor that --as names; a draft that nobody signed cannot be approved
    #[arg(long, value_name = "FILE", requires = "person")]
    pub key: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
pub struct ApproveOptions {
    #[command(flatten)]
    pub cycle: CycleOptions,
    /// What is approved: the SHA-256 of the cycle's draft
    #[arg(long, value_name = "SHA256")]
    pub draft: String,
    #[command(flatten)]
    pub sign: SignOptions,
}

#[derive(Args, Clone, Debug)]
pub struct TakeBackOptions {
    #[command(flatten)]
    pub cycle: CycleOptions,
    /// Why, in one line
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    #[command(flatten)]
    pub sign: SignOptions,
}

#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub struct SignOptions {
    /// Sign with this key (PKCS#8, PEM) of the actor that --as names
    #[arg(long, value_name = "FILE", requires = "person")]
    pub key: Option<PathBuf>,
    /// Take this signature, made elsewhere: 128 hexadecimal digits, or a file of 64 bytes
    #[arg(long, value_name = "HEX|FILE", requires = "person")]
    pub signature: Option<String>,
    /// Only print the text that is to be signed, byte by byte
    #[arg(long, requires = "person")]
    pub print_text: bool,
}
