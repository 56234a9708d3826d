//! Strangers: who knows a neighbourhood's name, its root, its addresses and what is in a
//! bundle of it, but has no right, is answered exactly as one who knows nothing.

use std::time::Duration;

use ed25519_dalek::{Signer as _, SigningKey};
use palier_model::journal::Signature;
use palier_model::keys::{HoodId, MemberId};
use palier_model::sync::frame::Claim;
use palier_model::sync::meeting::Proof;
use palier_model::sync::{Credential, Frame, InvitationLink, MeetKey};
use palier_node::net::DownReason;
use palier_tests::rogue::{Device, Talk, Wire, random};
use palier_tests::{Person, binary};
use tempfile::TempDir;

/// Meetings of each kind that are timed here; `PALIER_TEST_MEETINGS` for more.
const MEETINGS: usize = 60;

/// What a stranger tries with.
#[derive(Clone)]
struct Stranger {
    what: &'static str,
    credentials: Vec<Credential>,
    signing: SigningKey,
    /// Sends a proof of its own making where an honest node would say no more.
    forges: bool,
}

impl Stranger {
    fn new(what: &'static str, credentials: Vec<Credential>) -> Self {
        Self { what, credentials, signing: SigningKey::from_bytes(&random()), forges: false }
    }
}

fn guess(key: MeetKey, member: MemberId) -> Credential {
    Credential { key, member, certificate: Vec::new(), expect: None }
}

/// All that an observer of one meeting has.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answered {
    /// Types and sizes of frames, in order.
    frames: Vec<(u8, usize)>,
    /// The bytes of the last one, which hold nothing random.
    last: Vec<u8>,
    ended: DownReason,
}

async fn try_it(wire: &mut Wire, addr: &str, stranger: &Stranger) -> (Answered, Vec<Duration>) {
    let mut talk = wire.link(addr).await;
    if stranger.forges {
        forge(&mut talk, stranger).await;
    } else {
        let met = talk.meet(stranger.credentials.clone(), &stranger.signing).await;
        assert!(met.is_none(), "{} was let in", stranger.what);
    }
    talk.hear_out().await;
    let ended = wire.ended(talk.id()).await;
    let last = talk.heard.last().map(|heard| heard.bytes.clone()).unwrap_or_default();
    let times = talk.heard.iter().map(|heard| heard.after).collect();
    (Answered { frames: talk.shapes(), last, ended }, times)
}

/// A first frame of guesses, then a proof for a slot that was not answered.
async fn forge(talk: &mut Talk, stranger: &Stranger) {
    let peers = talk.peers();
    let mut meeting = palier_model::sync::Meeting::new(
        talk.role(),
        peers,
        stranger.credentials.clone(),
        stranger.signing.clone(),
        &random(),
    );
    let first = meeting.start().expect("the initiator begins");
    talk.say(&first).await;
    talk.hear().await.expect("an answer");
    let device = palier_model::keys::DeviceId(stranger.signing.verifying_key().to_bytes());
    let member = stranger.credentials.first().map_or(MemberId([9; 32]), |it| it.member);
    let signature = Signature(stranger.signing.sign(&random()).to_bytes());
    let claim = Claim { member, device, signature };
    talk.say(&Frame::Proof(Proof { slot: 3, claim, certificate: vec![1; 400] })).await;
}

/// How often a time of one kind is longer than one of the other: 0.5 says nothing.
fn telling(one: &[Duration], other: &[Duration]) -> f64 {
    let longer: f64 = one
        .iter()
        .flat_map(|a| {
            other.iter().map(move |b| match a.cmp(b) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            })
        })
        .sum();
    #[allow(clippy::cast_precision_loss)]
    let pairs = (one.len() * other.len()) as f64;
    longer / pairs
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

#[test]
fn who_knows_name_root_and_addresses_is_answered_as_one_who_knows_nothing() {
    if binary().is_none() {
        return;
    }
    let root = TempDir::new().expect("a folder");
    let hub = Person::init(root.path(), "hub").expect("a home");
    hub.must(&["hood", "found", "Les Érables"]);
    hub.must(&["listing", "add", "tool", "--title", "Drill"]);
    let file = root.path().join("it.palier");
    hub.must(&["bundle", "export", file.to_str().expect("a path")]);
    let node = hub.run(&[]);
    // Somebody who found the bundle: hash, root, members, devices, everything open.
    let reader = Person::init(root.path(), "reader").expect("a home");
    reader.must(&["bundle", "import", file.to_str().expect("a path")]);
    // An invitation that was taken back.
    let invitation = hub.must(&["invite", "create"]);
    let link = InvitationLink::from_text(&invitation.text("link")).expect("a link");
    hub.must(&["invite", "revoke", &invitation.text("id")]);
    // And a node that is in no neighbourhood at all.
    let lonely = Person::init(root.path(), "lonely").expect("a home");
    let lonely = lonely.run(&[]);

    let reader = Device::of(&reader);
    let replica = reader.engine.replica(&reader.hood()).expect("a reader");
    let row = replica.hood();
    let first = row.root.expect("the root is open");
    let founder = replica.authority().members().next().map(|(id, _)| *id).expect("a founder");
    let named = padded("Les Érables");
    let guesses: Vec<Credential> = [row.hash.0, first.log.0, first.act.0, named, founder.0]
        .into_iter()
        .map(|bytes| guess(MeetKey::Hood(HoodId(bytes)), founder))
        .chain([guess(MeetKey::Invitation(row.hash.0), founder)])
        .chain([guess(MeetKey::Link(row.hash.0), founder)])
        .collect();
    // As many guesses of somebody who knows nothing: what his own work takes before he
    // speaks is then the same, and only the node's answer differs, if anything does.
    let blind: Vec<Credential> = guesses
        .iter()
        .map(|guess| {
            let key = match guess.key {
                MeetKey::Hood(_) => MeetKey::Hood(HoodId(random())),
                MeetKey::Invitation(_) => MeetKey::Invitation(random()),
                MeetKey::Link(_) => MeetKey::Link(random()),
            };
            Credential { key, member: MemberId(random()), ..guess.clone() }
        })
        .collect();
    let one_blind = vec![guess(MeetKey::Invitation(random()), MemberId([3; 32]))];
    let strangers = [
        Stranger::new("nothing", Vec::new()),
        Stranger { forges: true, ..Stranger::new("nothing, forging", blind.clone()) },
        Stranger::new("name, root, addresses", guesses.clone()),
        Stranger { forges: true, ..Stranger::new("name, root, addresses, forging", guesses) },
        Stranger::new(
            "an invitation taken back",
            vec![guess(MeetKey::Invitation(link.secret), MemberId([3; 32]))],
        ),
        Stranger::new("nothing, guessing as often", blind),
        Stranger::new("nothing, guessing once", one_blind),
    ];
    let meetings = std::env::var("PALIER_TEST_MEETINGS").ok().and_then(|it| it.parse().ok());
    let meetings: usize = meetings.unwrap_or(MEETINGS);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let times = runtime.expect("a runtime").block_on(async {
        let addrs = [node.address(), lonely.address()];
        let mut wires: Vec<[Wire; 2]> =
            strangers.iter().map(|_| [Wire::start(), Wire::start()]).collect();
        let mut times = vec![Vec::new(); strangers.len()];
        let mut expected = None;
        for turn in 0..meetings {
            for (place, wire) in wires.iter_mut().enumerate() {
                // Each turn in another order, so that no place in it is anybody's; nor is
                // a wire, of which one may always be a little quicker than another.
                let number = (place + turn) % strangers.len();
                let stranger = &strangers[number];
                let (answered, took) = try_it(&mut wire[0], &addrs[0], stranger).await;
                let expected = expected.get_or_insert_with(|| answered.clone());
                assert_eq!(&answered, expected, "{}", stranger.what);
                times[number].push(took);
                if turn < 2 {
                    let (answered, _) = try_it(&mut wire[1], &addrs[1], stranger).await;
                    assert_eq!(&answered, expected, "{} at a node without any", stranger.what);
                }
            }
        }
        times
    });
    // Warm-up aside, neither the first answer nor the last one tells by its time.
    let column = |number: usize, frame: usize| -> Vec<Duration> {
        times[number].iter().skip(2).filter_map(|took| took.get(frame).copied()).collect()
    };
    for (frame, what) in [(0, "first answer"), (1, "no")] {
        // Each is compared with whoever knows nothing and does the same.
        for (number, like) in [(2, 5), (3, 1), (4, 6), (5, 0)] {
            let (theirs, nothing) = (column(number, frame), column(like, frame));
            let told = telling(&theirs, &nothing);
            let who = strangers[number].what;
            eprintln!(
                "{what} to {who}: {:?} (median), to nothing {:?}; longer in {:.0} %",
                median(&theirs),
                median(&nothing),
                told * 100.0
            );
            // Five standard deviations of what chance does with so many.
            #[allow(clippy::cast_precision_loss)]
            let noise = 5.0 * (1.0 / (6.0 * theirs.len().max(1) as f64)).sqrt();
            // The last pair only shows what a stranger's own work does to the figure.
            let is_own_work = number == 5;
            assert!(is_own_work || (told - 0.5).abs() < noise, "{what} to {who} tells: {told}");
        }
    }
}

fn padded(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (at, byte) in text.bytes().enumerate().take(32) {
        bytes[at] = byte;
    }
    bytes
}
