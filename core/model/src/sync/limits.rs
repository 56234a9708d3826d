//! Limits of a session, enforced when encoding and when decoding.

/// Largest frame, in bytes. An entry is at most a quarter of it.
pub const FRAME_BYTES: usize = 256 << 10;
/// Most frames of unknown types that one session ignores before it is closed.
pub const UNKNOWN_FRAMES: u32 = 1_024;

/// Largest frame that wraps one of another session: type, number, length, and that frame.
pub const CHANNEL_FRAME_BYTES: usize = 1 + 5 + 3 + FRAME_BYTES;
/// Sessions on one stream at a time: neighbourhoods that two devices share.
pub const CHANNELS: usize = 32;
/// Sessions that the other side may begin on a stream at once …
pub const CHANNEL_TRIES: i64 = 16;
/// … and one more each time that this has passed.
pub const CHANNEL_TRY_MS: i64 = 2_000;
/// Sessions with those who are heard and told nothing, of all that a node has. They hold
/// nothing but the place they take.
pub const HEARD_SESSIONS: usize = 4;

/// Slots in a meeting: neighbourhoods that one node can offer at once.
pub const SLOTS: usize = 8;
/// Keys a responder compares the slots with: its neighbourhoods, open invitations and
/// device links. 256 keyed hashes of 100 bytes take well under a millisecond.
pub const MEET_KEYS: usize = 256;
/// Bytes of a meeting's first two frames, type included.
pub const MEET_FRAME_BYTES: usize = 2 + 32 + SLOTS * 32;
/// Bytes of a proof, of its answer, and of every "no", type included.
pub const PROOF_FRAME_BYTES: usize = 1_024;
/// Largest certificate in a proof: the signed entry 0 of an identity log has 430 bytes.
pub const CERTIFICATE_BYTES: usize = 768;
/// Largest transport peer id.
pub const PEER_ID_BYTES: usize = 64;
/// A meeting that takes longer than this has failed.
pub const MEETING_MS: i64 = 20_000;

/// Bytes of runs under way to a peer that it has not acknowledged as durable. What another
/// wrote waits behind them, so they are what a second of the slowest phone can take in.
pub const RUNS_WINDOW_BYTES: usize = 2 * BATCH_BYTES;
/// The same for announcements, apart so that a flood of runs never delays them.
pub const NEWS_WINDOW_BYTES: usize = 64 << 10;
/// Runs are packed into frames of about this many bytes.
pub const BATCH_BYTES: usize = 32 << 10;
/// What one owner may put into a batch before the next owner has its turn.
pub const TURN_BYTES: usize = 8 << 10;
/// Most runs in one frame.
pub const RUNS: usize = 4_096;
/// Most logs announced, asked for, or done in one frame.
pub const LOGS: usize = 1_024;
/// Most tips of one log that a want names.
pub const HAVE_TIPS: usize = 64;
/// Logs one peer may have asked for and not yet been sent.
pub const WANTED_LOGS: usize = 1 << 18;
/// Announcements beyond that window: what is told ahead of its turn while a peer has much
/// left to read.
pub const AHEAD_BYTES: usize = 32 << 10;
/// What little is: entries of an owner that go ahead, or ride along, while the peer has
/// much to deal with.
pub const AHEAD_ENTRIES: usize = 16;
/// Most announcements in one frame.
pub const PAGE_ITEMS: usize = 4_096;
/// Entries of the order of acceptance looked at for one page of announcements.
pub const PAGE_ENTRIES: usize = 512;
/// An entry up to this size rides in its announcement.
pub const INLINE_BYTES: usize = 1 << 10;
/// All that rides in one page of announcements …
pub const INLINE_PAGE_BYTES: usize = 32 << 10;
/// … of which an owner has no more entries than this, so that one document in a hundred of
/// ten thousand changed is still told in one go …
pub const INLINE_ENTRIES: usize = 128;
/// … and all that rides while the peer has others to deal with: little of anybody, so that
/// a flood does not come this way.
pub const INLINE_BUSY_BYTES: usize = 8 << 10;
/// New entries are gathered this long before they are announced.
pub const ANNOUNCE_MS: i64 = 100;
/// A page that only says how far a peer has read what came from itself can wait.
pub const ADVANCE_MS: i64 = 2_000;
/// Tips a session remembers as known to its peer, so as not to echo them.
pub const PEER_TIPS: usize = 4_096;

/// Rounds after which a reconciliation has failed: 16 ranges a level, so 4 levels cover a
/// million logs, and a first answer of a million ids needs 170 frames.
pub const RECONCILE_ROUNDS: u32 = 256;
/// Bytes of one reconciliation message.
pub const RECONCILE_BYTES: usize = 192 << 10;
/// Most ids one side may turn out to lack.
pub const RECONCILE_IDS: usize = 1 << 18;
/// Ids asked for in one frame.
pub const NEED_IDS: usize = 4_096;
/// Reconciliations are at least this far apart within one session.
pub const RECONCILE_EVERY_MS: i64 = 5_000;

/// A session in which something is due and nothing came for this long is closed.
pub const STALL_MS: i64 = 60_000;
/// A quiet session is asked for a sign of life after this long: 40 bytes a minute.
pub const PING_MS: i64 = 60_000;
/// A peer that gave no sign of life for this long is gone.
pub const SILENCE_MS: i64 = 150_000;
/// A log claimed by another session is claimed anew after this long.
pub const CLAIM_MS: i64 = 10_000;
/// Logs claimed elsewhere are looked at again this often.
pub const RECHECK_MS: i64 = 1_000;

/// Largest blob, in bytes.
pub const BLOB_BYTES: usize = 512 << 10;
/// Bytes of one verified chunk of a blob.
pub const BLOB_CHUNK_BYTES: usize = 64 << 10;
/// Blobs asked of one peer at a time.
pub const BLOB_FETCHES: usize = 8;
/// Blobs one peer may have asked for and not been sent.
pub const BLOB_QUEUE: usize = 64;

/// Devices in one list of addresses.
pub const ADDRESS_DEVICES: usize = 64;
/// Addresses of one device.
pub const ADDRESSES: usize = 8;
/// Bytes of one address.
pub const ADDRESS_BYTES: usize = 256;

/// Largest sealed message of a join or device link.
pub const JOIN_MESSAGE_BYTES: usize = 192 << 10;
/// Messages of one join or device link.
pub const JOIN_MESSAGES: u64 = 64;
/// Bytes of a name, a home or a language in an application.
pub const APPLICATION_TEXT_BYTES: usize = 256;
/// Languages in an application.
pub const APPLICATION_LANGUAGES: usize = 16;
