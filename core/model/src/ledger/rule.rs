//! Whether a transfer counts, and what its account can still spend after it.
//!
//! Invariant: the answer for a transfer hangs on nothing but the transfers before it on
//! its own branch, what they rely on, and credit lines, which only grow. A second branch
//! (two transfers with one n) changes nothing on the first.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::records::{Account, CloseAccount, Transfer};
use crate::keys::EntryHash;

/// What an account can spend at one place of its chain.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cover {
    /// Minutes.
    pub minutes: u64,
    /// Accounts it is the heir of, each with the last transfer before it was closed (none
    /// where there was none); sorted.
    pub heir_of: BTreeSet<(Account, Option<EntryHash>)>,
}

impl Cover {
    /// Whether it is the heir of an account.
    pub fn inherits(&self, account: &Account) -> bool {
        self.heir_of.iter().any(|(closed, _)| closed == account)
    }

    /// Takes over what a closed account had after its transfer `last`, unless that account
    /// was inherited before.
    pub fn inherit(&mut self, closed: Account, last: Option<EntryHash>, theirs: &Self) {
        if !self.inherits(&closed) {
            self.minutes = self.minutes.saturating_add(theirs.minutes);
        }
        self.heir_of.insert((closed, last));
        self.heir_of.extend(&theirs.heir_of);
    }
}

/// A transfer that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Who passed minutes on.
    pub payer: Account,
    /// Which of its transfers.
    pub n: u32,
    /// To whom.
    pub payee: Account,
    /// How many minutes.
    pub minutes: u32,
    /// What the payer had left.
    pub cover: Cover,
}

/// A closing of an account of which everything it names counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedClose {
    /// The account that ended.
    pub closed: Account,
    /// Who inherits.
    pub heir: Account,
    /// Its last transfer before.
    pub last: Option<EntryHash>,
    /// What it had left.
    pub cover: Cover,
}

/// What stands under a hash, if it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// A transfer.
    Transfer(Counted),
    /// A closing.
    Close(CountedClose),
}

/// Why something does not count (yet).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Held {
    /// Something it names is not here, or is held itself.
    Waits,
    /// It spends more than its account has there.
    Uncovered,
    /// It relies on what was not paid to it, or follows what it cannot follow.
    Broken,
}

/// What the rule asks of what is known. Answers may only come to say more, never less.
pub trait Past {
    /// A store that fails.
    type Error;

    /// The credit line that lies with an account, in minutes.
    fn line(&self, account: &Account) -> u64;

    /// Whether an account may be closed by another of its owner's devices.
    fn may_close(&self, account: &Account) -> bool;

    /// What stands under a hash, if it counts.
    fn standing(&self, hash: &EntryHash) -> Result<Option<Standing>, Self::Error>;

    /// Whether a transfer is relied on by the account's transfers up to `last`, that one
    /// included.
    fn is_used(
        &self,
        transfer: &EntryHash,
        account: &Account,
        last: Option<&EntryHash>,
    ) -> Result<bool, Self::Error>;
}

/// What is left after a transfer, or why it is held.
pub fn judge<P: Past>(
    payer: &Account,
    transfer: &Transfer,
    past: &P,
) -> Result<Result<Cover, Held>, P::Error> {
    let prev = transfer.prev.map(|prev| prev.hash);
    let mut cover = match before(payer, transfer.n.saturating_sub(1), prev, past)? {
        Ok(cover) => cover,
        Err(held) => return Ok(Err(held)),
    };
    let mut paid = Vec::new();
    for relied in &transfer.relies {
        match past.standing(&relied.hash)? {
            None => return Ok(Err(Held::Waits)),
            Some(Standing::Transfer(counted)) => paid.push((relied.hash, counted)),
            Some(Standing::Close(closing)) if closing.heir == *payer => {
                cover.inherit(closing.closed, closing.last, &closing.cover);
            }
            Some(Standing::Close(_)) => return Ok(Err(Held::Broken)),
        }
    }
    for (hash, counted) in paid {
        if counted.payee != *payer && !cover.inherits(&counted.payee) {
            return Ok(Err(Held::Broken));
        }
        let mut used = past.is_used(&hash, payer, prev.as_ref())?;
        for (closed, last) in &cover.heir_of {
            used = used || past.is_used(&hash, closed, last.as_ref())?;
        }
        if !used {
            cover.minutes = cover.minutes.saturating_add(u64::from(counted.minutes));
        }
    }
    Ok(match cover.minutes.checked_sub(u64::from(transfer.minutes)) {
        Some(left) => Ok(Cover { minutes: left, ..cover }),
        None => Err(Held::Uncovered),
    })
}

/// What a closing passes on, or why it is held. `closed` is the account it names.
pub fn judge_close<P: Past>(
    closed: &Account,
    closing: &CloseAccount,
    past: &P,
) -> Result<Result<Cover, Held>, P::Error> {
    if !past.may_close(closed) {
        return Ok(Err(Held::Waits));
    }
    before(closed, closing.n, closing.last.map(|last| last.hash), past)
}

/// What an account has after its transfer `n`, which has this hash.
fn before<P: Past>(
    account: &Account,
    n: u32,
    hash: Option<EntryHash>,
    past: &P,
) -> Result<Result<Cover, Held>, P::Error> {
    let Some(hash) = hash else {
        if n != 0 {
            return Ok(Err(Held::Broken));
        }
        return Ok(Ok(Cover { minutes: past.line(account), heir_of: BTreeSet::new() }));
    };
    Ok(match past.standing(&hash)? {
        None => Err(Held::Waits),
        Some(Standing::Transfer(counted)) if counted.payer == *account && counted.n == n => {
            Ok(counted.cover)
        }
        Some(_) => Err(Held::Broken),
    })
}
