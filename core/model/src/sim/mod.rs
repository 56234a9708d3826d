//! Seeded whole neighbourhoods without a machine: the very engines the node runs, over
//! rows in memory and a network that loses, doubles, delays and cuts as a seed says.

mod carrier;
mod checks;
mod credits;
mod forged;
mod hand_overs;
mod help;
mod hostile;
mod network;
mod proofs;
mod scenario;
mod steps;
mod world;

pub use checks::Watch;
pub use network::{Link, Network};
pub use scenario::{Beside, Failure, Judge, Report, play, play_beside, play_with};
pub use world::{SimNode, SimStores, World};
