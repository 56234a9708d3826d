//! The table at the end.

use crate::suite::{Outcome, Report};

/// Prints the table and the closing line; true where nothing failed.
#[allow(clippy::print_stdout)]
pub(crate) fn print(reports: &[Report]) -> bool {
    let width = reports.iter().map(|report| report.name.len()).max().unwrap_or(0).max(5);
    println!();
    println!("{:width$}  passed  failed  skipped  seconds  why", "suite");
    for report in reports {
        let why = match &report.outcome {
            Outcome::Skipped(why) => why.as_str(),
            Outcome::Failed(_) => "see above",
            Outcome::Passed => "",
        };
        println!(
            "{:width$}  {:>6}  {:>6}  {:>7}  {:>7}  {why}",
            report.name, report.passed, report.failed, report.skipped, report.seconds
        );
    }
    let sum = |of: fn(&Report) -> u64| reports.iter().map(of).sum::<u64>();
    let (passed, failed, skipped) =
        (sum(|it| it.passed), sum(|it| it.failed), sum(|it| it.skipped));
    println!();
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    failed == 0
}
