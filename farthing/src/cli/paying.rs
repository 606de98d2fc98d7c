//! What commands ask that pay: which payouts, into which files, and what banks answer.

use super::{AssignOptions, CycleOptions, SignOptions};
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use farthing_schemas::{Currency, Cycle, Instant};
use farthing_settle::payout::State;
use std::path::PathBuf;

#[derive(Args, Clone, Debug)]
pub struct ReleaseOptions {
    #[command(flatten)]
    pub cycle: CycleOptions,
    #[command(flatten)]
    pub making: MakingOptions,
    /// Do not pay this party now: its payment fails at once, and its money goes into the next draft unless it is paid anew
    #[arg(long, value_name = "PARTY")]
    pub leave_out: Vec<String>,
    /// Leave out whoever no bank would pay, such as those with a mistyped IBAN; without it nothing is sent before all of them are mended
    #[arg(long)]
    pub leave_out_unpayable: bool,
    /// Pay only out of what has come in: whoever earned under a platform that has not paid is left out, and told
    #[arg(long)]
    pub funded: bool,
    #[command(flatten)]
    pub sign: SignOptions,
}

#[derive(Args, Clone, Debug)]
pub struct ReissueOptions {
    #[command(flatten)]
    pub cycle: CycleOptions,
    /// Whose payment has failed for good and is made anew
    #[arg(long = "party", value_name = "PARTY", required = true)]
    pub parties: Vec<String>,
    /// Why, in one line
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    #[command(flatten)]
    pub making: MakingOptions,
    /// Pay only out of what has come in: if one of them earned under a platform that has not paid, it is told and nothing is paid
    #[arg(long)]
    pub funded: bool,
    #[command(flatten)]
    pub sign: SignOptions,
}

#[derive(Args, Clone, Debug)]
pub struct MakingOptions {
    /// Folder for the files, which nobody else may read; they stay in the ledger, too
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The day on which the banks are to pay [default: days of the payer after the release, 1 unless the configuration says otherwise]
    #[arg(long, value_name = "DATE")]
    pub execution: Option<NaiveDate>,
    /// Take this as the present (RFC 3339), which stands in the files
    #[arg(long, value_name = "TIME")]
    pub now: Option<Instant>,
}

#[derive(Args, Clone, Debug)]
pub struct FilesOptions {
    /// Whose cycle
    #[arg(long, value_name = "MID")]
    pub mid: String,
    /// Which month, in UTC: 2026-10
    #[arg(long, value_name = "CYCLE")]
    pub cycle: Cycle,
    /// Which currency [default: the MID's]
    #[arg(long, value_name = "CODE")]
    pub currency: Option<Currency>,
    /// Folder for the files
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

#[derive(Args, Clone, Debug)]
pub struct MoveOptions {
    #[command(flatten)]
    pub cycle: CycleOptions,
    #[command(flatten)]
    pub sign: SignOptions,
}

#[derive(Clone, Debug, Subcommand)]
pub enum BankCommand {
    /// Say what a bank's answer says of each payment, and what came in; nothing is booked
    #[command(after_help = "\
Examples:
  farthing bank read status-report.xml
  farthing bank read returns.ach --json

Reads pain.002, camt.053 and camt.054 of any version, returns and changes of NACHA, and the results of PayPal and Wise; which of them it is
the content tells. Exits 1 if something in it is not understood: a person has to look at that.")]
    Read {
        /// The file, or - for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Take in what a MID's bank has sent: payments change their state, money that came in is booked
    #[command(after_help = "\
Examples:
  farthing bank book status-report.xml --mid mid_guild --data books
  farthing bank book statement.xml returns.ach --mid mid_guild --as ana --data books

Each file is taken in once, however often it is given. What fits no payment, or cannot be true, changes nothing: it is in the list of
farthing bank exceptions, and the command exits 1.")]
    Book {
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Whose bank has sent them
        #[arg(long, value_name = "MID")]
        mid: String,
        /// Who does it, for the record [default: the user's name]
        #[arg(long = "as", value_name = "PERSON")]
        person: Option<String>,
    },
    /// Erase what names accounts and people: files for banks and messages of theirs, once their cycles are sealed
    #[command(after_help = "\
Example:
  farthing bank erase --before 2027-01-01 --data books

Erases the bodies of the files of cycles that were sealed before that day, and of messages that were taken in before it, if all cycles that were
released by then were sealed before it, too. A message of which something is left to a person, or is in suspense, stays. Hashes stay, with
what everything came to: all checks hold as before. What is erased cannot be written out again. Codes and masked words of banks are all that
is kept elsewhere. Exits 1 while somebody reads the ledger, whose file then still has it: run it again.")]
    Erase {
        /// The day before which a cycle was sealed and a message taken in, in UTC
        #[arg(long, value_name = "DATE")]
        before: NaiveDate,
        /// Only those of this MID
        #[arg(long, value_name = "MID")]
        mid: Option<String>,
    },
    /// What banks have said and a person has to look at
    #[command(after_help = "Example:\n  farthing bank exceptions --mid mid_guild --data books")]
    Exceptions {
        /// Only this MID
        #[arg(long, value_name = "MID")]
        mid: Option<String>,
        /// Also what a person has decided
        #[arg(long = "all")]
        decided: bool,
    },
    /// What came in, and what went out that is no payment of ours: each line with its number and whose it is
    #[command(after_help = "Example:\n  farthing bank lines --mid mid_guild --data books")]
    Lines {
        /// Only this MID
        #[arg(long, value_name = "MID")]
        mid: Option<String>,
    },
    /// Say whose money on the account is: a platform's, a claim's, the bank's for its charges, or what was remitted
    Assign(AssignOptions),
}

#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  farthing payments --mid mid_guild --cycle 2026-10 --data books\n  farthing payments --mid mid_guild --cycle 2026-10 --state returned --data books"
)]
pub struct PaymentsOptions {
    /// Who pays
    #[arg(long, value_name = "MID")]
    pub mid: String,
    /// Only those of this cycle
    #[arg(long, value_name = "CYCLE")]
    pub cycle: Option<Cycle>,
    /// Which currency [default: the MID's]
    #[arg(long, value_name = "CODE")]
    pub currency: Option<Currency>,
    /// Only those in this state: released, accepted, rejected, settled, returned
    #[arg(long, value_name = "STATE")]
    pub state: Option<State>,
}
