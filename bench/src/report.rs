//! What was seen: a table for people, JSON for machines.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use palier_tests::neighbourhood::Outcome;
use serde_json::{Value, json};

/// One line of the table.
pub struct Line {
    /// Number of the figure, as in the targets.
    pub figure: &'static str,
    /// What was measured.
    pub what: String,
    /// What it should be.
    pub target: &'static str,
    /// What it was.
    pub seen: String,
    /// Whether that is within the target; none where there is none.
    pub met: Option<bool>,
    /// Everything measured.
    pub details: Value,
}

/// All lines so far.
#[derive(Default)]
pub struct Report {
    lines: Vec<Line>,
}

impl Report {
    /// Adds a line and shows it at once: a run may take long.
    pub fn add(&mut self, line: Line) {
        say(&format!("{}  {}: {} (target {})", line.figure, line.what, line.seen, line.target));
        self.lines.push(line);
    }

    /// The table, in Markdown.
    pub fn table(&self) -> String {
        let mut table =
            String::from("| figure | what | target | seen | met |\n|---|---|---|---|---|\n");
        for line in &self.lines {
            let met = line.met.map_or("", |met| if met { "yes" } else { "**no**" });
            let Line { figure, what, target, seen, .. } = line;
            let _ = writeln!(table, "| {figure} | {what} | {target} | {seen} | {met} |");
        }
        table
    }

    /// Writes everything as JSON.
    pub fn write(&self, path: &Path) -> Outcome<()> {
        let lines: Vec<Value> = self
            .lines
            .iter()
            .map(|line| {
                json!({
                    "figure": line.figure, "what": line.what, "target": line.target,
                    "seen": line.seen, "met": line.met, "details": line.details,
                })
            })
            .collect();
        std::fs::write(path, serde_json::to_vec_pretty(&json!({ "figures": lines }))?)?;
        Ok(())
    }
}

/// Progress, on standard error.
pub fn say(text: &str) {
    eprintln!("{text}");
}

/// Processor time of all threads of this process so far, as Linux counts it: on a machine
/// that does other things as well it says more than the clock on the wall.
pub fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// Milliseconds with fractions.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// The value below which so many of a hundred lie.
pub fn percentile(values: &mut [Duration], of_hundred: usize) -> Duration {
    values.sort_unstable();
    let at = (values.len() * of_hundred).div_ceil(100).saturating_sub(1);
    values.get(at).copied().unwrap_or_default()
}
