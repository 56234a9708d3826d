//! What came of a suite.

/// One line of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// Its name.
    pub(crate) name: String,
    /// Tests passed.
    pub(crate) passed: u64,
    /// Tests failed.
    pub(crate) failed: u64,
    /// Tests not run.
    pub(crate) skipped: u64,
    /// Why some were not run.
    pub(crate) why: Vec<String>,
    /// Of what failed, what it said.
    pub(crate) tail: String,
    /// How long it took, where that is known.
    pub(crate) seconds: Option<u64>,
}

impl Report {
    /// A suite that has a name and nothing else yet.
    pub(crate) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// A suite of one check.
    pub(crate) fn of_check(name: &str, result: Result<(), String>) -> Self {
        match result {
            Ok(()) => Self { passed: 1, ..Self::named(name) },
            Err(tail) => Self { failed: 1, tail, ..Self::named(name) },
        }
    }

    /// A suite that could not be run.
    pub(crate) fn skipped(name: &str, why: &str) -> Self {
        Self { skipped: 1, why: vec![why.to_owned()], ..Self::named(name) }
    }

    /// For the one who waits.
    pub(crate) fn line(&self) -> String {
        let Self { name, passed, failed, skipped, .. } = self;
        format!("{name}: {passed} passed, {failed} failed, {skipped} skipped")
    }
}
