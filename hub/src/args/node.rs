//! Commands about this node.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Address, Duration};

/// `palier init`
#[derive(Debug, Clone, Args)]
pub struct Init {
    /// The name neighbours see.
    #[arg(long, value_name = "NAME")]
    pub name: String,
}

/// `palier run`
#[derive(Debug, Clone, Args)]
pub struct Run {
    /// Where to listen.
    #[arg(long, value_name = "ADDR")]
    pub listen: Vec<Address>,
    /// What to tell others instead.
    #[arg(long, value_name = "ADDR")]
    pub advertise: Vec<Address>,
    /// Somebody to dial at once.
    #[arg(long, value_name = "ADDR")]
    pub peer: Vec<Address>,
    /// Do not look for neighbours on the local network.
    #[arg(long)]
    pub no_mdns: bool,
}

/// `palier sync`
#[derive(Debug, Clone, Args)]
pub struct Sync {
    /// How long at most.
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub within: Duration,
    /// Somebody to dial.
    #[arg(long, value_name = "ADDR")]
    pub peer: Vec<Address>,
}

/// `palier doctor`
#[derive(Debug, Clone, Args)]
pub struct Doctor {
    /// Build what screens read anew from the logs.
    #[arg(long)]
    pub rebuild: bool,
}

/// `palier demo`
#[derive(Debug, Clone, Args)]
pub struct Demo {
    /// Make the homes here and keep them.
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// Stay up at the end, to look around.
    #[arg(long, value_name = "TIME")]
    pub hold: Option<Duration>,
}

/// `palier completions`
#[derive(Debug, Clone, Args)]
pub struct Completions {
    /// The shell.
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// `palier schema`
#[derive(Debug, Clone, Args)]
pub struct Schema {
    /// One answer; without it all.
    #[arg(value_name = "TYPE")]
    pub answer: Option<String>,
}

/// `palier dump`
#[derive(Debug, Clone, Args)]
pub struct Dump {
    /// The open rows: what every member may read. (Nothing else can be dumped.)
    #[arg(long, required = true)]
    pub open: bool,
}

/// `palier bundle …`
#[derive(Debug, Clone, Subcommand)]
pub enum Bundle {
    /// Write what this home holds into a file.
    Export(BundleFile),
    /// Take what a file holds, through the same gate as the network.
    Import(BundleFile),
}

/// The file of a bundle.
#[derive(Debug, Clone, Args)]
pub struct BundleFile {
    /// The file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}
