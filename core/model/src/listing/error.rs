//! What is wrong with content, field by field, under codes that stay.

use std::fmt;

/// One thing that is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Stable code, `listing.title.empty`; the middle part names the field.
    pub code: &'static str,
    /// The limit that was broken, if it is one.
    pub limit: Option<u64>,
    /// What was found, where a number says it.
    pub found: Option<u64>,
}

impl FieldError {
    /// An error with nothing to count.
    pub const fn new(code: &'static str) -> Self {
        Self { code, limit: None, found: None }
    }

    /// The name of the field, as it stands in the code.
    pub fn field(&self) -> &'static str {
        self.code.split('.').nth(1).unwrap_or_default()
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)?;
        match (self.found, self.limit) {
            (Some(found), Some(limit)) => write!(f, " ({found}, at most {limit})"),
            (None, Some(limit)) => write!(f, " (at most {limit})"),
            _ => Ok(()),
        }
    }
}

/// Content that is not valid: everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Invalid(pub Vec<FieldError>);

impl Invalid {
    pub(super) fn add(&mut self, code: &'static str) {
        self.0.push(FieldError::new(code));
    }

    /// Notes `code` unless `found` is within `limit`.
    pub(super) fn at_most(&mut self, code: &'static str, found: usize, limit: usize) {
        if found > limit {
            let (found, limit) = (Some(found as u64), Some(limit as u64));
            self.0.push(FieldError { code, limit, found });
        }
    }

    pub(super) fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }

    /// Whether one of the errors has this code.
    pub fn has(&self, code: &str) -> bool {
        self.0.iter().any(|error| error.code == code)
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, error) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}
