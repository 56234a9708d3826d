//! Where a store comes from: the install id in it and the number of its commits.
//!
//! What to make of them is [`crate::home`]'s affair. A new origin stays *unsettled*
//! until the first commit, in the same transaction.

use rusqlite::OptionalExtension;

use super::error::StoreError;
use super::writer::Store;

/// Names one installation's hold on one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InstallId([u8; Self::BYTES]);

impl InstallId {
    /// Its length.
    pub(crate) const BYTES: usize = 16;

    /// A new one; `None` where the system gives no random bytes.
    pub(crate) fn random() -> Option<Self> {
        let mut bytes = [0; Self::BYTES];
        getrandom::fill(&mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// As it stands in names of files.
    pub(crate) fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What a store knows of itself.
pub(crate) struct Origin {
    /// `None`: never opened by a home.
    pub(crate) install: Option<InstallId>,
    /// How many commits it has seen.
    pub(crate) commits: u64,
    /// What [`Store::adopt`] was given, 0 after the first commit since.
    pub(crate) unsettled: i64,
}

/// Told of each commit after it is on disk. Failures are its own affair.
pub(crate) trait Witness: Send {
    /// The store has now seen so many.
    fn committed(&mut self, commits: u64);
    /// Makes what was told last.
    fn sync(&mut self);
}

impl Store {
    /// What the store knows of itself.
    pub(crate) fn origin(&self) -> Result<Origin, StoreError> {
        let row = self
            .connection
            .query_row("SELECT install, commits, unsettled FROM store_state", [], |row| {
                Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?, row.get(2)?))
            })
            .optional()
            .map_err(|error| StoreError::of(&error, &self.dir))?;
        let missing = || StoreError::Corrupt("the store does not know itself".to_owned());
        let (install, commits, unsettled) = row.ok_or_else(missing)?;
        Ok(Origin {
            install: install.try_into().ok().map(InstallId),
            commits: u64::try_from(commits).unwrap_or(0),
            unsettled,
        })
    }

    /// Writes down whose the store is now, and tells `witness` of this commit and every
    /// later one.
    pub(crate) fn adopt(
        &mut self,
        id: &InstallId,
        unsettled: i64,
        witness: Box<dyn Witness>,
    ) -> Result<(), StoreError> {
        let commits = self.commits.saturating_add(1);
        let written = self.connection.execute(
            "UPDATE store_state SET install = ?1, unsettled = ?2, commits = ?3",
            (id.0, unsettled, commits as i64),
        );
        self.settle(written)?;
        self.witness = Some(witness);
        self.committed(commits);
        if let Some(witness) = &mut self.witness {
            witness.sync();
        }
        Ok(())
    }

    /// Notes a commit that is on disk.
    pub(super) fn committed(&mut self, commits: u64) {
        self.commits = commits;
        if let Some(witness) = &mut self.witness {
            witness.committed(commits);
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Some(witness) = &mut self.witness {
            witness.sync();
        }
    }
}
