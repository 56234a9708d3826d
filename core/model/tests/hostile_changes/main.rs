//! What the owner of a document can sign to harm those who read it: bombs and mutants
//! of changes. Each costs little, and nothing is kept that breaks a later write.
//!
//! `PALIER_MUTANTS=100000` runs more of the mutants.

mod bombs;
mod mutants;
mod scene;

/// One test, since memory is measured for the whole process.
#[test]
fn a_signed_change_costs_little_and_breaks_no_later_write() {
    bombs::bombs();
    bombs::overfull();
    bombs::many_branches();
    mutants::mutants();
}
