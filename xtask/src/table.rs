//! The table at the end.

use crate::report::Report;

/// Prints the table and the closing line; true where nothing failed.
#[allow(clippy::print_stdout)]
pub(crate) fn print(reports: &[Report]) -> bool {
    let width = reports.iter().map(|report| report.name.len()).max().unwrap_or(0).max(5);
    println!();
    println!("{:width$}  passed  failed  skipped  seconds  why", "suite");
    for report in reports {
        let seconds = report.seconds.map_or_else(String::new, |seconds| seconds.to_string());
        let why = if report.failed > 0 && report.why.is_empty() {
            "see above".to_owned()
        } else {
            report.why.join("; ")
        };
        let line = format!(
            "{:width$}  {:>6}  {:>6}  {:>7}  {:>7}  {why}",
            report.name, report.passed, report.failed, report.skipped, seconds
        );
        println!("{}", line.trim_end());
    }
    let sum = |of: fn(&Report) -> u64| reports.iter().map(of).sum::<u64>();
    let (passed, failed, skipped) =
        (sum(|it| it.passed), sum(|it| it.failed), sum(|it| it.skipped));
    println!();
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    failed == 0
}
