//! Everything in Palier that is true without a machine.
//!
//! No clock, no disk, no socket and no source of randomness lives here: time and
//! entropy come in as arguments, effects go out as data. Modules are listed from
//! the ground up; each uses those before it, never those after.

pub mod codec;
pub mod coded;
pub mod keys;
pub mod rows;
pub mod time;

pub mod ical;

pub mod journal;
pub mod seal;

pub mod authority;
pub mod keyring;

pub mod booking;
pub mod ledger;
pub mod listing;
pub mod service;
pub mod thanks;

pub mod reminder;

pub mod duties;
pub mod projection;

pub mod sync;

pub mod replica;

pub mod engine;

#[cfg(feature = "sim")]
pub mod sim;
