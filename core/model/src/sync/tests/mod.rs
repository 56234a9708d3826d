//! Sessions over rows in memory, with the real journal and gate, and time and network in
//! the test's hands.

mod crowds;
mod figures;
mod hostile;
mod joins;
mod promises;
mod world;
