//! The command line.

mod acting;
mod adjust;
mod assigning;
mod claim;
mod hold;
mod journal;
mod papers;
mod paying;
mod tax;

pub use acting::{ActorCommand, ActorOptions, ApproveOptions, KeyOption, SignOptions, TakeBackOptions};
pub use adjust::AdjustOptions;
pub use assigning::{AssignOptions, WhoseOptions};
pub use claim::ClaimOptions;
pub use hold::{HoldAddOptions, HoldCommand, HoldLiftOptions, HoldScope};
pub use journal::{By, ExportOptions, JournalCommand, JournalOptions, TrialBalanceOptions};
pub use papers::{InvoiceOptions, PaperFormat, ReceivablesOptions, ReportCommand, ReportOptions};
pub use paying::{BankCommand, FilesOptions, MakingOptions, MoveOptions, PaymentsOptions, ReissueOptions, ReleaseOptions};
pub use tax::{RemitOptions, TaxCommand, TaxReportOptions};

use crate::configuration::limits::{BATCH_EVENTS, BATCH_MIB, BATCH_SECONDS, IDENTITIES_MIB, PATIENCE_SECONDS, WORKERS};
use crate::place::PlaceArgs;
#[cfg(feature = "telemetry")]
use crate::telemetry::configuration::WatchOptions;
use clap::{Args, Parser, Subcommand};
use farthing_schemas::{Currency, Cycle, Instant};
use std::path::PathBuf;

/// Meters the use of people's data, in exact fractions of a cent, and settles what is owed for it.
#[derive(Debug, Parser)]
#[command(name = "farthing", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Print one JSON document on standard output
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  farthing registry load registry.ndjson --data books
  farthing meter october.ndjson.gz november.ndjson --data books
  farthing accruals --by party,status --data books
  farthing settle draft --mid mid_guild --cycle 2026-10 --data books
  farthing verify --data books

Exit codes: 0 success, 1 the answer is no, 2 wrong use or input.";

#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// The whole way on a real week and a generated month, in a folder of its own
    Demo(DemoOptions),
    /// Load who owes, who is owed, and on which terms
    #[command(subcommand)]
    Registry(RegistryCommand),
    /// Meter usage events from files, standard input or a topic of Kafka
    Meter(MeterOptions),
    /// How far every source is, what lags, and what is stuck; it needs no running worker
    Status(StatusOptions),
    /// What was earned so far
    Accruals(AccrualsOptions),
    /// Close cycles, draft settlements, approve them, pay them and seal them
    #[command(subcommand)]
    Settle(SettleCommand),
    /// Hold back a party's money, in a dispute or as a reserve, and give it back
    #[command(subcommand)]
    Hold(HoldCommand),
    /// Put right what a closed cycle got wrong, in the next draft
    Adjust(AdjustOptions),
    /// Move suspense that has found its party, and unlicensed use that was paid for
    Claim(ClaimOptions),
    /// Who may act: keys, and the persons behind them
    #[command(subcommand)]
    Actor(ActorCommand),
    /// What a party gets for a cycle and why, as a paper or as the events that it comes from
    Statement(StatementOptions),
    /// What platforms owe for a cycle and what it is made of, as a paper for each
    Invoice(InvoiceOptions),
    /// What platforms were invoiced, what came in, and what is open, by age
    Receivables(ReceivablesOptions),
    /// Overviews of a cycle: the 70 % rule, transparency, payouts, exceptions
    #[command(subcommand)]
    Report(ReportCommand),
    /// What is booked: a balanced entry for every business act
    Journal(JournalOptions),
    /// Debits and credits per account, and whether they are the same
    TrialBalance(TrialBalanceOptions),
    /// What was withheld for taxes, and what of it was paid to tax offices
    #[command(subcommand)]
    Tax(TaxCommand),
    /// Whether all invariants of the books hold; exits 1 and names the first difference
    Check,
    /// Rejected events: list, look at, correct and replay them
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// The Parquet archive: what exists, and whether it is whole
    #[command(subcommand)]
    Archive(ArchiveCommand),
    /// What banks answer to payments
    #[command(subcommand)]
    Bank(BankCommand),
    /// What was sent to banks for whom, and what has become of it
    Payments(PaymentsOptions),
    /// The ledger's tables: bring them to this version, compare their rows with the chain of manifests
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Recompute everything from the archive and compare it with the ledger; or check one statement against a root
    Verify(VerifyOptions),
    /// Print a completion script for a shell
    #[command(after_help = "Example:\n  farthing completions bash > ~/.local/share/bash-completion/completions/farthing")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

impl Command {
    /// Whether it can begin again when a file that it reads has been merged away: what it wrote until then, if anything, no manifest names.
    pub fn can_begin_again(&self) -> bool {
        matches!(
            self,
            Command::Accruals(_)
                | Command::Settle(_)
                | Command::Statement(_)
                | Command::Invoice(_)
                | Command::Report(_)
                | Command::Archive(_)
        )
    }
}

#[derive(Args, Clone, Debug)]
pub struct DemoOptions {
    /// Seed of the generated month
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Contributors of the generated month
    #[arg(long, default_value_t = 10_000)]
    pub contributors: u32,
    /// Events of the generated month
    #[arg(long, default_value_t = 30_000)]
    pub events: u32,
}

#[derive(Clone, Debug, Subcommand)]
pub enum RegistryCommand {
    /// Load records: all of them or none
    #[command(after_help = "Example:\n  farthing registry load parties.ndjson agreements.ndjson --data books")]
    Load {
        /// NDJSON files, one record a line
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// The versions so far
    Versions,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  farthing meter events.ndjson --data books
  zcat events.ndjson.gz | farthing meter - --data books
  farthing meter --follow live.ndjson --data books
  farthing meter --follow 'kafka://localhost:9092/usage?group=metering' --data books
  farthing meter --follow kafka:usage --config farthing.toml

A file is known by its path and its beginning: metering it again goes on where it ended. A topic is shared with all others of its group;
the ledger says where each partition is read on. Properties of librdkafka may be added: ?group=metering&session.timeout.ms=10000
kafka:usage is the topic of the table [topics.usage] of the configuration, with TLS, SASL, platforms and limits.")]
pub struct MeterOptions {
    /// NDJSON files (.gz and .zst are decompressed), - for standard input, or one kafka://BROKERS/TOPIC?group=G or kafka:NAME
    #[arg(required = true, value_name = "SOURCE")]
    pub sources: Vec<String>,
    /// Keep going: wait for more at the end, with each new registry version (standard input keeps the one it began with)
    #[arg(long)]
    pub follow: bool,
    /// Take this as the arrival of the events (RFC 3339); messages of a topic have their own [default: the start of the command]
    #[arg(long, value_name = "TIME")]
    pub now: Option<Instant>,
    /// Accept only events of these platforms from these sources
    #[arg(long = "platform", value_name = "PLATFORM")]
    pub platforms: Vec<String>,
    /// Reject events that happened more than this many days before their arrival
    #[arg(long, value_name = "DAYS")]
    pub max_age_days: Option<u32>,
    /// Seconds to wait for a ledger that is away [default: 30, or 300 when following]
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(PATIENCE_SECONDS))]
    pub ledger_patience: Option<u64>,
    #[cfg(feature = "telemetry")]
    #[command(flatten)]
    pub watch: WatchOptions,
    #[command(flatten)]
    pub limits: LimitOptions,
}

#[derive(Args, Clone, Debug)]
pub struct LimitOptions {
    /// Most events in one batch; it ends earlier where memory needs it (many sums, long dead letters, many months, a far reversal)
    /// [default: 1000000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(BATCH_EVENTS))]
    pub batch_events: Option<u64>,
    /// Most mebibytes of events in one batch, decompressed [default: 1024]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(BATCH_MIB))]
    pub batch_mib: Option<u64>,
    /// Seconds after a batch's first event when it is sealed and its commit begins [default: 10]
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(BATCH_SECONDS))]
    pub batch_seconds: Option<u64>,
    /// Mebibytes of memory for the identities of all events that were ever metered, shared by the partitions that are held; the rest of them is
    /// in files, behind filters: with 2 bytes an event they are as quick, with less slower, and exact in any case [default: 1024]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(IDENTITIES_MIB))]
    pub identities_mib: Option<u64>,
    /// Folder for these files, which have no names and end with the process [default: that of the embedded ledger, else /var/tmp]
    #[arg(long, value_name = "DIR")]
    pub scratch: Option<PathBuf>,
    /// Threads that decode [default: one per processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(i64::from(*WORKERS.start())..=i64::from(*WORKERS.end())))]
    pub workers: Option<u16>,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  farthing status --data books
  farthing status 'kafka://localhost:9092/usage' --watch 2 --data books

The lag of a topic is known if the topic is named and its brokers answer. Exits 1 if a partition is stuck: it has
events, and nothing of it was committed for long.")]
pub struct StatusOptions {
    /// Topics whose ends are asked for: kafka://BROKERS/TOPIC, or kafka:NAME of the configuration
    #[arg(value_name = "TOPIC")]
    pub sources: Vec<String>,
    /// Look again every so many seconds
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "5", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub watch: Option<u64>,
    /// A partition is stuck if events wait in it, and nothing of it was committed for so long
    #[arg(long, value_name = "S", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub stuck_seconds: u64,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  farthing accruals --by mid,status --data books")]
pub struct AccrualsOptions {
    /// Sum by these keys only: reference_kind, party, mid, agreement, platform, use, currency, status
    #[arg(long, value_delimiter = ',', value_name = "KEYS")]
    pub by: Vec<String>,
    /// Only what is settled in this cycle
    #[arg(long, value_name = "CYCLE")]
    pub cycle: Option<Cycle>,
}

#[derive(Clone, Debug, Subcommand)]
pub enum SettleCommand {
    /// Cut a cycle off: what comes later goes to the next one
    #[command(after_help = "Example:\n  farthing settle close --mid mid_guild --cycle 2026-10 --as ana --data books")]
    Close(CloseOptions),
    /// Plan the payouts of a cycle; of an open one as a preview
    #[command(
        after_help = "Examples:\n  farthing settle draft --mid mid_guild --cycle 2026-10 --data books\n  farthing settle draft --mid mid_guild --cycle 2026-10 --without agr_x --data books\n\nExits 1 if an agreement fails the 70 % rule and is to be refused."
    )]
    Draft(DraftOptions),
    /// Throw a draft away, to make it again; not once a later cycle has its draft
    #[command(after_help = "Example:\n  farthing settle discard --mid mid_x --cycle 2026-10 --as ana --key ana.pem --why fee-was-wrong")]
    Discard(TakeBackOptions),
    /// Approve a draft that somebody else prepared
    #[command(
        after_help = "Examples:\n  farthing settle approve --mid mid_x --cycle 2026-10 --draft SHA256 --as bo --key bo.pem\n\nOr with a key that is on another machine:\n  farthing settle approve --mid mid_x --cycle 2026-10 --draft SHA256 --as bo --print-text > move.txt\n  openssl pkeyutl -sign -rawin -inkey bo.pem -in move.txt -out move.sig\n  farthing settle approve --mid mid_x --cycle 2026-10 --draft SHA256 --as bo --signature move.sig\n\nExits 1 if it is refused."
    )]
    Approve(ApproveOptions),
    /// Take an approval back
    #[command(after_help = "Example:\n  farthing settle withdraw --mid mid_x --cycle 2026-10 --as bo --key bo.pem --why claim-came-in")]
    Withdraw(TakeBackOptions),
    /// Send the payouts of an approved cycle: files for the banks, checked before they are written
    #[command(
        after_help = "Examples:\n  farthing settle release --mid mid_x --cycle 2026-10 --out files --as ana --key ana.pem\n\nWith --config FILE, which says from where the MID pays, by the method of payout instructions:\n  [payers.mid_x.sepa]\n  format = \"pain.001.001.09\"\n  name = \"Guild eG\"\n  iban = \"DE89370400440532013000\"\n\nThe ledger keeps the files before they are written out: farthing settle files writes them again, byte for byte. Exits 1 if it is refused."
    )]
    Release(ReleaseOptions),
    /// Pay anew what has failed for good, under a new id that is linked to the old one
    #[command(
        after_help = "Example:\n  farthing settle reissue --mid m --cycle 2026-10 --party p --why moved --out f --as bo --key bo.pem"
    )]
    Reissue(ReissueOptions),
    /// Write the files of a cycle's payouts again, as they were sent
    #[command(after_help = "Example:\n  farthing settle files --mid mid_x --cycle 2026-10 --out files --data books")]
    Files(FilesOptions),
    /// Say that what became of each payout is known: settled, rejected or returned
    #[command(after_help = "Example:\n  farthing settle reconcile --mid mid_x --cycle 2026-10 --as ana --key ana.pem --data books")]
    Reconcile(MoveOptions),
    /// End a cycle: the root over its statements and over all cycles before it is written down
    #[command(after_help = "Example:\n  farthing settle seal --mid mid_x --cycle 2026-10 --as ana --key ana.pem --data books")]
    Seal(MoveOptions),
    /// Who moved a cycle, when, why and with which signature
    #[command(after_help = "Example:\n  farthing settle log --mid mid_guild --cycle 2026-10 --data books")]
    Log(CycleOptions),
    /// The root of a cycle's statements and of all cycles before it: what proofs are checked against
    #[command(after_help = "Example:\n  farthing settle root --mid mid_guild --cycle 2026-10 --data books")]
    Root(RootOptions),
    /// The state of every cycle
    Status {
        /// Only this MID
        #[arg(long, value_name = "MID")]
        mid: Option<String>,
    },
}

#[derive(Args, Clone, Debug)]
pub struct CycleOptions {
    /// Whose cycle
    #[arg(long, value_name = "MID")]
    pub mid: String,
    /// Which month, in UTC: 2026-10
    #[arg(long, value_name = "CYCLE")]
    pub cycle: Cycle,
    /// Which currency [default: the MID's]
    #[arg(long, value_name = "CODE")]
    pub currency: Option<Currency>,
    /// Who does it, for the record; the actor, where it is signed [default: the user's name]
    #[arg(long = "as", value_name = "PERSON")]
    pub person: Option<String>,
}

#[derive(Args, Clone, Debug)]
pub struct RootOptions {
    /// Whose cycle
    #[arg(long, value_name = "MID")]
    pub mid: String,
    /// Which month, in UTC: 2026-10
    #[arg(long, value_name = "CYCLE")]
    pub cycle: Cycle,
    /// Which currency [default: the MID's]
    #[arg(long, value_name = "CODE")]
    pub currency: Option<farthing_schemas::Currency>,
}

#[derive(Args, Clone, Debug)]
pub struct CloseOptions {
    #[command(flatten)]
    pub cycle: CycleOptions,
    #[command(flatten)]
    pub sign: KeyOption,
    /// Take this as the present (RFC 3339); a cycle can be closed once it has ended
    #[arg(long, value_name = "TIME")]
    pub now: Option<Instant>,
}

#[derive(Args, Clone, Debug)]
pub struct DraftOptions {
    #[command(flatten)]
    pub cycle: CycleOptions,
    #[command(flatten)]
    pub sign: KeyOption,
    /// Leave this agreement's lines accrued, to join the next cycle
    #[arg(long, value_name = "AGREEMENT")]
    pub without: Vec<String>,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  farthing statement pty_ana --cycle 2026-10 --data books
  farthing statement pty_ana --mid mid_guild --cycle 2026-10 --data books
  farthing statement pty_ana --mid mid_guild --cycle 2026-10 --format proof --data books > ana.json
  farthing statement --all --mid mid_guild --cycle 2026-10 --format html --out papers --data books

Without --mid, the events of the party, whoever settles them. With it, the party's statement from this MID: of the final
draft, or of an open cycle as a preview. A statement with its proof is checked, without these books, by farthing verify --statement.")]
pub struct StatementOptions {
    /// The party
    #[arg(value_name = "PARTY", required_unless_present = "all")]
    pub party: Option<String>,
    /// Which month, in UTC: 2026-10
    #[arg(long, value_name = "CYCLE")]
    pub cycle: Cycle,
    /// Print every event of the party, however many there are; without a PARTY, write the statements of all parties
    #[arg(long)]
    pub all: bool,
    /// The statement from this MID
    #[arg(long, value_name = "MID")]
    pub mid: Option<String>,
    /// Which currency [default: the MID's]
    #[arg(long, value_name = "CODE", requires = "mid")]
    pub currency: Option<farthing_schemas::Currency>,
    /// In which form [default: text]
    #[arg(long, value_name = "FORM", requires = "mid")]
    pub format: Option<StatementFormat>,
    /// Prove it in the root of this later cycle [default: that of its own]
    #[arg(long, value_name = "CYCLE", requires = "mid")]
    pub through: Option<Cycle>,
    /// The new folder for the statements of all parties
    #[arg(long, value_name = "DIR", requires = "mid")]
    pub out: Option<PathBuf>,
}

/// A form of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum StatementFormat {
    /// A page of at most 60 lines, of which the smallest uses are summed up if they are many
    Text,
    /// A file for a browser, to be printed
    Html,
    /// The statement alone: what is hashed
    Json,
    /// One row per line and figure
    Csv,
    /// The statement with all that proves it in a root
    Proof,
}

#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Example:
  farthing verify --data books

With --statement FILE --root ROOT nothing else is needed or read: no ledger, no archive. Exits 1 if something differs, and
names it. farthing statement --format proof makes such files, farthing settle root prints roots.")]
pub struct VerifyOptions {
    /// Check this statement with its proof instead
    #[arg(long, value_name = "FILE", requires = "root")]
    pub statement: Option<PathBuf>,
    /// The root that the MID has published, 64 hex digits
    #[arg(long, value_name = "ROOT", requires = "statement")]
    pub root: Option<farthing_settle::proof::Digest>,
}

#[derive(Clone, Debug, Subcommand)]
pub enum DeadLettersCommand {
    /// What was rejected, and why
    List {
        /// Only this code
        #[arg(long, value_name = "CODE")]
        code: Option<String>,
        /// Also what was replayed already
        #[arg(long)]
        all: bool,
    },
    /// One rejected event with its original bytes
    #[command(after_help = "Example:\n  farthing dead-letters show 7 --raw --data books")]
    Show {
        /// Its number
        number: u64,
        /// Print the original bytes and nothing else
        #[arg(long)]
        raw: bool,
    },
    /// Read rejected events again, as they are or corrected
    #[command(
        after_help = "Examples:\n  farthing dead-letters replay --code unknown_platform --data books\n  farthing dead-letters show 7 --raw --data books > seven.json   # then correct it\n  farthing dead-letters replay 7 --corrected seven.json --data books"
    )]
    Replay(ReplayOptions),
}

#[derive(Args, Clone, Debug)]
pub struct ReplayOptions {
    /// The numbers of the letters
    #[arg(value_name = "NUMBER", required_unless_present_any = ["code", "every"])]
    pub numbers: Vec<u64>,
    /// All with this code that were not replayed yet
    #[arg(long, value_name = "CODE", conflicts_with_all = ["numbers", "every"])]
    pub code: Option<String>,
    /// All that were not replayed yet
    #[arg(long = "all", conflicts_with = "numbers")]
    pub every: bool,
    /// Take the event from this file in place of the one letter's original bytes
    #[arg(long, value_name = "FILE", requires = "numbers")]
    pub corrected: Option<PathBuf>,
    /// Take this as the arrival of the events (RFC 3339) [default: the start of the command]
    #[arg(long, value_name = "TIME")]
    pub now: Option<Instant>,
    #[command(flatten)]
    pub limits: LimitOptions,
}

#[derive(Clone, Debug, Subcommand)]
pub enum ArchiveCommand {
    /// The files that exist
    List {
        /// Print DuckDB views over exactly these files
        #[arg(long)]
        sql: bool,
    },
    /// Compare every file with its manifest
    Check,
    /// Reverse copies, merge small files and write the result lines of new batches
    Compact,
    /// Find events that were metered more than once, in other partitions or files, and reverse the copies
    #[command(
        after_help = "Example:\n  farthing archive reverse-copies --data books\n\nOf each identity the event counts that was committed first. Cycles are searched before they close in any case;\nto search now and then keeps that short."
    )]
    ReverseCopies,
}

#[derive(Clone, Debug, Subcommand)]
pub enum LedgerCommand {
    /// Make the tables, or bring them to this version while others use them
    #[command(after_help = "Example:\n  farthing ledger migrate --config books.toml")]
    Migrate,
    /// Compare every row with the chain of manifests; exits 1 and names the first difference
    #[command(after_help = "Example:\n  farthing ledger check --data books")]
    Check,
}
