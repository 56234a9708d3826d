use std::ffi::OsString;
use std::sync::Mutex;

use jiff::tz::TimeZone;
use palier_model::booking::StepKind;
use palier_model::keys::{BlobId, BookingId, DeviceId, DocId, MemberId};
use palier_model::time::Interval;
use tokio::sync::mpsc;

use super::*;
use crate::answer::*;
use crate::args::Parsed;
use crate::backend::{
    BookingAct, BookingFilter, BusyFile, CalendarFileOf, FreeQuery, LinkStep, ListingChange,
    ListingEdit, ListingFilter, MemberAct, NewBooking, NewEnd, NewInvitation, NewListing, OpenRow,
    Paging, ProfilePatch,
};
use crate::texts::{Lang, Texts};

/// A node that holds three bookings in parts of one and writes down what it is asked.
#[derive(Default, Clone)]
struct Fake {
    asked: Arc<Mutex<Vec<String>>>,
    /// The time it is there.
    now: i64,
    /// Neighbours found by `sync`.
    peers: u64,
    /// Whether `sync` gets to its end.
    complete: bool,
}

impl Fake {
    fn note(&self, what: impl std::fmt::Debug) {
        self.asked.lock().unwrap().push(format!("{what:?}"));
    }
}

/// The first two ids share their beginning.
const BOOKINGS: [BookingId; 3] = {
    let mut close = [1; 32];
    close[31] = 2;
    [BookingId([1; 32]), BookingId(close), BookingId([9; 32])]
};

fn booking(id: BookingId) -> Booking {
    Booking {
        id: id.into(),
        listing: DocId([1; 32]).into(),
        title: "Place 14".into(),
        status: BookingStatus::Requested,
        firm: false,
        waiting_for: vec![],
        start: Some(When::new(Instant(0), &TimeZone::UTC)),
        end: None,
        zone: "UTC".into(),
        quantity: 1,
        requester: None,
        mine: false,
        reason: String::new(),
        note: String::new(),
        footing: None,
        text_accepted: Default::default(),
        text: String::new(),
        alternatives: vec![],
        series: None,
        waitlist: 0,
        offer: None,
        handed_over: Word::default(),
        returned: Word::default(),
        service: None,
        payment: None,
        end_firm: false,
        rolling: false,
        asked_end: None,
        notice: None,
        delivery: Delivery::Sent,
        history: vec![],
    }
}

macro_rules! unasked {
    ($($name:ident($($arg:ty),*) -> $out:ty;)+) => {
        $(async fn $name(&self, $(_: $arg),*) -> Result<$out> {
            panic!("{} was asked", stringify!($name))
        })+
    };
}

impl Backend for Fake {
    async fn zone(&self, _: &Scope) -> Result<TimeZone> {
        Ok(TimeZone::get("Europe/Paris").unwrap())
    }
    async fn clocks(&self, scope: &Scope, _: DocId) -> Result<TimeZone> {
        self.zone(scope).await
    }
    async fn sync(
        &self,
        _: &Scope,
        within_ms: i64,
        peers: Vec<String>,
        _: OnProgress,
    ) -> Result<SyncDone> {
        self.note((within_ms, peers));
        let traffic = Traffic::default();
        let complete = self.complete;
        Ok(SyncDone { peers: self.peers, received: 0, sent: 0, traffic, complete, waiting: false })
    }
    async fn status(&self, _: &Scope) -> Result<Status> {
        Ok(Status {
            home: String::new(),
            version: "0".into(),
            running: false,
            member: MemberId([1; 32]).into(),
            device: DeviceId([1; 32]).into(),
            hood: None,
            hood_name: None,
            nodes: 1,
            documents: 1,
            entries: 1,
            bytes: 1,
            unsent: 0,
            listening: vec![],
            peers: vec![],
            traffic: Traffic::default(),
            exchanged: Default::default(),
            open_digest: Some("d".into()),
        })
    }
    async fn open_rows(&self, _: &Scope, after: Option<&OpenRow>) -> Result<Vec<OpenRow>> {
        let n: u8 = after.map_or(0, |row| row.key.parse().unwrap());
        let row = |n: u8| OpenRow { table: "t".into(), key: n.to_string(), value: n.into() };
        Ok((n + 1..=5).take(2).map(row).collect())
    }
    async fn bookings(&self, _: &Scope, _: BookingFilter, paging: Paging) -> Result<List<Booking>> {
        let at: usize = paging.after.map_or(0, |after| after.parse().unwrap());
        let next = (at + 1 < BOOKINGS.len()).then(|| (at + 1).to_string());
        Ok(List { items: vec![booking(BOOKINGS[at])], next })
    }
    async fn booking(&self, _: &Scope, id: BookingId) -> Result<Booking> {
        self.note(self.now);
        Ok(booking(id))
    }
    async fn booking_request(&self, _: &Scope, new: NewBooking) -> Result<BookingRequested> {
        let interval = new.interval.unwrap();
        self.note((interval.start.0, interval.end.map(|end| end.0)));
        let (why_not, alternatives) = (vec![], vec![]);
        Ok(BookingRequested { id: BOOKINGS[0].into(), saved: true, why_not, alternatives })
    }
    async fn booking_act(&self, _: &Scope, id: BookingId, act: BookingAct) -> Result<Saved> {
        self.note(act);
        Ok(Saved::of(id))
    }
    async fn join(
        &self,
        _: &Scope,
        link: String,
        _: Option<String>,
        _: i64,
        _: OnProgress,
    ) -> Result<Joined> {
        let status = match link.as_str() {
            "waits" => JoinStatus::AwaitingApproval,
            "no" => JoinStatus::Refused,
            _ => JoinStatus::Joined,
        };
        Ok(Joined { status, id: None, reason: None })
    }
    async fn bundle_import(
        &self,
        _: &Scope,
        file: PathBuf,
        _: OnProgress,
    ) -> Result<BundleImported> {
        self.note(file);
        let refused = vec![Refused { code: "gate.signature".into(), n: 1 }];
        Ok(BundleImported { accepted: 3, refused })
    }
    fn now(&self) -> Instant {
        Instant(self.now)
    }
    fn claiming(&self, now: Instant) -> Self {
        Self { now: now.0, ..self.clone() }
    }
    fn events(&self) -> mpsc::Receiver<RunEvent> {
        mpsc::channel(1).1
    }
    async fn close(self) {}

    unasked! {
        doctor(bool, OnProgress) -> Doctor;
        hood_found(&Scope, String, Option<String>) -> Saved;
        hoods(&Scope) -> Vec<Hood>;
        hood(&Scope) -> Hood;
        hood_sheet(&Scope) -> Sheet;
        hood_leave(&Scope) -> Saved;
        invite(&Scope, NewInvitation) -> Invitation;
        invitations(&Scope) -> Vec<Invitation>;
        invite_revoke(&Scope, String) -> Saved;
        members(&Scope, Paging) -> List<Member>;
        member(&Scope, MemberId) -> Member;
        member_act(&Scope, MemberId, MemberAct) -> Saved;
        devices(&Scope) -> Vec<Device>;
        device_link(&Scope, LinkStep, i64, OnProgress) -> DeviceLink;
        device_revoke(&Scope, DeviceId) -> Saved;
        profile(&Scope, Option<MemberId>) -> Profile;
        profile_edit(&Scope, ProfilePatch) -> Saved;
        listing_add(&Scope, NewListing) -> Saved;
        listings(&Scope, ListingFilter, Paging) -> List<Listing>;
        search_save(&Scope, String, ListingFilter) -> Saved;
        searches(&Scope) -> Vec<SavedSearch>;
        search_filter(&Scope, String) -> ListingFilter;
        search_forget(&Scope, String) -> Saved;
        listing(&Scope, DocId) -> ListingDetail;
        listing_change(&Scope, DocId, ListingChange) -> Saved;
        listing_edit(&Scope, DocId, ListingEdit) -> TermsSaved;
        calendar(&Scope, DocId, Interval) -> Calendar;
        free(&Scope, DocId, FreeQuery) -> List<FreeSlot>;
        free_resources(&Scope, Option<ListingKind>, FreeQuery) -> List<FreeResource>;
        quote(&Scope, DocId, Interval, u32) -> Quote;
        booking_extend(&Scope, BookingId, NewEnd) -> EndAsked;
        reminders(&Scope, i64) -> List<crate::answer::Reminder>;
        calendar_export(&Scope, CalendarFileOf) -> CalendarExported;
        calendar_import(&Scope, BusyFile) -> CalendarImported;
        photo_add(&Scope, DocId, PathBuf) -> PhotoAdded;
        photo_get(&Scope, BlobId, PathBuf, i64) -> PhotoFile;
        series_plan(&Scope, palier_model::replica::NewSeries) -> crate::answer::SeriesPlan;
        series_create(&Scope, palier_model::replica::NewSeries, palier_model::replica::SeriesSkip, Option<String>) -> crate::answer::SeriesSaved;
        series_act(&Scope, palier_model::keys::SeriesId, BookingAct) -> crate::answer::SeriesDone;
        qr_show(&Scope, BookingId, StepKind) -> QrShown;
        qr_verify(&Scope, String, Option<BookingId>, Option<StepKind>) -> QrChecked;
        waitlist(&Scope, Option<DocId>) -> Vec<Waiting>;
        booking_done(&Scope, BookingId, Option<String>) -> BookingDone;
        credit_pay(&Scope, BookingId) -> Saved;
        thanks_give(&Scope, BookingId, Option<String>) -> Saved;
        thanks(&Scope, Option<MemberId>) -> Vec<Thanks>;
        group_found(&Scope, String, String) -> Saved;
        groups(&Scope) -> Vec<crate::answer::Group>;
        group(&Scope, palier_model::keys::GroupId) -> crate::answer::Group;
        group_act(&Scope, palier_model::keys::GroupId, MemberId, crate::backend::GroupAct) -> Saved;
        credit_balance(&Scope, Option<palier_model::journal::Owner>) -> CreditBalance;
        credit_give(&Scope, crate::backend::NewGift) -> Saved;
        credit_allot(&Scope, Option<palier_model::keys::GroupId>, DeviceId, u32) -> Saved;
        credit_lines(&Scope, Option<palier_model::keys::GroupId>, Paging) -> List<CreditLine>;
        credit_file(&Scope, Option<palier_model::keys::GroupId>, PathBuf) -> CreditFile;
        bundle_export(&Scope, PathBuf, OnProgress) -> BundleExported;
    }
}

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Sink for Heard {
    fn progress(&self, _: Progress) {}
    fn line<'a>(&'a self, event: &'a DumpEvent) -> Told<'a> {
        self.0.lock().unwrap().push(serde_json::to_string(event).unwrap());
        Box::pin(async { Ok(()) })
    }
}

/// What a command line does on `fake`, with what it streamed.
fn give(fake: &Fake, line: &str) -> (Result<Outcome>, Vec<String>) {
    let argv: Vec<OsString> = line.split(' ').map(OsString::from).collect();
    let Ok(Parsed::Command(cli)) = args::parse(&argv, Texts::of(Lang::En)) else {
        panic!("{line} is not taken")
    };
    let heard = Arc::new(Heard::default());
    let sink: Arc<dyn Sink> = heard.clone();
    let (cwd, home) = ("/here".into(), "/h".into());
    let context = Context { cwd, home, running: true, clock: Instant(0), sink };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let outcome = runtime.block_on(execute(fake, &context, &cli.global, cli.command));
    let lines = heard.0.lock().unwrap().clone();
    (outcome, lines)
}

fn asked(fake: &Fake) -> String {
    fake.asked.lock().unwrap().join(";")
}

#[test]
fn the_beginning_of_an_id_serves_if_it_means_one() {
    let fake = Fake::default();
    let short = &BOOKINGS[2].to_string()[..12];
    let (outcome, _) = give(&fake, &format!("palier booking accept {short}"));
    assert_eq!(outcome.unwrap(), Saved::of(BOOKINGS[2]).into());
    let shared = &BOOKINGS[0].to_string()[..12];
    let error = give(&fake, &format!("palier booking accept {shared}")).0.unwrap_err();
    assert_eq!((error.code.as_str(), error.exit()), ("id.ambiguous", 2));
    let error = give(&fake, "palier booking accept bkg_77777777").0.unwrap_err();
    assert_eq!((error.code.as_str(), error.exit()), ("id.not_found", 3));
    assert_eq!(asked(&fake), "Accept { anyway: false }", "nothing was done to the others");
}

#[test]
fn wall_clock_times_are_those_of_the_place_and_must_not_run_backwards() {
    let fake = Fake::default();
    let listing = DocId([1; 32]);
    let line =
        format!("palier booking request {listing} --start 1970-01-01T01:00 --end 1970-01-01T02:00");
    give(&fake, &line).0.unwrap();
    assert_eq!(asked(&fake), "(0, Some(3600000))");
    for end in ["1970-01-01T01:00", "1970-01-01T00:30"] {
        let line = format!("palier booking request {listing} --start 1970-01-01T01:00 --end {end}");
        let error = give(&fake, &line).0.unwrap_err();
        assert_eq!((error.code.as_str(), error.exit()), ("invalid.interval", 7));
    }
}

#[test]
fn a_time_is_claimed_only_when_it_is_given() {
    let fake = Fake::default();
    let id = BOOKINGS[0];
    give(&fake, &format!("palier booking show {id}")).0.unwrap();
    give(&fake, &format!("palier booking show {id} --now 1970-01-01T00:00:01Z")).0.unwrap();
    assert_eq!(asked(&fake), "0;1000");
}

#[test]
fn a_claimed_wall_clock_time_is_that_of_the_place() {
    let fake = Fake::default();
    let id = BOOKINGS[0];
    // Paris was one hour ahead.
    give(&fake, &format!("palier booking show {id} --now 1970-01-01T01:00:02")).0.unwrap();
    give(&fake, &format!("palier booking show {id} --now +3s")).0.unwrap();
    assert_eq!(asked(&fake), "2000;3000");
    give(&fake, &format!("palier booking show {id}")).0.unwrap();
    assert_eq!(asked(&fake), "2000;3000;0", "nothing of it stays");
}

#[test]
fn partial_results_keep_their_answer_and_say_so_by_the_exit_code() {
    let exit = |fake: &Fake, line: &str| give(fake, line).0.map(|outcome| outcome.exit);
    let fake = Fake { peers: 1, complete: true, ..Fake::default() };
    assert_eq!(exit(&fake, "palier sync --within 2s --peer 127.0.0.1:1"), Ok(0));
    assert_eq!(asked(&fake), r#"(2000, ["/ip4/127.0.0.1/tcp/1"])"#);
    assert_eq!(exit(&Fake { peers: 1, ..Fake::default() }, "palier sync"), Ok(9));
    assert_eq!(exit(&Fake::default(), "palier sync").unwrap_err().exit(), 6);
    assert_eq!(exit(&Fake::default(), "palier --offline sync").unwrap_err().exit(), 6);
    assert_eq!(exit(&Fake::default(), "palier --offline join x").unwrap_err().exit(), 6);
    for (link, code) in [("yes", 0), ("waits", 0), ("no", 4)] {
        assert_eq!(exit(&Fake::default(), &format!("palier join {link}")), Ok(code), "{link}");
    }
    let fake = Fake::default();
    assert_eq!(exit(&fake, "palier bundle import f"), Ok(7));
    assert_eq!(asked(&fake), "\"/here/f\"", "paths are the caller's");
}

#[test]
fn a_dump_is_one_row_a_line_and_ends_with_the_digest() {
    let (outcome, lines) = give(&Fake::default(), "palier dump --open");
    assert_eq!(outcome.unwrap(), Outcome { answer: None, exit: 0 });
    assert_eq!(lines.len(), 6);
    assert_eq!(lines[0], r#"{"event":"row","table":"t","key":"1","value":1}"#);
    assert_eq!(lines[5], r#"{"event":"end","rows":5,"open_digest":"d"}"#);
}

#[test]
fn bare_palier_says_how_things_stand() {
    let outcome = give(&Fake::default(), "palier").0.unwrap();
    let Some(Answer::Status(status)) = outcome.answer else { panic!("no status") };
    assert!(status.running && status.home == "/h");
}

#[test]
fn an_edit_that_changes_nothing_is_said_to() {
    let listing = DocId([1; 32]);
    for line in [format!("palier listing edit {listing}"), "palier profile edit".into()] {
        let error = give(&Fake::default(), &line).0.unwrap_err();
        assert_eq!((error.code.as_str(), error.exit()), ("usage.nothing_to_change", 2));
    }
}
