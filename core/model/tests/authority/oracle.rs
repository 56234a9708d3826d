//! The rule of `docs/authority.md`, written down as slowly and plainly as it reads:
//! explicit sets of ancestors, every definition a function, nothing kept in order.
//! Shares no code with the engine; only the facts are the same, and the shapes of what
//! they say.

mod groups;
mod reach;
mod takers;
mod validity;

use std::collections::{BTreeMap, BTreeSet, HashMap};

pub use groups::GroupAnswer;
use palier_model::authority::{Body, ClosedTip, Fact, Home, Role};
use palier_model::journal::{Class, Descriptor, LogStart, Owner, Root};
use palier_model::keys::{DeviceId, EntryHash, GroupId, HoodHash, LogId, MemberId};

/// A set of acts, by number.
pub type Set = u128;

/// Most acts it takes.
pub const MOST: usize = 128;

fn has(set: Set, n: usize) -> bool {
    set >> n & 1 == 1
}

fn each(set: Set) -> impl Iterator<Item = usize> {
    (0..MOST).filter(move |n| has(set, *n))
}

/// Rules that can be broken on purpose, to see that the tests notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    Nothing,
    /// Acts concurrent with a removal count.
    StrongRemoval,
    /// The junior outranks the senior, the larger hash the smaller.
    TieRule,
    /// What a closing names is not seen.
    Closing,
    /// Co-signers do not matter.
    Seconders,
    /// In a circle the junior goes first.
    Circle,
    /// Anybody removes anybody.
    Entitled,
    /// A removal removes nobody.
    Forgotten,
    /// A closing is taken to reach one entry further.
    Reach,
    /// Anybody makes anybody a manager.
    AnyManager,
    /// Any manager puts off any other.
    AnyRemoves,
    /// Whoever was put off goes on managing.
    StaysManager,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberAnswer {
    pub status: &'static str,
    pub roles: Vec<Role>,
    pub home: Home,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub counts: BTreeSet<EntryHash>,
    pub settled: BTreeSet<EntryHash>,
    pub members: BTreeMap<MemberId, MemberAnswer>,
    pub active_devices: BTreeSet<(MemberId, DeviceId)>,
    pub groups: BTreeMap<GroupId, GroupAnswer>,
    /// How far logs of promises count that were closed: log, seq, entry.
    pub reach: BTreeMap<LogId, (u64, EntryHash)>,
}

#[derive(Clone, Copy, PartialEq)]
struct Author {
    member: MemberId,
    device: DeviceId,
    certificate: usize,
}

pub struct Oracle<'a> {
    hood: HoodHash,
    root: Root,
    facts: Vec<&'a Fact>,
    past: Vec<Set>,
    authors: Vec<Option<Author>>,
    /// Acts that would count if nothing were ever taken away.
    sound: Set,
    broken: Broken,
}

/// What a closing names, where an act carries one.
fn closing_tips(fact: &Fact) -> &[ClosedTip] {
    match &fact.body {
        Body::Remove { closing, .. }
        | Body::Leave { closing }
        | Body::RemoveManager { closing, .. }
        | Body::Revoke { closing, .. } => closing.tips(),
        _ => &[],
    }
}

/// The answer for a set of facts, and for logs of other classes by their entry 0.
pub fn answer(
    hood: HoodHash,
    root: Root,
    facts: &[&Fact],
    logs: &[(LogId, LogStart)],
    broken: Broken,
) -> Answer {
    let mut oracle = Oracle {
        hood,
        root,
        facts: facts.to_vec(),
        past: Vec::new(),
        authors: Vec::new(),
        sound: 0,
        broken,
    };
    oracle.keep_what_does_not_wait();
    oracle.find_pasts();
    oracle.authors = (0..oracle.facts.len()).map(|x| oracle.author(x)).collect();
    // In the order of the sizes of pasts, so that what an act rests on is known.
    let mut by_past: Vec<usize> = (0..oracle.facts.len()).collect();
    by_past.sort_by_key(|x| oracle.past[*x].count_ones());
    for x in by_past {
        if oracle.is_valid(x, 0, &mut HashMap::new()) {
            oracle.sound |= 1 << x;
        }
    }
    oracle.answer(logs)
}

impl Oracle<'_> {
    fn number(&self, hash: &EntryHash) -> Option<usize> {
        self.facts.iter().position(|fact| fact.hash == *hash)
    }

    fn start(&self, fact: &Fact) -> Option<&LogStart> {
        let start = self.facts.iter().find(|start| start.hash.0 == fact.log.0)?;
        match &start.body {
            Body::Start(start) => Some(start),
            _ => None,
        }
    }

    fn class(&self, x: usize) -> Option<Class> {
        Some(self.start(self.facts[x])?.descriptor.class)
    }

    /// What an act waits for: the entry before, causes, the act that gives the right to
    /// the log, and references into the charter or its own document.
    fn waits_for(&self, fact: &Fact) -> Vec<EntryHash> {
        let mut needs = fact.causes.clone();
        if let Body::Start(start) = &fact.body {
            if start.act != EntryHash::ZERO {
                needs.push(start.act);
            }
        } else {
            needs.push(fact.previous);
        }
        let charter = Descriptor::charter(self.hood).id();
        let own = self.start(fact).map(|start| start.descriptor.id());
        for at in &fact.refs {
            if at.document == charter || Some(at.document) == own {
                needs.push(at.hash);
            }
        }
        needs
    }

    fn keep_what_does_not_wait(&mut self) {
        let mut kept: BTreeSet<EntryHash> = BTreeSet::new();
        loop {
            let more: Vec<EntryHash> = self
                .facts
                .iter()
                .filter(|fact| !kept.contains(&fact.hash))
                .filter(|fact| self.waits_for(fact).iter().all(|need| kept.contains(need)))
                .map(|fact| fact.hash)
                .collect();
            if more.is_empty() {
                break;
            }
            kept.extend(more);
        }
        self.facts.retain(|fact| kept.contains(&fact.hash));
    }

    fn find_pasts(&mut self) {
        let direct: Vec<Set> = self
            .facts
            .iter()
            .map(|fact| {
                let mut seen: Set = 0;
                for need in self.waits_for(fact) {
                    seen |= self.number(&need).map_or(0, |n| 1 << n);
                }
                let mut named: Vec<_> =
                    fact.refs.iter().map(|at| (at.hash, at.log, at.seq)).collect();
                if let Body::Start(start) = &fact.body {
                    named.extend(start.continues.iter().map(|at| (at.hash, at.log, at.seq)));
                }
                if self.broken != Broken::Closing {
                    let tips = closing_tips(fact);
                    named.extend(tips.iter().map(|tip| (tip.hash, tip.log, tip.seq)));
                }
                for (hash, log, seq) in named {
                    if let Some(n) = self.number(&hash)
                        && self.facts[n].log == log
                        && self.facts[n].seq == seq
                    {
                        seen |= 1 << n;
                    }
                }
                seen
            })
            .collect();
        self.past = direct.clone();
        loop {
            let before = self.past.clone();
            for (past, direct) in self.past.iter_mut().zip(&direct) {
                *past = each(*direct).fold(*direct, |all, n| all | before[n]);
            }
            if self.past == before {
                break;
            }
        }
    }

    /// What a certificate certifies.
    fn certifies(&self, x: usize) -> Option<(MemberId, DeviceId)> {
        if self.class(x)? != Class::Identity {
            return None;
        }
        let author = self.author(x)?;
        match &self.facts[x].body {
            Body::Start(start) if start.certificate.is_some() => {
                Some((author.member, start.device))
            }
            Body::Certify { device, .. } => Some((author.member, *device)),
            _ => None,
        }
    }

    fn author(&self, x: usize) -> Option<Author> {
        let start = self.start(self.facts[x])?;
        if start.descriptor.hood != self.hood {
            return None;
        }
        let own_start = self.number(&EntryHash(self.facts[x].log.0))?;
        match (start.descriptor.class, start.descriptor.owner, &start.certificate) {
            (Class::Identity, Owner::Member(member), Some(certificate)) => (certificate.member
                == member)
                .then_some(Author { member, device: start.device, certificate: own_start }),
            (Class::Identity, Owner::Member(owner), None) => {
                let certificate = self.number(&start.act)?;
                let (member, device) = self.certifies(certificate)?;
                let good = matches!(self.facts[certificate].body, Body::Certify { .. })
                    && member == owner
                    && device == start.device;
                good.then_some(Author { member, device, certificate })
            }
            (Class::Charter, Owner::Hood, _) => {
                let certificate = self.number(&start.act)?;
                let (member, device) = self.certifies(certificate)?;
                (device == start.device).then_some(Author { member, device, certificate })
            }
            _ => None,
        }
    }

    fn by_phrase(&self, x: usize) -> bool {
        match &self.facts[x].body {
            Body::Start(start) => start.certificate.is_some(),
            Body::Certify { phrase, .. } | Body::Revoke { phrase, .. } => *phrase,
            _ => false,
        }
    }

    fn answer(&self, logs: &[(LogId, LogStart)]) -> Answer {
        let taken = self.decide();
        let mut memo = HashMap::new();
        let counts: Set = (0..self.facts.len())
            .filter(|x| {
                if self.is_taker(*x) { has(taken, *x) } else { self.is_valid(*x, taken, &mut memo) }
            })
            .fold(0, |set, x| set | 1 << x);
        let everyone: BTreeSet<MemberId> = each(counts)
            .filter_map(|x| match &self.facts[x].body {
                Body::Found { founder, .. } => Some(*founder),
                Body::Admit { member, .. } => Some(*member),
                _ => None,
            })
            .collect();
        let all: Vec<usize> = (0..self.facts.len()).collect();
        let members: BTreeMap<MemberId, MemberAnswer> = everyone
            .into_iter()
            .map(|member| {
                let ended = |removed: bool| {
                    each(taken).any(|taker| {
                        self.ends_member(taker) == Some(member)
                            && matches!(self.facts[taker].body, Body::Remove { .. }) == removed
                    })
                };
                let status = if ended(true) {
                    "removed"
                } else if ended(false) {
                    "left"
                } else {
                    "active"
                };
                let holds = |role: &Role| {
                    status == "active"
                        && each(counts).any(|grant| {
                            self.gives(grant, &member, *role)
                                && each(taken).all(|taker| {
                                    self.ends_role(taker) != Some((member, *role))
                                        || has(self.past[grant], taker)
                                })
                        })
                };
                let roles = Role::ALL.into_iter().filter(holds).collect();
                let home = each(counts)
                    .filter_map(|x| match &self.facts[x].body {
                        Body::Admit { member: of, home, .. }
                        | Body::Attest { member: of, home } => {
                            (*of == member).then(|| (self.place(&all, x), *home))
                        }
                        _ => None,
                    })
                    .max_by_key(|(place, _)| *place)
                    .map_or(Home::default(), |(_, home)| home);
                (member, MemberAnswer { status, roles, home })
            })
            .collect();
        let active_devices = each(counts)
            .filter_map(|x| self.certifies(x))
            .filter(|(member, device)| {
                members.get(member).is_some_and(|member| member.status == "active")
                    && !each(taken).any(|taker| self.ends_device(taker) == Some((*member, *device)))
            })
            .collect();
        let is_active =
            |member: &MemberId| members.get(member).is_some_and(|member| member.status == "active");
        let groups = self.groups(counts, taken, &is_active);
        let is_member = |member: &MemberId| members.contains_key(member);
        let closed = |(log, start): &(LogId, LogStart)| {
            Some((*log, self.reach(log, start, logs, taken, counts, &is_member)?))
        };
        let reach = logs.iter().filter_map(closed).collect();
        let hashes = |set: Set| each(set).map(|x| self.facts[x].hash).collect();
        Answer {
            counts: hashes(counts),
            settled: self.facts.iter().map(|fact| fact.hash).collect(),
            members,
            active_devices,
            groups,
            reach,
        }
    }
}
