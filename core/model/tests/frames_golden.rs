//! The bytes of session frames and of the records that travel in them, as
//! `docs/format.md` gives them: one frame of each kind, a whole meeting with a join, and
//! the plaintexts of bookings.
//!
//! Files are never changed, only joined by others: frames of channels came later.
//! `PALIER_WRITE_GOLDEN=1` writes those that are not there yet.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

use data_encoding::HEXLOWER;
use palier_model::booking::availability::{Attendance, Measure, Quota, QuotaWindow};
use palier_model::booking::tariff::{Currency, Rates, Tariff};
use palier_model::booking::{
    Answer, Cancel, Cancellation, Decision, Extension, ExtensionAnswer, Mode, Notice, Offer, Op,
    Outcome, Reason, Receipt, Record, Request, Taken, Terms, booking_id,
};
use palier_model::codec;
use palier_model::journal::{
    Author, Class, Descriptor, LogStart, Position, Ref, Right, Rights, Run, Signature, Tip, accept,
    append, entry, logs_of_document,
};
use palier_model::keys::{
    BlobId, BookingId, DeviceId, DocId, EntryHash, HoodHash, HoodId, LogId, MemberId, Phrase,
};
use palier_model::projection::{PlaceRecord, plaintext};
use palier_model::rows::{MemoryRows, Tx};
use palier_model::sync::frame::{
    Ack, Addresses, BlobChunk, BlobHead, BlobWant, Bye, CHANNEL, Channel, Claim, Hello, Need, News,
    NewsItem, Ping, Reconcile, Runs, Sealed, TYPES, Want,
};
use palier_model::sync::meeting::{Meet, Proof};
use palier_model::sync::{
    Accepted, Config, Context, Credential, Cursor, DeviceAddresses, Effect, FetchBook, Frame,
    Interest, InvitationLink, JoinAnswer, JoinForm, MeetKey, Peer, PeerIds, RecoverySheet, Role,
    Session, SessionId, Short, StoreId, Welcome,
};
use palier_model::time::civil::Date;
use palier_model::time::{
    Closure, HolidayCalendar, HolidayHours, Instant, Interval, OpeningPlan, Recurrence, WeekWindow,
    Weekday, Window,
};
use serde_bytes::ByteBuf;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/frames-v1.txt");
const CHANNELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/frames-v1-channels.txt");
const HOOD: HoodId = HoodId([0x11; 32]);
const SECRET: [u8; 32] = [0x42; 32];
const NOW: Instant = Instant(1_795_521_600_000);

type Lines = Vec<(String, Vec<u8>)>;

fn position(n: u64) -> Position {
    Position { n, hash: [n as u8; 32] }
}

fn short(n: u8) -> Short {
    Short([n; 16])
}

fn channel(number: u32, frame: &Frame) -> Frame {
    Frame::Channel(Channel { number, frame: frame.to_bytes() })
}

/// One frame of each type, by its number.
fn frames() -> BTreeMap<u8, Frame> {
    let cursor = Cursor { store: StoreId([2; 16]), position: position(300) };
    let meet = Meet { version: 1, nonce: [1; 32], slots: std::array::from_fn(|n| [n as u8; 32]) };
    let claim = Claim {
        member: MemberId([3; 32]),
        device: DeviceId([4; 32]),
        signature: Signature([5; 64]),
    };
    let item = NewsItem { log: short(6), seq: 128, tip: short(7) };
    let addresses = vec!["/ip4/192.168.1.2/tcp/4711".to_owned()];
    let all = [
        Frame::Hello(Hello {
            store: StoreId([1; 16]),
            position: position(70_000),
            cursor: Some(cursor),
            cursor_good: true,
            interest: Interest { floors: vec![(Class::Open, 139_180), (Class::Sealed, 139_183)] },
        }),
        Frame::Reconcile(Reconcile { round: 1, message: vec![0x61, 0, 0, 2] }),
        Frame::Need(Need { ids: vec![[8; 32], [9; 32]], last: true }),
        Frame::News(News { to: Some(position(9)), items: vec![item], inline: Vec::new() }),
        Frame::Wants(vec![Want { log: short(6), have: vec![(127, short(5))] }]),
        Frame::Runs(Runs { runs: Vec::new(), done: vec![short(6)] }),
        Frame::Ack(Ack { runs: 300, news: 0, read: Some(128) }),
        Frame::BlobWant(BlobWant { blob: BlobId([10; 32]), held: 3 }),
        Frame::BlobHead(BlobHead {
            blob: BlobId([10; 32]),
            size: 70_000,
            chunks: vec![[11; 32]; 2],
        }),
        Frame::BlobChunk(BlobChunk { blob: BlobId([10; 32]), index: 1, bytes: vec![12; 5] }),
        Frame::Addresses(Addresses {
            devices: vec![DeviceAddresses { device: DeviceId([13; 32]), addresses }],
        }),
        Frame::Sealed(Sealed { ciphertext: vec![14; 20] }),
        Frame::Ping(Ping { answer: true }),
        Frame::Bye(Bye { reason: 5 }),
        channel(3, &Frame::Ping(Ping { answer: true })),
        Frame::Meet(meet.clone()),
        Frame::MeetAnswer(meet),
        Frame::Proof(Proof { slot: 7, claim, certificate: vec![15; 3] }),
        Frame::No(()),
    ];
    all.into_iter().map(|frame| (frame.to_bytes()[0], frame)).collect()
}

fn opening() -> OpeningPlan {
    let rule = "FREQ=MONTHLY;BYDAY=1MO".parse().expect("a rule");
    let start = Date::constant(2027, 1, 4).at(8, 0, 0, 0);
    let mut recurrence = Recurrence::new(start, rule).expect("bounded");
    recurrence.exceptions.insert(Date::constant(2027, 2, 1).at(8, 0, 0, 0));
    let window = Window { from: 1_200, to: 1_560 };
    OpeningPlan {
        weekly: Some(vec![WeekWindow { weekday: Weekday::Sunday, window }]),
        exceptions: [(Date::constant(2027, 12, 24), vec![Window { from: 600, to: 840 }])].into(),
        holidays: Some(HolidayHours {
            calendar: HolidayCalendar::AlsaceMoselle,
            windows: Vec::new(),
        }),
        blackouts: vec![Interval { start: NOW, end: None }],
        closures: vec![Closure { recurrence, minutes: 120 }],
    }
}

/// Plaintexts of sealed records, and open ones that hang on them.
fn records() -> Lines {
    let member = MemberId([1; 32]);
    let booking = booking_id(&member, &[2; 32]);
    let at =
        Ref { document: DocId([3; 32]), log: LogId([4; 32]), seq: 300, hash: EntryHash([5; 32]) };
    let interval = Interval { start: NOW, end: Some(NOW.plus_ms(3_600_000)) };
    let terms = Terms {
        capacity: 2,
        buffer_after_ms: 1_800_000,
        max_length_ms: Some(Instant::DAY_MS as u64),
        step_minutes: Some(15),
        quotas: vec![Quota {
            window: QuotaWindow::Rolling { days: 7 },
            most: Measure::Minutes(600),
        }],
        zone: "Europe/Paris".into(),
        opening: opening(),
        attendance: Attendance::AtEnds,
        tariff: Tariff::ByTime {
            currency: Currency::Cents,
            rates: Rates { hour: Some(250), month: Some(30_000), ..Rates::default() },
        },
        deposit_cents: 5_000,
        mode: Mode::Instant,
        cancellation: Cancellation { free_until_ms: 86_400_000, fee_percent: 50 },
        accept: "Pas d’essence".into(),
        leave_notice_ms: 30 * Instant::DAY_MS as u64,
        offer_ms: 36 * 3_600_000,
        attested: true,
        consent: Some("Bailleur, le 3 mars".into()),
        ..Terms::default()
    };
    terms.check().expect("bounded");
    let request = Request {
        at: NOW,
        booking,
        random: [2; 32],
        listing: DocId([6; 32]),
        domain: EntryHash([7; 32]),
        interval,
        quantity: 1,
        waitlist: true,
        note: "Samedi, s’il vous plaît".into(),
        refs: vec![at],
        series: Some(palier_model::keys::SeriesId([9; 16])),
        accepted: terms.text_to_accept(),
    };
    let accepted =
        Answer { at: NOW, booking, request: EntryHash([8; 32]), outcome: Outcome::Accepted(at) };
    let outcome = Outcome::Refused { reason: Reason::UNAVAILABLE, text: "En panne".into() };
    let refused = Answer { outcome, ..accepted.clone() };
    let reason = Reason::CANCELLED_BY_REQUESTER;
    let cancel = Cancel { at: NOW, booking, reason, text: String::new() };
    let receipt = Receipt { at: NOW, hashes: vec![EntryHash([1; 32]), EntryHash([9; 32])] };
    let asked = Extension { at: NOW, booking, end: None, note: "Encore un peu".into(), turn: 1 };
    let outcome = Outcome::Refused { reason: Reason::TAKEN, text: "Pris".into() };
    let answer = ExtensionAnswer { at: NOW, booking, asked: EntryHash([8; 32]), outcome };
    let end = NOW.plus_ms(86_400_000);
    let notice = Notice { at: NOW, booking, end, text: "Je pars".into() };
    let resize = Decision {
        at: NOW,
        domain: EntryHash([7; 32]),
        tenure: 1,
        prev: Some(at),
        seen: vec![at],
        op: Op::Resize { booking, from: interval.end, end: None },
    };
    let op = Op::Queue { booking, resource: DocId([6; 32]), interval, quantity: 2 };
    let queue = Decision { op, ..resize.clone() }.to_payload().expect("bounded");
    let resize = resize.to_payload().expect("bounded");
    let offer = Offer { at: NOW, booking, until: end, text: "Toujours ?".into() };
    let taken = Taken { at: NOW, booking, offer: EntryHash([8; 32]) };
    let place = PlaceRecord { at: NOW, name: "Les Érables".into(), zone: "Europe/Paris".into() };
    fn sealed<R: Record>(record: &R) -> Vec<u8> {
        plaintext(R::KIND, &record.to_payload().expect("bounded"))
    }
    [
        ("record.member", member.0.to_vec()),
        ("record.request", sealed(&request)),
        ("record.accepted", sealed(&accepted)),
        ("record.refused", sealed(&refused)),
        ("record.cancel", sealed(&cancel)),
        ("record.receipt", sealed(&receipt)),
        ("record.extension", sealed(&asked)),
        ("record.extension_answer", sealed(&answer)),
        ("record.offer", sealed(&offer)),
        ("record.taken", sealed(&taken)),
        ("record.notice", sealed(&notice)),
        ("record.resize", resize),
        ("record.queue", queue),
        ("record.terms", codec::encode(&terms)),
        ("record.place", codec::encode(&place)),
    ]
    .map(|(name, bytes)| (name.to_owned(), bytes))
    .into()
}

struct Open;
impl Rights for Open {
    fn may_open(&self, _: &LogId, _: &LogStart) -> Right {
        Right::Granted
    }
    fn cap(&self, _: Class) -> u64 {
        1_000
    }
    fn closing(&self, _: &LogId, _: &LogStart) -> Option<Tip> {
        None
    }
}

/// A device with one log in its rows.
struct Side {
    rows: MemoryRows,
    author: Author,
    log: LogId,
    act: EntryHash,
    fetches: FetchBook,
}

impl Side {
    fn new(n: u8, of: impl Fn(&mut Author) -> Descriptor) -> Self {
        let signing = ed25519_dalek::SigningKey::from_bytes(&[n; 32]);
        let device = DeviceId(signing.verifying_key().to_bytes());
        let act = EntryHash::ZERO;
        let mut author = Author { device, signing, incarnation: 0, act, certificate: None };
        let descriptor = of(&mut author);
        let mut rows = MemoryRows::default();
        let mut tx = Tx::new(&rows);
        let act = append(&mut tx, &author, &descriptor, 0x7777, |_| vec![n; 40]).expect("fits");
        let log = logs_of_document(&tx, &descriptor.id()).expect("rows")[0];
        let writes = tx.into_writes();
        rows.commit(writes);
        Self { rows, author, log, act: act.hash(), fetches: FetchBook::default() }
    }

    fn session(&self, role: Role, credential: Credential) -> Session {
        let config = Config {
            id: SessionId(1),
            role,
            peers: PeerIds { initiator: vec![0xa1; 38], responder: vec![0xb2; 38] },
            credentials: vec![credential],
            signing: self.author.signing.clone(),
            seed: [role as u8; 32],
        };
        Session::new(NOW, config)
    }

    /// Lends the session what it needs.
    fn with(&mut self, act: impl FnOnce(&mut Context<'_>)) {
        let check = |_: &MeetKey, _: &Peer| true;
        act(&mut Context { now: NOW, rows: &self.rows, check: &check, fetches: &mut self.fetches });
    }

    fn runs(&self) -> Vec<Run> {
        Run::collect(&Tx::new(&self.rows), &self.log, &[], 1 << 16).expect("rows")
    }
}

fn credential(member: MemberId, certificate: Vec<u8>) -> Credential {
    Credential { key: MeetKey::Invitation(SECRET), member, certificate, expect: None }
}

/// Every frame of a join, in the order sent.
fn join() -> Lines {
    let member_key = Phrase::from_entropy([50; 16]).member_key();
    let mut bearer = Side::new(1, |author| {
        let certificate = member_key.certify_device(&author.device, &[7; 32]);
        author.certificate = Some(certificate);
        Descriptor::identity(HOOD.hash(), certificate.member)
    });
    let mut redeemer = Side::new(2, |_| Descriptor::charter(HOOD.hash()));
    let first = EntryHash(bearer.log.0);
    let entry0 = entry(&Tx::new(&bearer.rows), &first).expect("rows").expect("held");
    let entry0 = codec::encode(&entry0);
    let mut at_bearer = bearer.session(Role::Initiator, credential(member_key.id(), entry0));
    let mut at_redeemer = redeemer.session(Role::Responder, credential(MemberId::ZERO, vec![]));
    let (root_log, root_act) = (redeemer.log, redeemer.act);
    let mut lines: Lines = vec![
        ("join.secret".into(), SECRET.to_vec()),
        ("join.initiator".into(), vec![0xa1; 38]),
        ("join.responder".into(), vec![0xb2; 38]),
        ("join.hood".into(), HOOD.0.to_vec()),
    ];
    let mut flying: VecDeque<(bool, Vec<u8>)> = VecDeque::new();
    let mut number = 0;
    loop {
        for is_bearer in [true, false] {
            let (side, session) = if is_bearer {
                (&mut bearer, &mut at_bearer)
            } else {
                (&mut redeemer, &mut at_redeemer)
            };
            while let Some(effect) = session.poll_effect() {
                match effect {
                    Effect::Send(bytes) => {
                        let who = if is_bearer { "i" } else { "r" };
                        lines.push((format!("join.{number:02}.{who}"), bytes.clone()));
                        number += 1;
                        flying.push_back((is_bearer, bytes));
                    }
                    Effect::Met { .. } if is_bearer => session.open_bearer(HOOD.hash(), root_act),
                    Effect::Met { .. } => {
                        let hood_name = "Les Érables".into();
                        let welcome =
                            Welcome { hood: HOOD, log: root_log, act: root_act, hood_name };
                        side.with(|context| session.open_redeemer(welcome, context));
                    }
                    Effect::Accept { ticket, runs } => {
                        let mut tx = Tx::new(&side.rows);
                        let verdicts =
                            runs.iter().map(|run| accept(&mut tx, &Open, run).expect("rows"));
                        let accepted =
                            Accepted { verdicts: verdicts.collect(), ..Accepted::default() };
                        let writes = tx.into_writes();
                        side.rows.commit(writes);
                        side.with(|context| session.on_accepted(ticket, &accepted, context));
                    }
                    Effect::WelcomeDone => {
                        let form = JoinForm {
                            name: "Amina".into(),
                            home: "B, 3e gauche".into(),
                            languages: vec!["fr".into(), "ar".into()],
                        };
                        let runs = side.runs();
                        session.apply(&runs, form, &mut side.fetches);
                    }
                    Effect::Application(_) => {
                        session.admit_result(JoinAnswer::AwaitingApproval, &mut side.fetches);
                    }
                    _ => {}
                }
            }
        }
        let Some((from_bearer, bytes)) = flying.pop_front() else { return lines };
        let (side, session) = if from_bearer {
            (&mut redeemer, &mut at_redeemer)
        } else {
            (&mut bearer, &mut at_bearer)
        };
        side.with(|context| session.handle_frame(&bytes, context));
    }
}

fn texts() -> Lines {
    let link = InvitationLink {
        secret: SECRET,
        redeemer: DeviceId([8; 32]),
        hood: HoodHash([6; 32]),
        act: EntryHash([9; 32]),
        expires: NOW,
        hood_name: "Les Érables".into(),
        addresses: vec!["/ip4/192.168.1.2/tcp/4711".into()],
    };
    let sheet = RecoverySheet {
        hood: HOOD,
        log: LogId([7; 32]),
        act: EntryHash([9; 32]),
        hood_name: "Les Érables".into(),
        addresses: Vec::new(),
    };
    vec![
        ("text.invitation".into(), link.to_text().into_bytes()),
        ("text.sheet".into(), sheet.to_text().into_bytes()),
    ]
}

fn now() -> String {
    let mut lines = Lines::new();
    for (number, frame) in frames().into_iter().filter(|(number, _)| *number != CHANNEL) {
        lines.push((format!("frame.{number:02x}"), frame.to_bytes()));
    }
    let run = Side::new(3, |_| Descriptor::charter(HOOD.hash())).runs()[0].to_bytes();
    let inline = vec![ByteBuf::from(run.clone())];
    let news = Frame::News(News { to: None, items: Vec::new(), inline });
    lines.push(("frame.13.inline".into(), news.to_bytes()));
    let runs = Frame::Runs(Runs { runs: vec![ByteBuf::from(run)], done: Vec::new() });
    lines.push(("frame.15.run".into(), runs.to_bytes()));
    lines.extend(join());
    lines.extend(records());
    lines.extend(texts());
    text_of(&lines)
}

/// Frames of a channel: the first, and a frame in one of a large number.
fn now_channels() -> String {
    text_of(&vec![
        ("frame.32".into(), frames()[&CHANNEL].to_bytes()),
        ("frame.32.no".into(), channel(300, &Frame::No(())).to_bytes()),
    ])
}

fn text_of(lines: &Lines) -> String {
    lines.iter().fold(String::new(), |mut text, (name, bytes)| {
        let _ = writeln!(text, "{name} = {}", HEXLOWER.encode(bytes));
        text
    })
}

fn golden() -> String {
    [FILE, CHANNELS].map(|file| std::fs::read_to_string(file).unwrap_or_default()).concat()
}

#[test]
fn frames_and_records_are_written_as_the_format_says() {
    for (file, now) in [(FILE, now()), (CHANNELS, now_channels())] {
        let read = || std::fs::read_to_string(file).unwrap_or_default();
        if std::env::var_os("PALIER_WRITE_GOLDEN").is_some() && read().is_empty() {
            std::fs::write(file, &now).expect("written");
        }
        let golden = read();
        for (mine, its) in now.lines().zip(golden.lines()) {
            assert_eq!(mine, its);
        }
        assert_eq!(now.lines().count(), golden.lines().count());
    }
}

#[test]
fn every_golden_frame_is_read_back_and_there_is_one_of_each_type() {
    let mut seen = std::collections::BTreeSet::new();
    for line in golden().lines() {
        let (name, hex) = line.split_once(" = ").expect("name = value");
        let is_frame = name.starts_with("frame.") || name.splitn(3, '.').count() == 3;
        if !is_frame {
            continue;
        }
        let bytes = HEXLOWER.decode(hex.as_bytes()).expect("hex");
        let frame = Frame::from_bytes(&bytes).expect(name).expect(name);
        assert_eq!(frame.to_bytes(), bytes, "{name}");
        if let Some(expected) = frames().get(&bytes[0]).filter(|_| name.len() == 8) {
            assert_eq!(&frame, expected);
        }
        seen.insert(bytes[0]);
    }
    assert!(TYPES.iter().all(|kind| seen.contains(kind)), "{seen:?}");
}

#[test]
fn golden_records_are_read_back() {
    let golden = golden();
    let value = |name: &str| {
        let line = golden.lines().find_map(|line| line.strip_prefix(&format!("{name} = ")));
        HEXLOWER.decode(line.expect(name).as_bytes()).expect("hex")
    };
    fn body(plain: &[u8]) -> &[u8] {
        // Every kind so far is below 128: one byte.
        &plain[1..]
    }
    let request = Request::from_payload(body(&value("record.request"))).expect("request");
    assert!(request.is_by(&MemberId([1; 32])));
    assert_ne!(request.booking, BookingId([0; 32]));
    for name in ["record.accepted", "record.refused"] {
        Answer::from_payload(body(&value(name))).expect(name);
    }
    Cancel::from_payload(body(&value("record.cancel"))).expect("cancel");
    Receipt::from_payload(body(&value("record.receipt"))).expect("receipt");
    let terms: Terms = codec::decode(&value("record.terms"), 4_096).expect("terms");
    terms.check().expect("bounded");
    let place: PlaceRecord = codec::decode(&value("record.place"), 4_096).expect("place");
    assert!(place.is_valid());
    let text = |name| String::from_utf8(value(name)).expect("text");
    assert!(InvitationLink::from_text(&text("text.invitation")).is_ok());
    assert!(RecoverySheet::from_text(&text("text.sheet")).is_ok());
}
