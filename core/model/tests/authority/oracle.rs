//! The rule of `docs/authority.md`, written down as slowly and plainly as it reads:
//! explicit sets of ancestors, every definition a function, nothing kept in order.
//! Shares no code with the engine; only the facts are the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use palier_model::authority::{Body, Fact, Home, Inviters, Role};
use palier_model::journal::{Class, Descriptor, Owner, Root};
use palier_model::keys::{DeviceId, EntryHash, HoodHash, MemberId};

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

/// The answer for a set of facts.
pub fn answer(hood: HoodHash, root: Root, facts: &[&Fact], broken: Broken) -> Answer {
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
    oracle.answer()
}

impl Oracle<'_> {
    fn number(&self, hash: &EntryHash) -> Option<usize> {
        self.facts.iter().position(|fact| fact.hash == *hash)
    }

    fn start(&self, fact: &Fact) -> Option<&palier_model::journal::LogStart> {
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
                if let (Some(closing), false) = (fact.closing(), self.broken == Broken::Closing) {
                    named.extend(closing.tips().iter().map(|tip| (tip.hash, tip.log, tip.seq)));
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

    /// Past, and every entry 0 named by a sound admission (or the founding) in it.
    fn seen(&self, taker: usize) -> Set {
        let mut seen = self.past[taker];
        for x in each(self.past[taker] & self.sound) {
            let (member, identity) = match &self.facts[x].body {
                Body::Found { founder, identity, .. } => (founder, identity),
                Body::Admit { member, identity, .. } => (member, identity),
                _ => continue,
            };
            if let Some(named) = self.number(identity)
                && matches!(self.facts[named].body, Body::Start(_))
                && self.authors[named].is_some_and(|author| author.member == *member)
            {
                seen |= 1 << named;
            }
        }
        seen
    }

    fn is_taker(&self, x: usize) -> bool {
        let taker = matches!(
            self.facts[x].body,
            Body::Remove { .. } | Body::Leave { .. } | Body::Dismiss { .. } | Body::Revoke { .. }
        );
        taker && has(self.sound, x)
    }

    /// Whose standing a taker ends, wholly.
    fn ends_member(&self, taker: usize) -> Option<MemberId> {
        match &self.facts[taker].body {
            Body::Remove { member, .. } => Some(*member),
            Body::Leave { .. } => Some(self.authors[taker]?.member),
            _ => None,
        }
    }

    fn ends_role(&self, taker: usize) -> Option<(MemberId, Role)> {
        match &self.facts[taker].body {
            Body::Dismiss { member, role } => Some((*member, *role)),
            _ => None,
        }
    }

    fn ends_device(&self, taker: usize) -> Option<(MemberId, DeviceId)> {
        match &self.facts[taker].body {
            Body::Revoke { device, .. } => Some((self.authors[taker]?.member, *device)),
            _ => None,
        }
    }

    fn admits(&self, x: usize, member: &MemberId) -> bool {
        match &self.facts[x].body {
            Body::Found { founder, .. } => founder == member,
            Body::Admit { member: admitted, .. } => admitted == member,
            _ => false,
        }
    }

    fn gives(&self, x: usize, member: &MemberId, role: Role) -> bool {
        match &self.facts[x].body {
            Body::Found { founder, .. } => founder == member && role == Role::Coordinator,
            Body::Admit { member: to, roles, .. } => to == member && roles.has(role),
            Body::Appoint { member: to, role: given } => to == member && *given == role,
            _ => false,
        }
    }

    fn voids_author(&self, taker: usize, x: usize) -> bool {
        let Some(author) = self.authors[x] else { return false };
        if taker == x {
            return false;
        }
        let unseen = if self.broken == Broken::StrongRemoval {
            has(self.past[x], taker)
        } else {
            !has(self.seen(taker), x)
        };
        let member = self.ends_member(taker) == Some(author.member);
        let device = self.ends_device(taker) == Some((author.member, author.device));
        unseen && (member || (device && !self.by_phrase(x)))
    }

    fn has_role(
        &self,
        member: &MemberId,
        role: Role,
        x: usize,
        taken: Set,
        memo: &mut HashMap<usize, bool>,
    ) -> bool {
        each(self.past[x] & self.sound).any(|grant| {
            self.gives(grant, member, role)
                && self.is_valid(grant, taken, memo)
                && each(taken).all(|taker| {
                    self.ends_role(taker) != Some((*member, role))
                        || taker == x
                        || has(self.past[grant], taker)
                        || has(self.seen(taker), x)
                })
        })
    }

    fn is_admitted(
        &self,
        member: &MemberId,
        x: usize,
        taken: Set,
        memo: &mut HashMap<usize, bool>,
    ) -> bool {
        each(self.past[x] & self.sound)
            .any(|grant| self.admits(grant, member) && self.is_valid(grant, taken, memo))
    }

    /// Whether an act counts if exactly `taken` of the takers do.
    fn is_valid(&self, x: usize, taken: Set, memo: &mut HashMap<usize, bool>) -> bool {
        if let Some(known) = memo.get(&x) {
            return *known;
        }
        let valid = self.work_out(x, taken, memo);
        memo.insert(x, valid);
        valid
    }

    fn work_out(&self, x: usize, taken: Set, memo: &mut HashMap<usize, bool>) -> bool {
        let Some(author) = self.authors[x] else { return false };
        if matches!(self.facts[x].body, Body::Void(_)) {
            return false;
        }
        let certified = self.by_phrase(x)
            || author.certificate == x
            || self.is_valid(author.certificate, taken, memo);
        if !certified || each(taken).any(|taker| self.voids_author(taker, x)) {
            return false;
        }
        let member = &author.member;
        match &self.facts[x].body {
            Body::Found { founder, identity, .. } => {
                self.facts[x].hash == self.root.act
                    && self.facts[x].log == self.root.log
                    && founder == member
                    && self.facts[author.certificate].hash == *identity
            }
            Body::Admit { roles, .. } => {
                let founded = self.facts.iter().position(|fact| fact.hash == self.root.act);
                let Some(founded) = founded.filter(|founded| has(self.sound, *founded)) else {
                    return false;
                };
                let Body::Found { policy, .. } = &self.facts[founded].body else { return false };
                let redeems = !policy.approval && roles.is_empty();
                self.has_role(member, Role::Coordinator, x, taken, memo)
                    || (redeems
                        && policy.inviters == Inviters::Hubs
                        && self.has_role(member, Role::Hub, x, taken, memo))
                    || (redeems
                        && policy.inviters == Inviters::Members
                        && self.is_admitted(member, x, taken, memo))
            }
            Body::Attest { member: subject, .. } | Body::Appoint { member: subject, .. } => {
                self.has_role(member, Role::Coordinator, x, taken, memo)
                    && self.is_admitted(subject, x, taken, memo)
            }
            Body::Dismiss { member: subject, role } => {
                self.has_role(member, Role::Coordinator, x, taken, memo)
                    && each(self.past[x] & self.sound)
                        .any(|grant| self.gives(grant, subject, *role))
            }
            Body::Remove { member: subject, .. } => {
                self.has_role(member, Role::Coordinator, x, taken, memo)
                    && subject != member
                    && each(self.past[x] & self.sound).any(|grant| self.admits(grant, subject))
            }
            Body::Second { .. } => self.has_role(member, Role::Coordinator, x, taken, memo),
            Body::Leave { .. } => self.is_admitted(member, x, taken, memo),
            _ => true,
        }
    }

    /// Whether a taker, were it counted, touches an act.
    fn hits(&self, taker: usize, x: usize) -> bool {
        let Some((member, role)) = self.ends_role(taker) else {
            return self.voids_author(taker, x);
        };
        let uses = match &self.facts[x].body {
            Body::Admit { .. } => true,
            Body::Attest { .. }
            | Body::Appoint { .. }
            | Body::Dismiss { .. }
            | Body::Remove { .. }
            | Body::Second { .. } => role == Role::Coordinator,
            _ => false,
        };
        uses && taker != x
            && self.authors[x].is_some_and(|author| author.member == member)
            && !has(self.seen(taker), x)
            && each(self.past[x] & self.sound)
                .any(|grant| self.gives(grant, &member, role) && !has(self.past[grant], taker))
    }

    /// An act and all that its right and subject rest on.
    fn rests(&self, x: usize) -> Set {
        let mut all: Set = 1 << x;
        let Some(author) = self.authors[x] else { return all };
        if !self.by_phrase(x) && author.certificate != x {
            all |= self.rests(author.certificate);
        }
        let subject = match &self.facts[x].body {
            Body::Admit { .. }
            | Body::Dismiss { .. }
            | Body::Remove { .. }
            | Body::Second { .. }
            | Body::Leave { .. } => None,
            Body::Attest { member, .. } | Body::Appoint { member, .. } => Some(*member),
            _ => return all,
        };
        for grant in each(self.past[x] & self.sound) {
            let own = self.admits(grant, &author.member)
                || Role::ALL.iter().any(|role| self.gives(grant, &author.member, *role));
            if own || subject.is_some_and(|subject| self.admits(grant, &subject)) {
                all |= self.rests(grant);
            }
        }
        all
    }

    fn touches(&self, taker: usize, x: usize) -> bool {
        each(self.rests(x)).any(|on| self.hits(taker, on))
    }

    /// Place of `x` among `chosen`: again and again, of those whose chosen past stands
    /// already the smallest hash comes next.
    fn place(&self, chosen: &[usize], x: usize) -> usize {
        let mut standing: Vec<usize> = Vec::new();
        while standing.len() < chosen.len() {
            let next = chosen
                .iter()
                .copied()
                .filter(|n| !standing.contains(n))
                .filter(|n| chosen.iter().all(|m| !has(self.past[*n], *m) || standing.contains(m)))
                .min_by_key(|n| self.facts[*n].hash);
            let Some(next) = next else { break };
            standing.push(next);
        }
        standing.iter().position(|n| *n == x).unwrap_or(usize::MAX)
    }

    fn seniority(&self, x: usize) -> (usize, EntryHash) {
        let grants: Vec<usize> = each(self.sound)
            .filter(|n| {
                matches!(
                    &self.facts[*n].body,
                    Body::Found { .. } | Body::Appoint { role: Role::Coordinator, .. }
                ) || matches!(&self.facts[*n].body, Body::Admit { roles, .. }
                    if roles.has(Role::Coordinator))
            })
            .collect();
        let place = self.authors[x].and_then(|author| {
            grants
                .iter()
                .filter(|grant| {
                    has(self.past[x], **grant)
                        && self.gives(**grant, &author.member, Role::Coordinator)
                })
                .map(|grant| self.place(&grants, *grant))
                .min()
        });
        (place.unwrap_or(usize::MAX), self.facts[x].hash)
    }

    fn device_seniority(&self, x: usize) -> (usize, EntryHash) {
        let certificates: Vec<usize> =
            each(self.sound).filter(|n| self.certifies(*n).is_some()).collect();
        let place = self.authors[x].map(|author| self.place(&certificates, author.certificate));
        (place.unwrap_or(usize::MAX), self.facts[x].hash)
    }

    fn seconders(&self, x: usize, other: usize) -> usize {
        if self.broken == Broken::Seconders {
            return 0;
        }
        let common = self.past[x] & self.past[other];
        let mut members = BTreeSet::new();
        for second in each(self.sound) {
            let Body::Second { act } = &self.facts[second].body else { continue };
            let Some(by) = self.authors[second] else { continue };
            let own = self.authors[x].is_some_and(|author| author.member == by.member);
            if *act != self.facts[x].hash || own || !has(self.past[second], x) {
                continue;
            }
            let takers = || each(self.sound).filter(|taker| self.is_taker(*taker));
            let revoked = takers().any(|taker| {
                self.ends_device(taker) == Some((by.member, by.device))
                    && !has(self.seen(taker), second)
            });
            let stands = each(common & self.sound).any(|grant| {
                self.gives(grant, &by.member, Role::Coordinator)
                    && !takers().any(|taker| {
                        let ends = self.ends_member(taker) == Some(by.member)
                            || self.ends_role(taker) == Some((by.member, Role::Coordinator));
                        ends && has(common, taker) && !has(self.past[grant], taker)
                    })
            });
            if stands && !revoked {
                members.insert(by.member);
            }
        }
        members.len()
    }

    fn outranks(&self, x: usize, other: usize) -> bool {
        if has(self.past[x], other) || has(self.past[other], x) {
            return false;
        }
        let charter =
            |n: usize| matches!(self.facts[n].body, Body::Remove { .. } | Body::Dismiss { .. });
        if charter(x) && charter(other) {
            let (mine, theirs) = (self.seconders(x, other), self.seconders(other, x));
            let older = self.seniority(x) < self.seniority(other);
            let older = older != (self.broken == Broken::TieRule);
            return mine > theirs || (mine == theirs && older);
        }
        match (self.ends_device(x), self.ends_device(other)) {
            (Some((a, _)), Some((b, _))) if a == b => {
                self.device_seniority(x) < self.device_seniority(other)
            }
            _ => false,
        }
    }

    /// Whether `taker` can void `x`, so that `x` is decided after it.
    fn is_above(&self, taker: usize, x: usize) -> bool {
        if taker == x || !self.touches(taker, x) {
            return false;
        }
        let contested = self.hits(taker, x) || self.touches(x, taker);
        !(contested && self.outranks(x, taker))
    }

    fn decide(&self) -> Set {
        let takers: Vec<usize> = each(self.sound).filter(|x| self.is_taker(*x)).collect();
        let above: HashMap<usize, Vec<usize>> = takers
            .iter()
            .map(|x| (*x, takers.iter().copied().filter(|t| self.is_above(*t, *x)).collect()))
            .collect();
        // Whoever is above someone above is above: two above each other form a circle.
        let mut reach: HashMap<usize, BTreeSet<usize>> =
            above.iter().map(|(x, all)| (*x, all.iter().copied().collect())).collect();
        loop {
            let before = reach.clone();
            for all in reach.values_mut() {
                for t in all.clone() {
                    all.extend(&before[&t]);
                }
            }
            if reach == before {
                break;
            }
        }
        let circle = |x: usize, t: usize| reach[&x].contains(&t) && reach[&t].contains(&x);
        let key = |x: usize| (!self.by_phrase(x), self.seniority(x));
        // Within a circle only the earlier in the fixed order can void the later.
        let voiders = |x: usize| -> Vec<usize> {
            let all = above[&x].iter().copied();
            let first = |t: usize| (key(t) < key(x)) != (self.broken == Broken::Circle);
            all.filter(|t| !circle(x, *t) || first(*t)).collect()
        };
        let mut decided: BTreeMap<usize, bool> = BTreeMap::new();
        while decided.len() < takers.len() {
            let mut moved = false;
            for x in &takers {
                if decided.contains_key(x) {
                    continue;
                }
                let voiders = voiders(*x);
                if !voiders.iter().all(|t| decided.contains_key(t)) {
                    continue;
                }
                let taken =
                    voiders.iter().filter(|t| decided[*t]).fold(0, |set: Set, t| set | 1 << t);
                decided.insert(*x, self.is_valid(*x, taken, &mut HashMap::new()));
                moved = true;
            }
            assert!(moved, "the rule gives no answer");
        }
        decided.iter().filter(|(_, counts)| **counts).fold(0, |set, (x, _)| set | 1 << x)
    }

    fn answer(&self) -> Answer {
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
        let hashes = |set: Set| each(set).map(|x| self.facts[x].hash).collect();
        Answer {
            counts: hashes(counts),
            settled: self.facts.iter().map(|fact| fact.hash).collect(),
            members,
            active_devices,
        }
    }
}
