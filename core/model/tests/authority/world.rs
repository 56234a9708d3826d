//! Neighbourhoods drawn at random: people who have seen different things, act at once,
//! fork their logs, remove each other, come back with old dates.

use std::collections::HashMap;
use std::sync::Arc;

use palier_model::authority::{
    Authority, Body, Caps, ClosedTip, Closing, Fact, Home, Inviters, Policy, Role, Roles,
};
use palier_model::journal::{
    Class, Descriptor, LogStart, Owner, PhraseCertificate, Ref, Root, Signature,
};
use palier_model::keys::{DeviceId, EntryHash, HoodHash, LogId, MemberId};
use palier_model::time::Instant;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

pub const HOOD: HoodHash = HoodHash([0xaa; 32]);

pub fn member(n: u8) -> MemberId {
    MemberId([n; 32])
}

pub fn device(member: u8, n: u8) -> DeviceId {
    let mut id = [member; 32];
    id[0] = n;
    DeviceId(id)
}

/// A world being drawn.
pub struct World {
    pub rng: ChaCha8Rng,
    pub facts: Vec<Arc<Fact>>,
    pub root: Root,
    by_hash: HashMap<EntryHash, usize>,
    /// Charter and identity log of each device, once opened.
    logs: HashMap<(DeviceId, Class), LogId>,
    pub documents: HashMap<LogId, Descriptor>,
    devices: HashMap<DeviceId, EntryHash>,
    /// Logs of promises, by their entry 0.
    pub promises: Vec<(LogId, LogStart)>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            facts: Vec::new(),
            root: Root { log: LogId::ZERO, act: EntryHash::ZERO },
            by_hash: HashMap::new(),
            logs: HashMap::new(),
            documents: HashMap::new(),
            devices: HashMap::new(),
            promises: Vec::new(),
        }
    }

    /// Opens a log of promises for a device, now and then after an earlier one.
    fn promise(&mut self, m: u8, d: u8) {
        let Some(act) = self.devices.get(&device(m, d)).copied() else { return };
        let own: Vec<LogId> = self
            .promises
            .iter()
            .filter(|(_, start)| start.device == device(m, d))
            .map(|(log, _)| *log)
            .collect();
        let before = if self.chance(60) { own.last().copied() } else { None };
        let descriptor = Descriptor::open(HOOD, Owner::Member(member(m)), Instant(0));
        let continues = before.map(|log| {
            let seq = self.below(6) as u64;
            Ref { document: descriptor.id(), log, seq, hash: promised(&log, seq) }
        });
        let (device, certificate) = (device(m, d), None);
        let start = LogStart { descriptor, device, incarnation: 0, act, continues, certificate };
        let log = LogId(self.hash().0);
        self.promises.push((log, start));
    }

    /// Opens a log of promises of some group for some device, by some appointment.
    fn promise_for_group(&mut self, people: u8) {
        let made =
            |fact: &&Arc<Fact>| matches!(fact.body, Body::FoundGroup | Body::AddManager { .. });
        let acts: Vec<EntryHash> = self.facts.iter().filter(made).map(|fact| fact.hash).collect();
        let Some(act) = self.pick(&acts) else { return };
        let (group, to) = match &self.get(&act).body {
            Body::AddManager { group, member } => (*group, member.0[0]),
            _ => (act.into(), 1 + self.below(people as usize) as u8),
        };
        let group = if self.chance(5) { self.hash().into() } else { group };
        let m = if self.chance(85) { to } else { 1 + self.below(people as usize) as u8 };
        let d = if self.chance(75) { 1 } else { 2 };
        let own: Vec<LogId> = self
            .promises
            .iter()
            .filter(|(_, start)| start.descriptor.owner == Owner::Group(group))
            .map(|(log, _)| *log)
            .collect();
        let before = if self.chance(40) { own.last().copied() } else { None };
        let descriptor = Descriptor::open(HOOD, Owner::Group(group), Instant(0));
        let continues = before.map(|log| {
            let seq = self.below(6) as u64;
            Ref { document: descriptor.id(), log, seq, hash: promised(&log, seq) }
        });
        let (device, certificate) = (device(m, d), None);
        let start = LogStart { descriptor, device, incarnation: 0, act, continues, certificate };
        let log = LogId(self.hash().0);
        self.promises.push((log, start));
    }

    /// Entry 0 of each log of promises, as a fact.
    pub fn promise_facts(&self) -> Vec<Arc<Fact>> {
        let fact = |(log, start): &(LogId, LogStart)| {
            Arc::new(Fact {
                hash: EntryHash(log.0),
                log: *log,
                seq: 0,
                previous: EntryHash::ZERO,
                causes: Vec::new(),
                refs: Vec::new(),
                at: Instant(0),
                body: Body::Start(Box::new(start.clone())),
            })
        };
        self.promises.iter().map(fact).collect()
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.rng.next_u64() % n.max(1) as u64) as usize
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn hash(&mut self) -> EntryHash {
        let mut hash = [0; 32];
        self.rng.fill_bytes(&mut hash);
        EntryHash(hash)
    }

    fn put(&mut self, fact: Fact) -> EntryHash {
        let hash = fact.hash;
        self.by_hash.insert(hash, self.facts.len());
        self.facts.push(Arc::new(fact));
        hash
    }

    pub fn get(&self, hash: &EntryHash) -> &Fact {
        &self.facts[self.by_hash[hash]]
    }

    fn open(&mut self, start: LogStart) -> LogId {
        let hash = self.hash();
        let log = LogId(hash.0);
        self.documents.insert(log, start.descriptor);
        self.logs.insert((start.device, start.descriptor.class), log);
        self.put(Fact {
            hash,
            log,
            seq: 0,
            previous: EntryHash::ZERO,
            causes: Vec::new(),
            refs: Vec::new(),
            at: Instant(0),
            body: Body::Start(Box::new(start)),
        });
        log
    }

    /// A device certified by the phrase, with its identity log.
    pub fn phrase_device(&mut self, m: u8, d: u8) -> EntryHash {
        let certificate = PhraseCertificate {
            member: member(m),
            agreement: [d; 32],
            recovery: [0; 32],
            signature: Signature([0; 64]),
        };
        let log = self.open(LogStart {
            descriptor: Descriptor::identity(HOOD, member(m)),
            device: device(m, d),
            incarnation: 0,
            act: EntryHash::ZERO,
            continues: None,
            certificate: Some(certificate),
        });
        self.devices.insert(device(m, d), EntryHash(log.0));
        EntryHash(log.0)
    }

    /// The log of a device, opened if need be; `None` for a device nobody certified.
    pub fn log_of(&mut self, m: u8, d: u8, class: Class) -> Option<LogId> {
        if let Some(log) = self.logs.get(&(device(m, d), class)) {
            return Some(*log);
        }
        let act = *self.devices.get(&device(m, d))?;
        let descriptor = match class {
            Class::Charter => Descriptor::charter(HOOD),
            _ => Descriptor::identity(HOOD, member(m)),
        };
        Some(self.open(LogStart {
            descriptor,
            device: device(m, d),
            incarnation: 0,
            act,
            continues: None,
            certificate: None,
        }))
    }

    pub fn entries_of(&self, log: LogId) -> Vec<EntryHash> {
        self.facts.iter().filter(|fact| fact.log == log).map(|fact| fact.hash).collect()
    }

    /// Heads of a class: entries no other entry of that class names.
    pub fn heads(&self, class: Class) -> Vec<EntryHash> {
        let of_class = |fact: &&Arc<Fact>| self.documents[&fact.log].class == class;
        let mut heads: Vec<EntryHash> = self
            .facts
            .iter()
            .filter(of_class)
            .filter(|fact| fact.seq > 0)
            .map(|fact| fact.hash)
            .collect();
        for fact in self.facts.iter().filter(of_class) {
            heads.retain(|head| *head != fact.previous && !fact.causes.contains(head));
        }
        heads
    }

    /// Writes an act after `previous` with these causes.
    pub fn write_after(
        &mut self,
        previous: EntryHash,
        mut causes: Vec<EntryHash>,
        refs: Vec<Ref>,
        body: Body,
    ) -> EntryHash {
        let (log, seq) = (self.get(&previous).log, self.get(&previous).seq + 1);
        causes.retain(|cause| *cause != previous);
        causes.sort_unstable();
        causes.dedup();
        let hash = self.hash();
        let at = Instant(self.below(1_000) as i64);
        if let Body::Certify { device, .. } = &body {
            self.devices.entry(*device).or_insert(hash);
        }
        self.put(Fact { hash, log, seq, previous, causes, refs, at, body })
    }

    /// Writes an act at the end of a device's log, having seen these.
    pub fn write(&mut self, m: u8, d: u8, causes: Vec<EntryHash>, body: Body) -> EntryHash {
        let class = class_of(&body);
        let Some(log) = self.log_of(m, d, class) else { panic!("no such device") };
        let tip = self.entries_of(log).last().copied().unwrap_or(EntryHash::ZERO);
        self.write_after(tip, causes, Vec::new(), body)
    }

    /// Writes an act having seen all of its class.
    pub fn write_seeing_all(&mut self, m: u8, d: u8, body: Body) -> EntryHash {
        let heads = self.heads(class_of(&body));
        self.write(m, d, heads, body)
    }

    /// The founding by member 1 with device 1.
    pub fn found(&mut self, policy: Policy) -> EntryHash {
        let identity = self.phrase_device(1, 1);
        let log = self.log_of(1, 1, Class::Charter).unwrap();
        let act = self.write(
            1,
            1,
            Vec::new(),
            Body::Found { founder: member(1), identity, caps: Caps::default(), policy },
        );
        self.root = Root { log, act };
        act
    }

    pub fn admit(&self, m: u8, roles: Roles) -> Body {
        let identity = self.devices.get(&device(m, 1)).copied().unwrap_or(EntryHash::ZERO);
        Body::Admit { member: member(m), identity, home: Home::default(), roles }
    }

    pub fn authority(&self) -> Authority {
        Authority::compute(HOOD, self.root, self.facts.iter().cloned())
    }

    /// One of many: a phone, an admission and an attested home by the founder after
    /// `last`, a key epoch; every tenth a coordinator, every fiftieth removed again.
    pub fn crowd_member(&mut self, n: u32, last: &mut Vec<EntryHash>) {
        let mut id = [0xcc; 32];
        id[..4].copy_from_slice(&n.to_be_bytes());
        let (member, device) = (MemberId(id), DeviceId(id));
        let certificate = PhraseCertificate {
            member,
            agreement: id,
            recovery: [0; 32],
            signature: Signature([0; 64]),
        };
        let log = self.open(LogStart {
            descriptor: Descriptor::identity(HOOD, member),
            device,
            incarnation: 0,
            act: EntryHash::ZERO,
            continues: None,
            certificate: Some(certificate),
        });
        let identity = EntryHash(log.0);
        self.write_after(identity, Vec::new(), Vec::new(), Body::Other);
        let mut act = |world: &mut Self, body| {
            let at = last.pop().unwrap_or(EntryHash::ZERO);
            let at = world.write_after(at, Vec::new(), Vec::new(), body);
            last.push(at);
        };
        let home = Home { building: n % 40, landlord: 1 };
        act(self, Body::Admit { member, identity, home, roles: Roles::NONE });
        act(self, Body::Attest { member, home });
        if n.is_multiple_of(10) {
            act(self, Body::Appoint { member, role: Role::Coordinator });
        }
        if n.is_multiple_of(50) {
            act(self, Body::Remove { member, closing: Closing::new([self.tip(&identity)]) });
        }
    }

    pub fn tip(&self, of: &EntryHash) -> ClosedTip {
        let fact = self.get(of);
        let Body::Start(start) = &self.get(&EntryHash(fact.log.0)).body else { panic!() };
        ClosedTip {
            device: start.device,
            class: start.descriptor.class,
            owner: start.descriptor.owner,
            incarnation: 0,
            log: fact.log,
            seq: fact.seq,
            hash: fact.hash,
        }
    }

    fn refer(&self, to: &EntryHash) -> Ref {
        let fact = self.get(to);
        let document = self.documents[&fact.log].id();
        Ref { document, log: fact.log, seq: fact.seq, hash: fact.hash }
    }

    fn pick(&mut self, from: &[EntryHash]) -> Option<EntryHash> {
        // Later ones rather than earlier: of two draws the later.
        let a = self.below(from.len());
        let b = self.below(from.len());
        from.get(a.max(b)).copied()
    }
}

/// The hash of an entry of a log of promises.
fn promised(log: &LogId, seq: u64) -> EntryHash {
    let mut hash = log.0;
    hash[31] ^= seq as u8;
    EntryHash(hash)
}

pub fn class_of(body: &Body) -> Class {
    match body {
        Body::Certify { .. } | Body::Revoke { .. } | Body::Other => Class::Identity,
        _ => Class::Charter,
    }
}

/// A neighbourhood drawn from a seed.
pub fn draw(seed: u64) -> World {
    draw_from(World::new(seed), false)
}

/// A neighbourhood in which people found groups and manage them.
pub fn draw_with_groups(seed: u64) -> World {
    draw_from(World::new(seed), true)
}

fn draw_from(mut world: World, groups: bool) -> World {
    let inviters = [Inviters::Coordinators, Inviters::Hubs, Inviters::Members][world.below(3)];
    let policy = Policy { inviters, approval: world.chance(20) };
    world.found(policy);
    let people = 3 + world.below(4) as u8;
    for m in 2..=people {
        world.phrase_device(m, 1);
        if world.chance(20) {
            world.phrase_device(m, 2);
        }
    }
    // Some are there already, so that most worlds have something to quarrel about.
    for m in 2..=people {
        if world.chance(70) {
            let roles =
                if world.chance(60) { Roles::NONE.with(Role::Coordinator) } else { Roles::NONE };
            let body = world.admit(m, roles);
            if world.chance(60) {
                world.write_seeing_all(1, 1, body);
            } else {
                let known = world.heads(Class::Charter);
                let seen: Vec<_> = world.pick(&known).into_iter().collect();
                let by = 1 + world.below(m as usize - 1) as u8;
                world.write(by, 1, seen, body);
            }
        }
    }
    let steps = 4 + world.below(28);
    for _ in 0..steps {
        if world.chance(30) {
            let (m, d) = (1 + world.below(people as usize) as u8, 1 + world.below(3) as u8);
            world.promise(m, d);
        }
        if groups && world.chance(20) {
            world.promise_for_group(people);
        }
        step(&mut world, people, groups);
    }
    world
}

/// An act about some group, lawful or not.
fn about_group(world: &mut World, who: u8) -> Body {
    let founded: Vec<EntryHash> = world
        .facts
        .iter()
        .filter(|fact| matches!(fact.body, Body::FoundGroup))
        .map(|fact| fact.hash)
        .collect();
    let Some(group) = world.pick(&founded) else { return Body::FoundGroup };
    let group = group.into();
    match world.below(10) {
        0 => Body::FoundGroup,
        1..6 => Body::AddManager { group, member: member(who) },
        _ => Body::RemoveManager { group, member: member(who), closing: closing(world, who, None) },
    }
}

fn step(world: &mut World, people: u8, groups: bool) {
    let m = 1 + world.below(people as usize) as u8;
    let d = if world.chance(75) { 1 } else { 2 + world.below(2) as u8 };
    let who = 1 + world.below(people as usize) as u8;
    let role = if world.chance(75) { Role::Coordinator } else { Role::Hub };
    let of_group = groups && world.chance(50);
    let body = match if of_group { 100 } else { world.below(100) } {
        100 => about_group(world, who),
        0..12 => {
            let roles = if world.chance(30) { Roles::NONE.with(role) } else { Roles::NONE };
            world.admit(who, roles)
        }
        12..16 => {
            let home = Home { building: world.below(9) as u32, landlord: 1 };
            Body::Attest { member: member(who), home }
        }
        16..30 => Body::Appoint { member: member(who), role },
        30..40 => Body::Dismiss { member: member(who), role },
        40..60 => Body::Remove { member: member(who), closing: closing(world, who, None) },
        60..76 => {
            let takers: Vec<EntryHash> = world
                .facts
                .iter()
                .filter(|fact| matches!(fact.body, Body::Remove { .. } | Body::Dismiss { .. }))
                .map(|fact| fact.hash)
                .collect();
            let Some(act) = world.pick(&takers) else { return };
            Body::Second { act }
        }
        76..80 => Body::Leave { closing: closing(world, m, None) },
        80..88 => {
            let device = device(m, 1 + world.below(4) as u8);
            Body::Certify { device, agreement: [1; 32], phrase: world.chance(30) }
        }
        88..96 => {
            let revoked = 1 + world.below(3) as u8;
            let closing = closing(world, m, Some(device(m, revoked)));
            Body::Revoke { device: device(m, revoked), closing, phrase: world.chance(30) }
        }
        _ => Body::Other,
    };
    let class = class_of(&body);
    let Some(log) = world.log_of(m, d, class) else { return };
    let own = world.entries_of(log);
    // Now and then a log goes on from an older entry: a fork.
    let previous = if world.chance(12) { world.pick(&own) } else { own.last().copied() };
    let Some(previous) = previous else { return };
    let document = world.documents[&log];
    let others: Vec<EntryHash> = world
        .facts
        .iter()
        .filter(|fact| fact.log != log && world.documents[&fact.log] == document && fact.seq > 0)
        .map(|fact| fact.hash)
        .collect();
    let mut causes = Vec::new();
    if world.chance(45) {
        let heads = world.heads(class);
        causes.extend(heads.into_iter().filter(|head| others.contains(head)));
    } else {
        for _ in 0..world.below(3) {
            causes.extend(world.pick(&others));
        }
    }
    if let Body::Second { act } = &body {
        let (act, other) = (*act, world.chance(90));
        if other && world.get(&act).log != log {
            causes.push(act);
        }
    }
    let mut refs = Vec::new();
    if world.chance(15) {
        let any: Vec<EntryHash> = world.facts.iter().map(|fact| fact.hash).collect();
        if let Some(to) = world.pick(&any) {
            let mut to = world.refer(&to);
            if world.chance(10) {
                to.seq += 1;
            }
            refs.push(to);
        }
    }
    world.write_after(previous, causes, refs, body);
}

fn closing(world: &mut World, of: u8, only: Option<DeviceId>) -> Closing {
    let theirs: Vec<EntryHash> = world
        .facts
        .iter()
        .filter(|fact| {
            let Body::Start(start) = &world.get(&EntryHash(fact.log.0)).body else { return false };
            let device = (1..=4).any(|d| device(of, d) == start.device);
            device && only.is_none_or(|only| only == start.device)
        })
        .map(|fact| fact.hash)
        .collect();
    let mut tips = Vec::new();
    for _ in 0..world.below(4) {
        if let Some(at) = world.pick(&theirs) {
            tips.push(world.tip(&at));
        }
    }
    let promises: Vec<(LogId, LogStart)> = world
        .promises
        .iter()
        .filter(|(_, start)| match start.descriptor.owner {
            Owner::Group(_) => (1..=4).any(|d| device(of, d) == start.device),
            owner => owner == Owner::Member(member(of)),
        })
        .filter(|(_, start)| only.is_none_or(|only| only == start.device))
        .cloned()
        .collect();
    for (log, start) in promises {
        if world.chance(50) {
            let seq = world.below(6) as u64;
            tips.push(ClosedTip {
                device: start.device,
                class: Class::Open,
                owner: start.descriptor.owner,
                incarnation: 0,
                log,
                seq,
                hash: promised(&log, seq),
            });
        }
    }
    Closing::new(tips)
}
