//! What a device writes by itself: `(rows, now) → acts`.
//!
//! Invariant: a duty is decided from rows and the time alone and is done at most once:
//! when it is written, the rows no longer ask for it. Nothing here does a thing; the
//! replica does.

mod due;
mod todo;
mod waiting;

pub use due::{Duty, due};
pub use todo::Todo;
