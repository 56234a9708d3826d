//! Help between neighbours: somebody answers an offer or a need, the two find a time, it
//! is done, and both say so.
//!
//! There is no calendar and nobody decides alone: all of it is sealed between whoever
//! answered and the listing's owner. Invariant: where a deal stands is a pure function of
//! the set of what its two sides said and of the time that is asked about; nobody says
//! the other side's word, and no claimed time moves anything but the days of silence.

mod life;
mod payment;
mod records;
mod rows;
mod rules;
mod told;
mod view;

pub use life::{Agreed, Life, Proposed, SILENCE_MS, Said, Stage, Told, in_force, life};
pub use payment::{Payment, PaymentStatus, payment, transfer_tag};
pub use records::{Agreement, Fee, Proposal, Reply, Step, StepKind, bounds, inner};
pub use rows::{ServiceRow, Services};
pub use rules::{Move, RULES, Rule, may};
pub use told::{MOST_SAID, is_kind, project_sealed, recount};
pub use view::{
    Deed, HistoryEntry, ProposalView, ServiceView, owner_of, said_by_device, side_of, theirs,
    told_of, view,
};
