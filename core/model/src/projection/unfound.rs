//! Grants that nothing known here opens, by their tags: whether one more epoch of their
//! author's opens one of them is asked of these, without reading all grants again.

use std::collections::{BTreeMap, BTreeSet};

use crate::keys::MemberId;
use crate::seal::GrantTag;

/// Tags that are kept, of all members together; past that all are forgotten, and whose
/// are asked for next are read again.
const TAGS: usize = 1 << 18;

/// The tags, by the member whose outboxes they lie in. Only members are kept of whom all
/// grants were read since the last secret was learnt.
#[derive(Debug, Default)]
pub(super) struct Unfound {
    of: BTreeMap<MemberId, BTreeSet<GrantTag>>,
    tags: usize,
}

impl Unfound {
    /// Keeps those of a member from now on: all its grants are read next.
    pub(super) fn begin(&mut self, member: &MemberId) {
        self.of.insert(*member, BTreeSet::new());
    }

    /// Whether those of a member are kept.
    pub(super) fn keeps(&self, member: &MemberId) -> bool {
        self.of.contains_key(member)
    }

    /// Notes a grant that was not opened.
    pub(super) fn note(&mut self, member: &MemberId, tag: GrantTag) {
        let Some(tags) = self.of.get_mut(member) else { return };
        if tags.insert(tag) {
            self.tags += 1;
        }
        if self.tags > TAGS {
            self.clear();
        }
    }

    /// Whether a member has a grant of this tag that was not opened.
    pub(super) fn has(&self, member: &MemberId, tag: &GrantTag) -> bool {
        self.of.get(member).is_some_and(|tags| tags.contains(tag))
    }

    /// Forgets one member's: it may have a grant that can be opened now.
    pub(super) fn forget(&mut self, member: &MemberId) {
        let gone = self.of.remove(member);
        self.tags = self.tags.saturating_sub(gone.map_or(0, |tags| tags.len()));
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
