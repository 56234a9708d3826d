//! Seeded whole neighbourhoods without a machine: the very engines the node runs, over
//! rows in memory and a network that loses, doubles, delays and cuts as a seed says.

mod network;
mod world;

pub use network::{Link, Network};
pub use world::{SimNode, SimStores, World};
