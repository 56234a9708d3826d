//! What the text of `PROTOCOL.md` §7 says of credits, written down slowly: every transfer
//! is judged by walking its account's chain from the first one, with whole sets.
//!
//! Two words are added to the text, for without them it counts minutes twice. What a closed
//! account had used up to its closing counts as used by its heir; and of two closings of
//! one account the heir takes over only the first it relies on.

use std::collections::{BTreeMap, BTreeSet};

use palier_model::keys::EntryHash;
use palier_model::ledger::Account;

/// An entry as the oracle reads it: no type of the engine's rule is in it.
#[derive(Clone)]
pub(crate) enum Fact {
    Transfer {
        payer: Account,
        n: u32,
        prev: Option<EntryHash>,
        payee: Account,
        minutes: i128,
        relies: Vec<EntryHash>,
    },
    Closing {
        closed: Account,
        n: u32,
        last: Option<EntryHash>,
        heir: Account,
    },
}

/// An account after a walk.
#[derive(Clone, Default)]
struct Purse {
    cover: i128,
    used: BTreeSet<EntryHash>,
    closed: BTreeSet<Account>,
}

pub(crate) struct Oracle<'a> {
    facts: &'a BTreeMap<EntryHash, Fact>,
    lines: &'a BTreeMap<Account, u64>,
    /// Only to be in time: a walk gives the same whenever it is made.
    known: BTreeMap<EntryHash, Option<Purse>>,
}

impl<'a> Oracle<'a> {
    pub(crate) fn new(
        facts: &'a BTreeMap<EntryHash, Fact>,
        lines: &'a BTreeMap<Account, u64>,
    ) -> Self {
        Self { facts, lines, known: BTreeMap::new() }
    }

    /// The transfers that count, with what is left after each.
    pub(crate) fn counting(&mut self) -> BTreeMap<EntryHash, i128> {
        let facts = self.facts;
        let transfers =
            facts.iter().filter(|(_, fact)| matches!(fact, Fact::Transfer { .. })).map(|it| *it.0);
        transfers
            .filter_map(|hash| Some((hash, self.after(&hash)?.cover)))
            .collect::<BTreeMap<_, _>>()
    }

    /// Received less given, by owner.
    pub(crate) fn balances(&mut self) -> BTreeMap<palier_model::journal::Owner, i128> {
        let mut balances = BTreeMap::new();
        for hash in self.counting().into_keys() {
            if let Fact::Transfer { payer, payee, minutes, .. } = &self.facts[&hash]
                && payer.owner != payee.owner
            {
                *balances.entry(payer.owner).or_default() -= minutes;
                *balances.entry(payee.owner).or_default() += minutes;
            }
        }
        balances
    }

    /// The chain from the first transfer to this one, if it is here and in order.
    fn chain(&self, hash: &EntryHash) -> Option<Vec<EntryHash>> {
        let mut chain = vec![*hash];
        loop {
            let Fact::Transfer { payer, n, prev, .. } = self.facts.get(chain.last()?)? else {
                return None;
            };
            let Some(before) = prev else {
                chain.reverse();
                return (*n == 1).then_some(chain);
            };
            match self.facts.get(before)? {
                Fact::Transfer { payer: same, n: less, .. } if same == payer && less + 1 == *n => {}
                _ => return None,
            }
            chain.push(*before);
        }
    }

    fn after(&mut self, hash: &EntryHash) -> Option<Purse> {
        if let Some(known) = self.known.get(hash) {
            return known.clone();
        }
        let purse = self.walk(hash);
        self.known.insert(*hash, purse.clone());
        purse
    }

    fn walk(&mut self, hash: &EntryHash) -> Option<Purse> {
        let chain = self.chain(hash)?;
        let Fact::Transfer { payer: me, .. } = self.facts[hash].clone() else { return None };
        let mut purse = Purse { cover: self.line(&me), ..Purse::default() };
        for step in chain {
            let Fact::Transfer { minutes, relies, .. } = self.facts[&step].clone() else {
                return None;
            };
            let mut paid = Vec::new();
            for relied in relies {
                match self.facts.get(&relied)?.clone() {
                    Fact::Transfer { payee, minutes, .. } => {
                        self.after(&relied)?;
                        paid.push((relied, payee, minutes));
                    }
                    Fact::Closing { closed, n, last, heir } => {
                        if heir != me {
                            return None;
                        }
                        let theirs = self.at_closing(&closed, n, last)?;
                        if !purse.closed.contains(&closed) {
                            purse.cover += theirs.cover;
                        }
                        purse.used.extend(theirs.used);
                        purse.closed.extend(theirs.closed);
                        purse.closed.insert(closed);
                    }
                }
            }
            for (relied, payee, minutes) in paid {
                if payee != me && !purse.closed.contains(&payee) {
                    return None;
                }
                if purse.used.insert(relied) {
                    purse.cover += minutes;
                }
            }
            if purse.cover < minutes {
                return None;
            }
            purse.cover -= minutes;
        }
        Some(purse)
    }

    fn at_closing(&mut self, of: &Account, n: u32, last: Option<EntryHash>) -> Option<Purse> {
        let Some(last) = last else {
            return (n == 0).then(|| Purse { cover: self.line(of), ..Purse::default() });
        };
        match self.facts.get(&last)? {
            Fact::Transfer { payer, n: at, .. } if payer == of && *at == n => self.after(&last),
            _ => None,
        }
    }

    fn line(&self, account: &Account) -> i128 {
        i128::from(self.lines.get(account).copied().unwrap_or(0))
    }
}
