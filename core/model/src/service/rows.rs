//! The rows of services: what the two sides sealed for each other.

use serde::{Deserialize, Serialize};

use super::records::{Agreement, Proposal, Reply, Step};
use crate::booking::Said;
use crate::keys::BookingId;
use crate::rows::{Table, Typed};

/// A deal about help as its two sides told it to each other. Each list is in the order of
/// (author, entry).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ServiceRow {
    /// The answer to the listing; several where its author's devices told it twice.
    pub replies: Vec<Said<Reply>>,
    /// Times that were proposed.
    pub proposals: Vec<Said<Proposal>>,
    /// What was agreed to.
    pub agreements: Vec<Said<Agreement>>,
    /// All else that was said.
    pub steps: Vec<Said<Step>>,
}

impl ServiceRow {
    /// The answer: of several one that counts, then that of the smaller entry hash.
    pub fn reply(&self) -> Option<&Said<Reply>> {
        self.replies.iter().min_by_key(|said| (!said.counts, said.entry.hash))
    }
}

/// booking id → deal.
pub struct Services;
impl Typed for Services {
    const TABLE: Table = Table::Services;
    type Key = BookingId;
    type Row = ServiceRow;
}
