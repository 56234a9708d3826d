//! Entries in, changes of rows out.
//!
//! Invariant: the rows are a pure function of the set of accepted entries (and, for
//! private ones, of the secrets this device holds), whatever the order of arrival.

mod applicants;
mod changes;
mod epochs;
mod facts;
mod outbox;
mod place;
mod projector;
mod unfound;

pub use applicants::{
    ApplicantRow, Applicants, ApplicationRecord, RefusalRecord, Refusals, inner as people,
    project_people,
};
pub use changes::Changes;
pub(crate) use epochs::epoch_keys;
pub use epochs::{EpochRow, Epochs, keyring_of, own_acts_wait, recovery_keys};
pub use facts::entry_counts;
pub use outbox::{
    DealKeys, EpochSecrets, GrantCounts, Opened, Reader, SealedRecords, grant_count_key, plaintext,
    take_record,
};
pub use place::{Place, PlaceRecord, PlaceRow, choose_place};
pub use projector::Projector;
