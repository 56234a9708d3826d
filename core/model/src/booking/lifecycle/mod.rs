//! The life of a booking that holds: from the hand-over to the return, and what can go
//! wrong between them. One machine for loans, parking, storage, rooms and events.
//!
//! The calendar says whether a booking holds; this says what became of it, from what its
//! two sides told each other under seal. Invariant: a stage is a pure function of the set
//! of what was said and of the time that is asked about, whatever the order of arrival; a
//! claimed time moves nothing but the days of silence after which a return stands, and
//! nobody says the other side's word: only a [`Proof`] signed by a device of theirs does.

mod proof;
mod rules;
mod stage;

pub(crate) use proof::Shown;
pub use proof::{PROOF_PREFIX, Proof, ProofError, ProofFacts};
pub use rules::{RULES, Rule, Sides, StepError, Until, may};
pub use stage::{Life, SILENCE_MS, Said, Side, Stage, Word, life};
