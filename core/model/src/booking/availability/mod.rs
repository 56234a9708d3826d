//! When something can be had: free and busy, the earliest fit, why not, what else.
//!
//! Pure functions over the terms of one resource, what occupies it, and a `now` given in.
//! A [`Survey`] looks at one range once and answers all questions about it; it costs what
//! overlaps the range.
//!
//! Invariant: units free at an instant are those that a booking of that instant alone
//! could have, buffers kept on both sides. A booking can have so many units as are free
//! at each of its instants; so what is told free can be booked, and what is not, cannot.

mod later;
mod load;
mod parts;
mod quota;
mod refusal;
mod search;
mod survey;

pub use parts::PartTree;
pub use quota::{Measure, Quota, QuotaWindow};
pub use refusal::Refusal;
pub use search::{Length, whole_days};
pub use survey::{Asker, Attendance, Occupied, Relation, Segment, Survey};
