//! Reads what the test runner prints: how many passed, failed and were skipped, and why.
//!
//! A test that found that it cannot run on this machine prints a line that begins with
//! `SKIPPED:` and returns. The runner takes that for passed; here it counts as skipped.

/// Lines of the failures of one binary that are shown.
const FAILURE_LINES: usize = 80;
/// Begins the line of a test that cannot run here.
const SKIPPED: &str = "SKIPPED:";

/// What came of one test binary, or of the tests in one crate's documentation.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Binary {
    /// The target's name.
    pub(crate) name: String,
    /// Tests passed.
    pub(crate) passed: u64,
    /// Tests failed; one if the binary died.
    pub(crate) failed: u64,
    /// Tests not run.
    pub(crate) skipped: u64,
    /// Why.
    pub(crate) why: Vec<String>,
    /// What the failed ones said.
    pub(crate) failures: Vec<String>,
    /// Whether it came to its end.
    ended: bool,
}

/// Where in a binary's output a line stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Tests,
    Successes,
    Failures,
}

/// Reads the output of `cargo test`.
pub(crate) fn read(lines: &[String]) -> Vec<Binary> {
    let mut binaries: Vec<Binary> = Vec::new();
    let mut place = Place::Tests;
    let mut said_skipped = false;
    for line in lines {
        if let Some(name) = begins(line) {
            binaries.push(Binary { name, ..Binary::default() });
            place = Place::Tests;
            said_skipped = false;
            continue;
        }
        let Some(binary) = binaries.last_mut().filter(|binary| !binary.ended) else { continue };
        match line.as_str() {
            "successes:" => place = Place::Successes,
            "failures:" => place = Place::Failures,
            _ if line.starts_with("test result:") => {
                let (passed, failed, ignored) = sums(line);
                binary.passed = passed.saturating_sub(binary.skipped);
                binary.failed = failed;
                binary.skipped += ignored;
                binary.ended = true;
            }
            _ if place == Place::Tests => {
                if let Some((test, reason)) = line.split_once(" ... ignored") {
                    let test = test.strip_prefix("test ").unwrap_or(test);
                    binary.why.push(format!("{test}: ignored{reason}"));
                }
            }
            _ if place == Place::Successes => {
                if line.starts_with("---- ") && line.ends_with(" stdout ----") {
                    said_skipped = false;
                } else if let Some(why) = line.strip_prefix(SKIPPED)
                    && !said_skipped
                {
                    said_skipped = true;
                    binary.skipped += 1;
                    binary.why.push(why.trim().to_owned());
                }
            }
            _ => {
                if binary.failures.len() < FAILURE_LINES {
                    binary.failures.push(line.clone());
                }
            }
        }
    }
    for binary in binaries.iter_mut().filter(|binary| !binary.ended) {
        binary.failed = 1;
        binary.failures.push("it ended before its tests did".to_owned());
    }
    binaries
}

/// The target whose tests begin with this line of cargo.
fn begins(line: &str) -> Option<String> {
    let line = line.trim_start();
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return Some(name.trim().replace('-', "_"));
    }
    let (_, file) = line.strip_prefix("Running ")?.rsplit_once('(')?;
    let file = file.strip_suffix(')')?.rsplit(['/', '\\']).next()?;
    Some(file.rsplit_once('-').map_or(file, |(name, _)| name).to_owned())
}

fn sums(line: &str) -> (u64, u64, u64) {
    let mut sums = (0, 0, 0);
    for part in line.split([';', '.']) {
        let mut words = part.split_whitespace();
        let (Some(number), Some(word)) = (words.next(), words.next()) else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        match word {
            "passed" => sums.0 = number,
            "failed" => sums.1 = number,
            "ignored" => sums.2 = number,
            _ => {}
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Vec<Binary> {
        read(&text.lines().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_test_that_says_it_cannot_run_counts_as_skipped() {
        let read = read_text(
            "     Running tests/nat.rs (target/release/deps/nat-0123abcd)

running 3 tests
test a ... ok
test b ... ok
test c ... ignored, takes an hour

successes:

---- a stdout ----
SKIPPED: no network namespaces here
SKIPPED: no network namespaces here

---- b stdout ----
all is well

successes:
    a
    b

test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s",
        );
        let [binary] = read.as_slice() else { panic!("{read:?}") };
        assert_eq!(binary.name, "nat");
        assert_eq!((binary.passed, binary.failed, binary.skipped), (1, 0, 2));
        assert_eq!(binary.why, ["c: ignored, takes an hour", "no network namespaces here"]);
    }

    #[test]
    fn what_failed_is_kept_and_a_binary_that_dies_has_failed() {
        let read = read_text(
            "     Running unittests src/lib.rs (target/release/deps/palier_model-0a)
test x ... FAILED

failures:

---- x stdout ----
thread 'x' panicked

failures:
    x

test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 2.1s
     Running tests/dies.rs (target/release/deps/dies-0b)
running 1 test
error: test failed, to rerun pass `-p palier-node --test dies`
   Doc-tests palier_model
test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.0s",
        );
        let [model, dies, docs] = read.as_slice() else { panic!("{read:?}") };
        assert_eq!((model.passed, model.failed), (3, 1));
        assert!(model.failures.contains(&"thread 'x' panicked".to_owned()));
        assert_eq!((dies.passed, dies.failed), (0, 1));
        assert_eq!((docs.name.as_str(), docs.passed, docs.failed), ("palier_model", 2, 0));
    }
}
