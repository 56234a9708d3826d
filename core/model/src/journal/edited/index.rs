//! What each operation of a document was, so that a change can be checked against its
//! causal past before automerge sees it.

use crate::journal::change::NewValue;

/// Deepest nesting of maps, lists and texts below the root.
pub(super) const DEPTH: u8 = 16;

/// An operation: place of its change in the document, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct OpPlace {
    pub(super) change: u32,
    pub(super) number: u32,
}

/// An object: the root, or what an operation made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Object {
    Root,
    Made(OpPlace),
}

/// What kind of value an operation put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    Plain,
    Counter,
    Map(u8),
    List(u8),
    Text(u8),
}

impl Put {
    /// What `value` is in an object of this depth; none where that is too deep.
    pub(super) fn of(value: &NewValue, depth: u8) -> Option<Self> {
        let below = depth.checked_add(1).filter(|below| *below <= DEPTH);
        match value {
            NewValue::Counter(_) => Some(Self::Counter),
            NewValue::Map => below.map(Self::Map),
            NewValue::List => below.map(Self::List),
            NewValue::Text => below.map(Self::Text),
            _ => Some(Self::Plain),
        }
    }
}

/// What operations of consecutive numbers were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Was {
    /// A value under a key.
    AtKey { map: Object, key: String, put: Put },
    /// Elements of a list or text; each is named by the operation that inserted it.
    Inserted { into: Object, put: Put },
    /// A value in place of an element's first one.
    AtElement { element: OpPlace, put: Put },
    /// A removal or an increment: nothing that could be named.
    Nothing,
}

impl Was {
    /// What it put, if it put something.
    pub(super) fn put(&self) -> Option<Put> {
        match self {
            Self::AtKey { put, .. } | Self::Inserted { put, .. } | Self::AtElement { put, .. } => {
                Some(*put)
            }
            Self::Nothing => None,
        }
    }
}

/// What the operations of one change were, in runs.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    /// Number of the first operation of the run, and what it was.
    runs: Vec<(u32, Was)>,
    count: u32,
    objects: u32,
}

impl Index {
    pub(super) fn push(&mut self, was: Was, count: u32) {
        if matches!(was.put(), Some(Put::Map(_) | Put::List(_) | Put::Text(_))) {
            self.objects = self.objects.saturating_add(count);
        }
        if self.runs.last().is_none_or(|(_, last)| *last != was) {
            self.runs.push((self.count, was));
        }
        self.count = self.count.saturating_add(count);
    }

    /// How many objects the operations made.
    pub(super) fn objects(&self) -> u32 {
        self.objects
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// What an operation was; none beyond the last.
    pub(super) fn get(&self, number: u32) -> Option<&Was> {
        if number >= self.count {
            return None;
        }
        let after = self.runs.partition_point(|(first, _)| *first <= number);
        self.runs.get(after.checked_sub(1)?).map(|(_, was)| was)
    }

    /// Whether operations `first … first + count` were all this.
    pub(super) fn all(&self, first: u32, count: u32, is: impl Fn(&Was) -> bool) -> bool {
        let Some(end) = first.checked_add(count).filter(|end| *end <= self.count) else {
            return false;
        };
        let begin = self.runs.partition_point(|(start, _)| *start <= first).saturating_sub(1);
        self.runs[begin..].iter().take_while(|(start, _)| *start < end).all(|(_, was)| is(was))
    }
}
