//! Random histories: members with two devices, each with a copy of its own that the others
//! reach in part and in any order.

use std::collections::{BTreeMap, BTreeSet};

use palier_model::journal::{Owner, Ref};
use palier_model::keys::{DeviceId, DocId, EntryHash, GroupId, LogId, MemberId};
use palier_model::ledger::{
    self, Account, CloseAccount, DraftError, LedgerFacts, Transfer, file_close, file_transfer,
    recount_lines,
};
use palier_model::rows::{Key as _, MemoryRows, Table, Tx};
use palier_model::time::Instant;

use super::oracle::Fact;

pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xd134_2543_de82_ef95) ^ 0x0bad_cafe)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % (n as u64)) as usize
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

#[derive(Clone)]
pub(crate) struct Lines(pub(crate) BTreeMap<Account, u64>);

impl LedgerFacts for Lines {
    fn may_close(&self, _: &Account) -> bool {
        true
    }

    fn line(&self, account: &Account) -> u64 {
        self.0.get(account).copied().unwrap_or(0)
    }
}

#[derive(Clone)]
pub(crate) enum Record {
    Transfer(Transfer),
    Close(CloseAccount),
}

#[derive(Clone)]
pub(crate) struct Item {
    pub(crate) at: Ref,
    pub(crate) by: Account,
    pub(crate) record: Record,
}

impl Item {
    pub(crate) fn fact(&self) -> Fact {
        let hash = |at: &Ref| at.hash;
        match &self.record {
            Record::Transfer(it) => Fact::Transfer {
                payer: self.by,
                n: it.n,
                prev: it.prev.as_ref().map(hash),
                payee: it.payee,
                minutes: i128::from(it.minutes),
                relies: it.relies.iter().map(hash).collect(),
            },
            Record::Close(it) => Fact::Closing {
                closed: Account { owner: self.by.owner, device: it.device },
                n: it.n,
                last: it.last.as_ref().map(hash),
                heir: Account { owner: self.by.owner, device: it.heir },
            },
        }
    }
}

/// A copy of the ledgers as one device has them.
#[derive(Clone)]
pub(crate) struct Copy {
    pub(crate) rows: MemoryRows,
    pub(crate) lines: Lines,
    pub(crate) has: BTreeSet<EntryHash>,
}

impl Copy {
    pub(crate) fn new(lines: &Lines) -> Self {
        Self { rows: MemoryRows::default(), lines: lines.clone(), has: BTreeSet::new() }
    }

    pub(crate) fn take(&mut self, item: &Item) {
        if !self.has.insert(item.at.hash) {
            return;
        }
        let mut tx = Tx::new(&self.rows);
        let filed = match &item.record {
            Record::Transfer(it) => {
                file_transfer(&mut tx, &self.lines, item.at, &item.by, it.clone())
            }
            Record::Close(it) => file_close(&mut tx, &self.lines, item.at, &item.by, it.clone()),
        };
        filed.unwrap();
        let writes = tx.into_writes();
        self.rows.commit(writes);
    }

    pub(crate) fn set_lines(&mut self, lines: &Lines) {
        self.lines = lines.clone();
        let mut tx = Tx::new(&self.rows);
        recount_lines(&mut tx, &self.lines).unwrap();
        let writes = tx.into_writes();
        self.rows.commit(writes);
    }

    /// Every row about credits.
    pub(crate) fn dump(&self) -> Vec<(Table, Vec<u8>, Vec<u8>)> {
        let mut all = Vec::new();
        for table in Table::ALL.iter().copied() {
            all.extend(self.rows.table(table).map(|(key, row)| (table, key.clone(), row.clone())));
        }
        all
    }
}

/// What happened that lets a limit be broken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hazards {
    /// Something was written that no honest device writes, or a device was an old copy.
    pub(crate) dishonest: bool,
    /// An account was closed.
    pub(crate) closing: bool,
}

pub(crate) struct History {
    pub(crate) accounts: Vec<Account>,
    /// Lines as they are at the end.
    pub(crate) lines: Lines,
    /// Lines as they were known first.
    pub(crate) first_lines: Lines,
    pub(crate) items: Vec<Item>,
    /// Transfers drafted by honest devices.
    pub(crate) honest: BTreeSet<EntryHash>,
    pub(crate) hazards: BTreeMap<Owner, Hazards>,
}

pub(crate) fn history(seed: u64) -> History {
    let mut dice = Dice::new(seed);
    let members = 2 + dice.below(3);
    let mut accounts = Vec::new();
    let mut first = BTreeMap::new();
    for member in 0..members {
        for device in 0..2 {
            let id = [member as u8 + 1; 32];
            // Every third history has a group among its owners: two managers' devices, and
            // no line to begin with.
            let is_group = seed % 3 == 2 && member == 0;
            let owner =
                if is_group { Owner::Group(GroupId(id)) } else { Owner::Member(MemberId(id)) };
            let account =
                Account { owner, device: DeviceId([(member * 2 + device) as u8 + 101; 32]) };
            if device == 0 && !is_group {
                first.insert(account, 60 * dice.below(4) as u64);
            }
            accounts.push(account);
        }
    }
    let first_lines = Lines(first);
    let mut lines = first_lines.clone();
    if dice.chance(20) {
        let of = accounts[dice.below(accounts.len())];
        *lines.0.entry(of).or_default() += 60;
    }
    let mut copies: Vec<Copy> = accounts.iter().map(|_| Copy::new(&first_lines)).collect();
    let mut all = History {
        lines,
        first_lines,
        items: Vec::new(),
        honest: BTreeSet::new(),
        hazards: BTreeMap::new(),
        accounts,
    };
    // Half of all histories hold nothing but honest devices that lose nothing.
    let wild = if dice.chance(50) { 0 } else { 1 + dice.below(30) };
    let steps = 12 + dice.below(60);
    for step in 0..steps {
        let at = dice.below(all.accounts.len());
        match dice.below(10) {
            0..=4 => write(&mut dice, &mut all, &mut copies, at, step, wild),
            5 if wild > 0 => close(&mut dice, &mut all, &mut copies, at, step),
            _ => merge(&mut dice, &all, &mut copies, at),
        }
    }
    all
}

/// One copy gets a part of what another has, in any order.
fn merge(dice: &mut Dice, all: &History, copies: &mut [Copy], to: usize) {
    let from = dice.below(copies.len());
    let mut items: Vec<&Item> =
        all.items.iter().filter(|item| copies[from].has.contains(&item.at.hash)).collect();
    dice.shuffle(&mut items);
    if dice.chance(50) && !items.is_empty() {
        items.truncate(1 + dice.below(items.len()));
    }
    for item in items {
        copies[to].take(item);
    }
}

fn place(all: &History, by: &Account) -> Ref {
    let seq = all.items.len() as u64 + 1;
    let hash = blake3::hash(&[&seq.to_le_bytes()[..], &by.device.0].concat());
    Ref {
        document: DocId(*blake3::hash(&by.owner.to_key()).as_bytes()),
        log: LogId([by.device.0[0]; 32]),
        seq,
        hash: EntryHash(*hash.as_bytes()),
    }
}

fn write(
    dice: &mut Dice,
    all: &mut History,
    copies: &mut [Copy],
    at: usize,
    step: usize,
    wild: usize,
) {
    let payer = all.accounts[at];
    let payee = all.accounts[dice.below(all.accounts.len())];
    if payee == payer {
        return;
    }
    let minutes = 1 + dice.below(90) as u32;
    let now = Instant(1_000 + step as i64);
    let is_wild = dice.chance(wild);
    let hash = place(all, &payer);
    let transfer = if is_wild {
        all.hazards.entry(payer.owner).or_default().dishonest = true;
        wild_transfer(dice, all, &payer, (payee, minutes), now)
    } else {
        let tx = Tx::new(&copies[at].rows);
        match ledger::transfer(&tx, &copies[at].lines, &payer, (payee, minutes), None, now) {
            Ok(transfer) => {
                all.honest.insert(hash.hash);
                transfer
            }
            Err(DraftError::Short { available }) => {
                assert!(available < u64::from(minutes));
                return;
            }
            Err(DraftError::Held) => return,
            Err(error) => panic!("{error}"),
        }
    };
    push(all, copies, at, Item { at: hash, by: payer, record: Record::Transfer(transfer) });
}

fn push(all: &mut History, copies: &mut [Copy], at: usize, item: Item) {
    copies[at].take(&item);
    all.items.push(item);
}

/// Some entry that was written, seen by the writer or not.
fn any(dice: &mut Dice, all: &History) -> Option<Ref> {
    (!all.items.is_empty()).then(|| all.items[dice.below(all.items.len())].at)
}

fn wild_transfer(
    dice: &mut Dice,
    all: &History,
    payer: &Account,
    (payee, minutes): (Account, u32),
    at: Instant,
) -> Transfer {
    let own: Vec<(Ref, u32)> = all
        .items
        .iter()
        .filter(|item| item.by == *payer)
        .filter_map(|item| match &item.record {
            Record::Transfer(it) => Some((item.at, it.n)),
            Record::Close(_) => None,
        })
        .collect();
    // An old copy goes on from where it was: two transfers with one n.
    let (mut prev, mut n) = match own.is_empty() || dice.chance(15) {
        true => (None, 1),
        false => {
            let (prev, n) = own[dice.below(own.len())];
            (Some(prev), n + 1)
        }
    };
    if dice.chance(8) {
        n = 1 + dice.below(4) as u32;
    }
    if dice.chance(8) {
        prev = any(dice, all);
    }
    if n == 1 {
        prev = None;
    }
    let mut relies = BTreeMap::new();
    let to_me: Vec<Ref> = all
        .items
        .iter()
        .filter(|item| match &item.record {
            Record::Transfer(it) => it.payee == *payer,
            Record::Close(it) => item.by.owner == payer.owner && it.heir == payer.device,
        })
        .map(|item| item.at)
        .collect();
    for _ in 0..dice.below(4) {
        let one = match to_me.is_empty() || dice.chance(10) {
            true => any(dice, all),
            false => Some(to_me[dice.below(to_me.len())]),
        };
        relies.extend(one.map(|one| (one.hash, one)));
    }
    let mut relies: Vec<Ref> = relies.into_values().collect();
    relies.sort_unstable();
    Transfer { at, n, prev: prev.filter(|_| n > 1), payee, minutes, relies, deal: None }
}

fn close(dice: &mut Dice, all: &mut History, copies: &mut [Copy], at: usize, step: usize) {
    let by = all.accounts[at];
    // Its own, or the other of the same member.
    let other = all.accounts[at ^ 1];
    let (closed, heir) = if dice.chance(85) { (other, by) } else { (by, other) };
    let now = Instant(1_000 + step as i64);
    let hash = place(all, &by);
    let mut record = {
        let tx = Tx::new(&copies[at].rows);
        let drafted = ledger::close(&tx, &copies[at].lines, &closed, heir.device, now).unwrap();
        drafted.unwrap_or(CloseAccount {
            at: now,
            device: closed.device,
            n: 0,
            last: None,
            heir: heir.device,
        })
    };
    if dice.chance(15) && record.n > 0 {
        record.n -= 1;
        record.last = record.last.filter(|_| record.n > 0);
    }
    all.hazards.entry(by.owner).or_default().closing = true;
    push(all, copies, at, Item { at: hash, by, record: Record::Close(record) });
}
