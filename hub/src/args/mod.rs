//! The command line as types: every noun, verb and flag.
//!
//! Holds no text for people: help comes from `locales/*/help.ftl`, put in by
//! [`localised`] under the name of the command (`help-booking-request`) and of the
//! argument (`arg-start`).

mod calendar;
mod closed;
mod credit;
mod deal;
mod group;
mod help;
mod hours;
mod node;
#[cfg(test)]
mod page;
mod people;
mod price;
mod series;
mod sharing;
mod thanks;
mod values;

pub use calendar::*;
pub use closed::ClosedArg;
pub use credit::*;
pub use deal::*;
pub use group::*;
pub use help::{localised, paths};
pub use hours::{
    CancelArg, DatesArg, DayHoursArg, HolidaysArg, HoursArg, MonthArg, OnArg, QuotaArg, SpanArg,
    StepArg,
};
pub use node::*;
pub use people::*;
pub use price::PriceArg;
pub use series::*;
pub use sharing::*;
pub use thanks::*;
pub use values::{Address, Duration, PartyRef, Ref, TimeArg};

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, FromArgMatches, Parser, Subcommand};
use palier_model::keys::MemberId;

use crate::errors::{CliError, from_clap};
use crate::texts::{Lang, Texts};

/// Longest command line taken, in bytes: what one socket request may carry.
pub const MAX_ARGV_BYTES: usize = 128 * 1024;

/// `palier …`
#[derive(Debug, Clone, Parser)]
#[command(
    name = "palier",
    disable_help_flag = true,
    disable_help_subcommand = true,
    disable_version_flag = true
)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// The noun; without one, `palier` says how to begin or how things stand.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags that every command takes, before or after it.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Where data lie.
    #[arg(long, value_name = "DIR", env = "PALIER_HOME", global = true)]
    pub home: Option<PathBuf>,
    /// The profile in it, one per person on a shared computer.
    #[arg(long = "as", value_name = "PROFILE", env = "PALIER_AS", global = true)]
    pub profile: Option<String>,
    /// The neighbourhood, needed only with several: its id, the start of it, or its name.
    #[arg(short = 'n', long, value_name = "HOOD", global = true)]
    pub hood: Option<String>,
    /// Act under a mandate of this member.
    #[arg(long = "for", value_name = "MEMBER", global = true)]
    pub mandate_of: Option<Ref<MemberId>>,
    /// One JSON object on standard output.
    #[arg(long, global = true)]
    pub json: bool,
    /// Open no socket.
    #[arg(long, global = true)]
    pub offline: bool,
    /// The time to claim instead of the clock's.
    #[arg(long, value_name = "TIME", global = true)]
    pub now: Option<TimeArg>,
    /// The language.
    #[arg(long, value_name = "fr|en", global = true)]
    pub lang: Option<Lang>,
    /// Say only what a script needs.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more in the log; twice for everything.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
}

/// Every noun.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Make a home and an identity.
    Init(Init),
    /// Stay in touch with the neighbours until stopped.
    Run(Run),
    /// Exchange what is new, once.
    Sync(Sync),
    /// How things stand.
    Status,
    /// Check the home.
    Doctor(Doctor),
    /// Show a neighbourhood at work on this computer.
    Demo(Demo),
    /// Completions for a shell.
    Completions(Completions),
    /// The JSON Schema of answers.
    Schema(Schema),
    /// All open rows, one a line.
    Dump(Dump),
    /// Neighbourhoods.
    #[command(subcommand)]
    Hood(Hood),
    /// Invitations.
    #[command(subcommand)]
    Invite(Invite),
    /// Join by an invitation.
    Join(Join),
    /// Members.
    #[command(subcommand)]
    Member(Member),
    /// Groups.
    #[command(subcommand)]
    Group(Group),
    /// Devices of this person.
    #[command(subcommand)]
    Device(Device),
    /// The profile neighbours see.
    #[command(subcommand)]
    Profile(Profile),
    /// Offers, needs, tools, places.
    #[command(subcommand)]
    Listing(Listing),
    /// Find listings, and keep searches.
    Search(Search),
    /// Photos of listings.
    #[command(subcommand)]
    Photo(Photo),
    /// When things are free, and what they cost.
    #[command(subcommand)]
    Calendar(Calendar),
    /// Requests and answers.
    #[command(subcommand)]
    Booking(Booking),
    /// What comes again.
    #[command(subcommand)]
    Series(Series),
    /// Signed words as codes, checked without a network.
    #[command(subcommand)]
    Qr(Qr),
    /// Waiting lists.
    Waitlist(Waitlist),
    /// Minutes of help.
    #[command(subcommand)]
    Credit(Credit),
    /// Thanks after a deal.
    #[command(subcommand)]
    Thanks(Thanks),
    /// Entries as a file.
    #[command(subcommand)]
    Bundle(Bundle),
}

/// What came of reading a command line.
#[derive(Debug)]
pub enum Parsed {
    /// Something to do.
    Command(Box<Cli>),
    /// Help or version was asked for: print this.
    Text(Told),
}

/// What is told of the command line itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// How a command is used.
    Help(String),
    /// Which version this is.
    Version(String),
}

/// Reads a command line; `argv` begins with the program's name.
pub fn parse(argv: &[OsString], texts: &Texts) -> Result<Parsed, CliError> {
    let size_bytes: usize = argv.iter().map(|word| word.len()).sum();
    if size_bytes > MAX_ARGV_BYTES {
        return Err(CliError::new("usage.too_long").param("limit_bytes", MAX_ARGV_BYTES));
    }
    if argv.iter().any(|word| word.to_str().is_none()) {
        return Err(CliError::new("usage.not_utf8"));
    }
    let matches = match localised(texts).try_get_matches_from(help_as_flag(argv)) {
        Ok(matches) => matches,
        Err(error) => {
            return match error.kind() {
                ErrorKind::DisplayHelp => Ok(Parsed::Text(Told::Help(error.to_string()))),
                ErrorKind::DisplayVersion => Ok(Parsed::Text(Told::Version(error.to_string()))),
                _ => Err(from_clap(&error)),
            };
        }
    };
    match Cli::from_arg_matches(&matches) {
        Ok(cli) => Ok(Parsed::Command(Box::new(cli))),
        Err(error) => Err(from_clap(&error)),
    }
}

/// `palier help booking` means `palier booking --help`.
fn help_as_flag(argv: &[OsString]) -> Vec<OsString> {
    let mut words = argv.to_vec();
    if words.get(1).is_some_and(|word| word == "help") {
        words.remove(1);
        words.push("--help".into());
    }
    words
}

/// Whether scripts are to be answered, before arguments are parsed.
pub fn wants_json(argv: &[OsString]) -> bool {
    argv.iter().take_while(|word| *word != "--").any(|word| word == "--json")
}

#[cfg(test)]
mod tests;
