//! Authority on real entries: what builders write is appended, read back, carried
//! through another's gate, and closed where it was closed.

use std::sync::Arc;

use palier_model::authority::build::{self, Draft, Newcomer};
use palier_model::authority::phrase::PhraseAct;
use palier_model::authority::{
    Authority, Body, Caps, Fact, Home, Inviters, Permission, Policy, Reach, Roles, Standing, Status,
};
use palier_model::journal::{
    Author, Class, Descriptor, Entries, LogStart, Logs, Owner, Right, Rights, Root, append, kind,
    log_row, open,
};
use palier_model::keys::{DeviceId, DeviceKeys, EntryHash, HoodHash, LogId, MemberKey, Phrase};
use palier_model::rows::{MemoryRows, Tx};
use palier_model::time::Instant;

const HOOD: HoodHash = HoodHash([7; 32]);
const NOW: Instant = Instant(1_790_000_000_000);
const YEAR: i64 = 366 * Instant::DAY_MS;

/// A person with one phone.
struct Person {
    phrase: MemberKey,
    author: Author,
    agreement: [u8; 32],
}

fn person(n: u8) -> Person {
    let phrase = Phrase::from_entropy([n; 16]).member_key();
    let keys = DeviceKeys::from_entropy(&[n; DeviceKeys::ENTROPY_BYTES]);
    let certificate = phrase.certify_device(&keys.id(), &keys.agreement_public());
    let author = Author {
        device: keys.id(),
        signing: keys.signing().clone(),
        incarnation: 0,
        act: EntryHash::ZERO,
        certificate: Some(certificate),
    };
    Person { phrase, author, agreement: keys.agreement_public() }
}

/// One node that holds everybody's entries.
struct House {
    rows: MemoryRows,
    root: Root,
}

impl House {
    fn do_in<T>(&mut self, act: impl FnOnce(&mut Tx<'_>) -> T) -> T {
        let mut tx = Tx::new(&self.rows);
        let done = act(&mut tx);
        let writes = tx.into_writes();
        self.rows.commit(writes);
        done
    }

    fn introduce(&mut self, person: &mut Person) -> EntryHash {
        let document = Descriptor::identity(HOOD, person.phrase.id());
        let log = self.do_in(|tx| open(tx, &person.author, &document)).unwrap();
        person.author.act = EntryHash(log.0);
        EntryHash(log.0)
    }

    fn write(&mut self, author: &Author, draft: Draft) -> EntryHash {
        self.do_in(|tx| append(tx, author, &draft.document, draft.kind, |_| draft.payload))
            .unwrap()
            .hash()
    }

    /// An open record of a person; the entry it is.
    fn say(&mut self, person: &Person, at: Instant) -> (LogId, u64) {
        let document = Descriptor::open(HOOD, Owner::Member(person.phrase.id()), at);
        let header = self
            .do_in(|tx| append(tx, &person.author, &document, kind::open::ANNOUNCE, |_| vec![1]))
            .unwrap()
            .header;
        (header.log, header.seq)
    }

    fn start(&self, log: &LogId) -> LogStart {
        log_row(&Tx::new(&self.rows), log).unwrap().unwrap().start
    }

    fn facts(&self) -> Vec<Arc<Fact>> {
        let tx = Tx::new(&self.rows);
        let mut facts = Vec::new();
        for (key, row) in tx.rows_with_prefix::<Logs>(&[], 10_000).unwrap() {
            for (_, entry) in tx.rows_with_prefix::<Entries>(&key, 10_000).unwrap() {
                if row.start.descriptor.class.comes_first() || entry.header.seq == 0 {
                    facts.push(Arc::new(Fact::read(&entry, &row.start)));
                }
            }
        }
        facts
    }

    fn authority(&self) -> Authority {
        Authority::compute(HOOD, self.root, self.facts())
    }
}

/// A founder, and two members whom he admitted.
fn house() -> (House, [Person; 3]) {
    let zero = Root { log: LogId::ZERO, act: EntryHash::ZERO };
    let mut house = House { rows: MemoryRows::default(), root: zero };
    let mut people = [person(1), person(2), person(3)];
    let entry0 = house.introduce(&mut people[0]);
    let policy = Policy { inviters: Inviters::Hubs, approval: false };
    let founder = people[0].phrase.id();
    let draft = build::found(NOW, HOOD, founder, entry0, Caps::default(), policy);
    let act = house.write(&people[0].author, draft);
    let log = house.facts().iter().find(|fact| fact.hash == act).unwrap().log;
    house.root = Root { log, act };
    for n in 1..3 {
        let entry0 = house.introduce(&mut people[n]);
        let newcomer = Newcomer {
            member: people[n].phrase.id(),
            entry0,
            invitation: [9; 32],
            home: Home { building: 4, landlord: 2 },
            roles: Roles::NONE,
        };
        house.write(&people[0].author, build::admit(NOW, HOOD, newcomer));
    }
    (house, people)
}

#[test]
fn what_builders_write_counts() {
    let (house, people) = house();
    let authority = house.authority();
    assert_eq!(authority.members().count(), 3);
    assert_eq!(authority.void_acts().collect::<Vec<_>>(), []);
    assert_eq!(authority.waiting(), 0);
    for (n, person) in people.iter().enumerate() {
        let device = authority.device(&person.author.device).unwrap();
        assert_eq!(device.member, person.phrase.id());
        assert_eq!(device.agreement, person.agreement);
        assert!(device.is_active);
        let may = authority.may(&person.phrase.id(), Permission::Admit);
        assert_eq!(may.is_ok(), n == 0);
    }
    assert_eq!(authority.cap(Class::Charter), 16_384);
}

#[test]
fn a_removal_closes_logs_where_they_were_and_older_ones_where_they_were_continued() {
    let (mut house, people) = house();
    let (old, _) = house.say(&people[1], Instant(NOW.0 - YEAR));
    house.say(&people[1], Instant(NOW.0 - YEAR));
    let (new, seq) = house.say(&people[1], NOW);
    assert_ne!(old, new);
    let authority = house.authority();
    assert_eq!(authority.closing_of(&new, &house.start(&new)), Reach::Open);
    let draft = build::remove(&Tx::new(&house.rows), &authority, NOW, people[1].phrase.id());
    let removal = house.write(&people[0].author, draft.unwrap());
    house.say(&people[1], NOW);
    let authority = house.authority();
    assert_eq!(authority.explain(&removal), Standing::Counts);
    let status = authority.member(&people[1].phrase.id()).map(|member| member.status);
    assert_eq!(status, Some(Status::Removed));
    let reach = |log: &LogId| match authority.closing_of(log, &house.start(log)) {
        Reach::UpTo(tip) => Some(tip.seq),
        Reach::Open => None,
    };
    assert_eq!(reach(&new), Some(seq));
    assert_eq!(reach(&old), Some(2));
    let (others, _) = house.say(&people[2], NOW);
    assert_eq!(authority.closing(&others, &house.start(&others)), None);
}

#[test]
fn an_older_log_that_the_closing_does_not_name_follows_by_continues() {
    let (mut house, people) = house();
    let (old, last) = house.say(&people[1], Instant(NOW.0 - YEAR));
    let (new, _) = house.say(&people[1], NOW);
    let authority = house.authority();
    let draft = build::remove(&Tx::new(&house.rows), &authority, NOW, people[1].phrase.id());
    house.write(&people[0].author, draft.unwrap());
    // The same facts, but the closing names the newest log only.
    let named = |hash: &LogId| *hash != old;
    let facts: Vec<_> = house
        .facts()
        .into_iter()
        .map(|fact| match &fact.body {
            Body::Remove { member, closing } => {
                let tips = closing.tips().iter().copied().filter(|tip| named(&tip.log));
                let closing = palier_model::authority::Closing::new(tips);
                Arc::new(Fact {
                    body: Body::Remove { member: *member, closing },
                    ..(*fact).clone()
                })
            }
            _ => fact,
        })
        .collect();
    let reach = |facts: &[Arc<Fact>]| {
        let authority = Authority::compute(HOOD, house.root, facts.iter().cloned());
        match authority.closing_of(&old, &house.start(&old)) {
            Reach::UpTo(tip) => tip.seq,
            Reach::Open => u64::MAX,
        }
    };
    assert_eq!(reach(&facts), last);
    // Without the log that continues it nothing vouches for it.
    let without: Vec<_> = facts.iter().filter(|fact| fact.log != new).cloned().collect();
    assert_eq!(reach(&without), 0);
}

#[test]
fn a_second_phone_writes_until_it_is_revoked() {
    let (mut house, people) = house();
    let member = people[1].phrase.id();
    let mut phone = person(22).author;
    let certify = build::certify(NOW, phone.device, person(22).agreement);
    let act = house.write(&people[1].author, build::draft_certify(HOOD, member, &certify));
    phone.certificate = None;
    phone.act = act;
    let second = Person { author: phone.clone(), ..person(2) };
    let (log, seq) = house.say(&second, NOW);
    let authority = house.authority();
    assert_eq!(authority.may_open(&log, &house.start(&log)), Right::Granted);
    assert_eq!(authority.devices_of(&member).len(), 2);
    assert!(authority.certified_before(&people[1].author.device, &phone.device));

    let revoke = build::revoke(&Tx::new(&house.rows), &authority, NOW, member, phone.device);
    let revoke = revoke.unwrap();
    assert!(!revoke.is_signed_by(&HOOD, &member));
    house.write(&people[1].author, build::draft_revoke(HOOD, member, &revoke));
    house.say(&second, NOW);
    let authority = house.authority();
    assert_eq!(authority.device(&phone.device).map(|device| device.is_active), Some(false));
    let (own, _) = house.say(&people[1], NOW);
    assert_eq!(authority.closing(&log, &house.start(&log)).map(|tip| tip.seq), Some(seq));
    assert_eq!(authority.closing(&own, &house.start(&own)), None);
}

#[test]
fn strangers_open_no_log_and_a_removed_member_keeps_what_could_be_kept() {
    let (mut house, people) = house();
    let mut stranger = person(9);
    let entry0 = house.introduce(&mut stranger);
    let (foreign, _) = house.say(&stranger, NOW);
    let authority = house.authority();
    let ask = |authority: &Authority, log: &LogId| authority.may_open(log, &house.start(log));
    assert_eq!(ask(&authority, &LogId(entry0.0)), Right::UnknownAuthor);
    assert_eq!(ask(&authority, &foreign), Right::UnknownAuthor);
    // Someone else's certificate gives no right.
    let mut start = house.start(&foreign);
    start.act = people[1].author.act;
    assert!(matches!(authority.may_open(&foreign, &start), Right::Refused(_)));
    start.descriptor.hood = HoodHash([8; 32]);
    assert!(matches!(authority.may_open(&foreign, &start), Right::Refused(_)));
    // Another certificate than the phrase signed.
    let mut forged = house.start(&LogId(people[1].author.act.0));
    forged.device = DeviceId([1; 32]);
    let id = LogId(people[1].author.act.0);
    assert!(matches!(authority.may_open(&id, &forged), Right::Refused(_)));

    let draft = build::remove(&Tx::new(&house.rows), &authority, NOW, people[1].phrase.id());
    house.write(&people[0].author, draft.unwrap());
    let (late, _) = house.say(&people[1], Instant(NOW.0 + YEAR));
    let authority = house.authority();
    assert_eq!(authority.may_open(&late, &house.start(&late)), Right::Granted);
    assert_eq!(authority.closing(&late, &house.start(&late)).map(|tip| tip.seq), Some(0));
}
