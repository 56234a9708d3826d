//! Which resources are part of which: booking a whole garage blocks its places, and one
//! place the whole garage; places beside each other are independent.

use super::survey::Relation;
use crate::booking::records::DomainRecord;

/// A tree of resources, parents before their parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PartTree {
    parents: Vec<Option<usize>>,
}

impl PartTree {
    /// The tree of a list in which each resource names the one it is part of; `None` if
    /// one names itself or a later one.
    pub fn new(parents: Vec<Option<usize>>) -> Option<Self> {
        let sound = |(index, parent): (usize, &Option<usize>)| parent.is_none_or(|it| it < index);
        parents.iter().enumerate().all(sound).then_some(Self { parents })
    }

    /// That of a domain.
    pub fn of_domain(domain: &DomainRecord) -> Option<Self> {
        let parent = |part_of: Option<u16>| part_of.map(usize::from);
        Self::new(domain.resources.iter().map(|resource| parent(resource.part_of)).collect())
    }

    /// What a booking of `other` is to `this`; `None`: nothing.
    pub fn relation(&self, this: usize, other: usize) -> Option<Relation> {
        if this == other {
            Some(Relation::Same)
        } else if self.is_in(this, other) || self.is_in(other, this) {
            Some(Relation::Part)
        } else {
            None
        }
    }

    fn is_in(&self, part: usize, whole: usize) -> bool {
        // Parents stand before their parts, so this ends.
        let parent = |index: &usize| self.parents.get(*index).copied().flatten();
        std::iter::successors(parent(&part), parent).any(|above| above == whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wholes_and_parts_block_each_other_and_siblings_do_not() {
        // 0 holds 1 and 2, 1 holds 3; 4 stands alone.
        let tree = PartTree::new(vec![None, Some(0), Some(0), Some(1), None]).unwrap_or_default();
        for (this, other) in [(0, 1), (0, 2), (0, 3), (1, 3)] {
            assert_eq!(tree.relation(this, other), Some(Relation::Part));
            assert_eq!(tree.relation(other, this), Some(Relation::Part));
        }
        for (this, other) in [(1, 2), (2, 3), (0, 4), (3, 4), (9, 0)] {
            assert_eq!(tree.relation(this, other), None);
            assert_eq!(tree.relation(other, this), None);
        }
        assert_eq!(tree.relation(3, 3), Some(Relation::Same));
        assert_eq!(PartTree::new(vec![Some(0)]), None);
        assert_eq!(PartTree::new(vec![None, Some(2), None]), None);
    }
}
