//! Join (`PROTOCOL.md` §8): what follows when the bearer of an invitation and the device
//! that redeems it have met; and the same channel for the link of two devices.
//!
//! Invariant: nothing here decides who is admitted. The application goes out as data, and
//! its answer comes in as data.

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::effect::{CloseReason, Effect, Out};
use super::frame::{Ack, Frame, Runs, Sealed};
use super::limits;
use super::meeting::{MeetKey, Met, Peer, Role};
use super::outbox::Outbox;
use crate::codec;
use crate::journal::{Class, Entry, LogRow, LogStart, Run, Verdict};
use crate::keys::{EntryHash, HoodHash, HoodId, LogId};
use crate::rows::{Rows, RowsError, Table, Tx};

/// Largest code of a refusal, in bytes.
const CODE_BYTES: usize = 64;

/// Where a bearer is about to join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The neighbourhood's secret id.
    pub hood: HoodId,
    /// The founder's charter log …
    pub log: LogId,
    /// … and in it the first act.
    pub act: EntryHash,
    /// The neighbourhood's name, for the screen.
    pub hood_name: String,
}

/// What a bearer says of itself, to the redeemer and the coordinators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinForm {
    /// The name to be shown.
    pub name: String,
    /// Building and door, in the bearer's words.
    pub home: String,
    /// Languages spoken, as BCP 47 tags.
    pub languages: Vec<String>,
}

impl JoinForm {
    /// Whether every part is within its limit.
    pub fn is_bounded(&self) -> bool {
        let fits = |text: &String| text.len() <= limits::APPLICATION_TEXT_BYTES;
        fits(&self.name)
            && fits(&self.home)
            && self.languages.len() <= limits::APPLICATION_LANGUAGES
            && self.languages.iter().all(fits)
    }
}

/// Someone asks to join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Who, proved in the meeting; its certificate is the signed entry 0.
    pub peer: Peer,
    /// Which invitation was used: BLAKE3 of its secret.
    pub invitation: [u8; 32],
    /// The whole identity log, from entry 0. Not yet through the gate.
    pub identity: Vec<Run>,
    /// What it says of itself.
    pub form: JoinForm,
}

/// What comes of an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum JoinAnswer {
    /// Admitted: the act is in the charter, which the next session brings.
    Joined,
    /// Kept until a coordinator decides.
    AwaitingApproval,
    /// Refused; a stable code says why.
    Refused(String),
}

/// What goes through the channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Message {
    Welcome(Welcome),
    Ready,
    Apply { identity: Vec<ByteBuf>, form: JoinForm },
    Answer(JoinAnswer),
    Link(ByteBuf),
}

/// The bearer's entry 0, where a peer's certificate is one that its device and its phrase
/// signed for this neighbourhood.
pub fn bearer_entry(peer: &Peer, hood: &HoodHash) -> Option<(Entry, LogStart)> {
    let entry: Entry = codec::decode(&peer.certificate, limits::CERTIFICATE_BYTES).ok()?;
    entry.check().ok()?;
    entry.verify(&peer.device).ok()?;
    let start: LogStart = codec::decode(&entry.payload, limits::CERTIFICATE_BYTES).ok()?;
    let certificate = start.certificate?;
    let fits = entry.header.seq == 0
        && start.device == peer.device
        && start.descriptor == crate::journal::Descriptor::identity(*hood, peer.member)
        && certificate.member == peer.member;
    (fits && certificate.verify(&peer.device).is_ok()).then_some((entry, start))
}

/// Messages sealed under the secret both sides met on, so that the transport's end is not
/// the only thing that guards a neighbourhood's id.
struct Channel {
    cipher: ChaCha20Poly1305,
    role: Role,
    sent: u64,
    received: u64,
}

impl Channel {
    fn new(role: Role, key: &MeetKey, met: &Met) -> Self {
        let material = [key.key(), met.nonces[0], met.nonces[1]].concat();
        let key = blake3::derive_key("palier join v1", &material);
        Self { cipher: ChaCha20Poly1305::new(&Key::from(key)), role, sent: 0, received: 0 }
    }

    fn seal(&mut self, message: &Message) -> Result<Frame, CloseReason> {
        let nonce = nonce(self.role, self.sent);
        self.sent += 1;
        let plain = codec::encode(message);
        if plain.len() > limits::JOIN_MESSAGE_BYTES || self.sent > limits::JOIN_MESSAGES {
            return Err(CloseReason::Flood);
        }
        let ciphertext =
            self.cipher.encrypt(&nonce, plain.as_slice()).map_err(|_| CloseReason::Protocol)?;
        Ok(Frame::Sealed(Sealed { ciphertext }))
    }

    fn open(&mut self, sealed: &Sealed) -> Result<Message, CloseReason> {
        let nonce = nonce(self.role.other(), self.received);
        self.received += 1;
        if self.received > limits::JOIN_MESSAGES {
            return Err(CloseReason::Flood);
        }
        let plain = self
            .cipher
            .decrypt(&nonce, sealed.ciphertext.as_slice())
            .map_err(|_| CloseReason::Protocol)?;
        codec::decode(&plain, limits::JOIN_MESSAGE_BYTES).map_err(|_| CloseReason::Protocol)
    }
}

fn nonce(role: Role, counter: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[0] = u8::from(role == Role::Responder);
    nonce[4..].copy_from_slice(&counter.to_le_bytes());
    Nonce::from(nonce)
}

enum Side {
    /// Waits for the welcome, for entries, then for the answer.
    Bearer { hood: HoodHash, act: EntryHash, welcomed: bool, ready: bool, told: bool },
    /// Sends charter and identities, then waits for the application.
    Redeemer { outbox: Outbox, in_flight: usize, ready_sent: bool, applied: bool },
    /// Two devices of one member, as equals.
    Link,
}

/// A join or device link under way.
pub(super) struct Joining {
    channel: Channel,
    peer: Peer,
    invitation: [u8; 32],
    side: Side,
    accepting: Option<(u64, u32)>,
    waiting: std::collections::VecDeque<(Vec<Run>, u32)>,
    waiting_bytes: usize,
    tickets: u64,
}

impl Joining {
    fn new(role: Role, key: &MeetKey, met: &Met, side: Side) -> Self {
        let invitation = match key {
            MeetKey::Invitation(secret) | MeetKey::Link(secret) => *blake3::hash(secret).as_bytes(),
            MeetKey::Hood(_) => [0; 32],
        };
        Self {
            channel: Channel::new(role, key, met),
            peer: met.peer.clone(),
            invitation,
            side,
            accepting: None,
            waiting: std::collections::VecDeque::new(),
            waiting_bytes: 0,
            tickets: 0,
        }
    }

    pub(super) fn bearer(key: &MeetKey, met: &Met, hood: HoodHash, act: EntryHash) -> Self {
        let side = Side::Bearer { hood, act, welcomed: false, ready: false, told: false };
        Self::new(Role::Initiator, key, met, side)
    }

    pub(super) fn link(role: Role, key: &MeetKey, met: &Met) -> Self {
        Self::new(role, key, met, Side::Link)
    }

    pub(super) fn redeemer(
        key: &MeetKey,
        met: &Met,
        welcome: Welcome,
        tx: &Tx<'_>,
        out: &mut Out,
    ) -> Result<Self, CloseReason> {
        let mut outbox = Outbox::default();
        for log in first_logs(tx)? {
            outbox.push(tx, log, Vec::new())?;
        }
        let side = Side::Redeemer { outbox, in_flight: 0, ready_sent: false, applied: false };
        let mut joining = Self::new(Role::Responder, key, met, side);
        let frame = joining.channel.seal(&Message::Welcome(welcome))?;
        out.send(&frame);
        joining.pump(tx, out)?;
        Ok(joining)
    }

    fn pump(&mut self, tx: &Tx<'_>, out: &mut Out) -> Result<(), CloseReason> {
        let Side::Redeemer { outbox, in_flight, ready_sent, .. } = &mut self.side else {
            return Ok(());
        };
        while *in_flight < limits::RUNS_WINDOW_BYTES {
            let Some(mut batch) = outbox.next_batch(tx)? else { break };
            // Nobody asked for logs one by one, so nobody waits for the list.
            batch.done.clear();
            if !batch.runs.is_empty() {
                *in_flight += out.send(&Frame::Runs(batch));
            }
        }
        if outbox.is_empty() && !*ready_sent {
            *ready_sent = true;
            let frame = self.channel.seal(&Message::Ready)?;
            out.send(&frame);
        }
        Ok(())
    }

    pub(super) fn handle(
        &mut self,
        frame: Frame,
        size: usize,
        tx: &Tx<'_>,
        out: &mut Out,
    ) -> Result<(), CloseReason> {
        match (frame, &mut self.side) {
            (Frame::Sealed(sealed), _) => {
                let message = self.channel.open(&sealed)?;
                self.message(message, out)
            }
            (Frame::Ack(ack), Side::Redeemer { in_flight, .. }) => {
                *in_flight = in_flight.saturating_sub(ack.runs as usize);
                self.pump(tx, out)
            }
            (Frame::Runs(runs), Side::Bearer { welcomed: true, .. }) => self.runs(&runs, size, out),
            _ => Err(CloseReason::Protocol),
        }
    }

    fn runs(&mut self, runs: &Runs, size: usize, out: &mut Out) -> Result<(), CloseReason> {
        self.waiting_bytes += size;
        if self.waiting_bytes > limits::RUNS_WINDOW_BYTES + limits::FRAME_BYTES {
            return Err(CloseReason::Flood);
        }
        let runs: Result<Vec<Run>, _> =
            runs.runs.iter().map(|bytes| Run::from_bytes(bytes)).collect();
        let runs = runs.map_err(|_| CloseReason::Misbehaved)?;
        self.waiting.push_back((runs, u32::try_from(size).unwrap_or(u32::MAX)));
        self.accept_next(out);
        Ok(())
    }

    fn accept_next(&mut self, out: &mut Out) {
        if self.accepting.is_some() {
            return;
        }
        if let Some((runs, size)) = self.waiting.pop_front() {
            self.tickets += 1;
            self.accepting = Some((self.tickets, size));
            out.push(Effect::Accept { ticket: self.tickets, runs });
            return;
        }
        if let Side::Bearer { ready: true, told, .. } = &mut self.side
            && !*told
        {
            *told = true;
            out.push(Effect::WelcomeDone);
        }
    }

    pub(super) fn on_accepted(
        &mut self,
        ticket: u64,
        verdicts: &[Verdict],
        out: &mut Out,
    ) -> Result<(), CloseReason> {
        let Some((expected, size)) = self.accepting.take() else { return Ok(()) };
        if expected != ticket {
            self.accepting = Some((expected, size));
            return Ok(());
        }
        for verdict in verdicts {
            out.stats.entries_in += verdict.accepted.len() as u64;
        }
        self.waiting_bytes = self.waiting_bytes.saturating_sub(size as usize);
        out.send(&Frame::Ack(Ack { runs: size, news: 0, read: None }));
        self.accept_next(out);
        Ok(())
    }

    fn message(&mut self, message: Message, out: &mut Out) -> Result<(), CloseReason> {
        match (message, &mut self.side) {
            (Message::Welcome(welcome), Side::Bearer { hood, act, welcomed, .. }) if !*welcomed => {
                // What was invited to is what is joined.
                if welcome.act != *act || welcome.hood.hash() != *hood {
                    return Err(CloseReason::Misbehaved);
                }
                if welcome.hood_name.len() > limits::APPLICATION_TEXT_BYTES {
                    return Err(CloseReason::Flood);
                }
                *welcomed = true;
                out.push(Effect::Welcomed(welcome));
            }
            (Message::Ready, Side::Bearer { welcomed: true, ready, .. }) => {
                *ready = true;
                self.accept_next(out);
            }
            (Message::Apply { identity, form }, Side::Redeemer { ready_sent, applied, .. })
                if *ready_sent && !*applied =>
            {
                *applied = true;
                let runs: Result<Vec<Run>, _> =
                    identity.iter().map(|bytes| Run::from_bytes(bytes)).collect();
                let identity = runs.map_err(|_| CloseReason::Misbehaved)?;
                if !form.is_bounded() {
                    return Err(CloseReason::Flood);
                }
                let (peer, invitation) = (self.peer.clone(), self.invitation);
                let application = Application { peer, invitation, identity, form };
                out.push(Effect::Application(Box::new(application)));
            }
            (Message::Answer(answer), Side::Bearer { told: true, .. }) => {
                if let JoinAnswer::Refused(code) = &answer
                    && code.len() > CODE_BYTES
                {
                    return Err(CloseReason::Flood);
                }
                out.push(Effect::JoinAnswered(answer));
                return Err(CloseReason::Done);
            }
            (Message::Link(bytes), Side::Link) => out.push(Effect::Link(bytes.into_vec())),
            _ => return Err(CloseReason::Protocol),
        }
        Ok(())
    }

    /// The bearer applies.
    pub(super) fn apply(
        &mut self,
        identity: &[Run],
        form: JoinForm,
        out: &mut Out,
    ) -> Result<(), CloseReason> {
        if !form.is_bounded() {
            return Err(CloseReason::Flood);
        }
        let identity = identity.iter().map(|run| ByteBuf::from(run.to_bytes())).collect();
        let frame = self.channel.seal(&Message::Apply { identity, form })?;
        out.send(&frame);
        Ok(())
    }

    /// The redeemer answers an application.
    pub(super) fn answer(&mut self, answer: JoinAnswer, out: &mut Out) -> Result<(), CloseReason> {
        let frame = self.channel.seal(&Message::Answer(answer))?;
        out.send(&frame);
        Ok(())
    }

    /// Sends a message of a device link.
    pub(super) fn send_link(&mut self, bytes: Vec<u8>, out: &mut Out) -> Result<(), CloseReason> {
        let frame = self.channel.seal(&Message::Link(ByteBuf::from(bytes)))?;
        out.send(&frame);
        Ok(())
    }
}

/// Every log of charter and identity.
fn first_logs(tx: &Tx<'_>) -> Result<Vec<LogId>, RowsError> {
    let mut logs: Vec<(Class, LogId)> = Vec::new();
    for (key, bytes) in tx.scan(Table::Logs, &[], &[], false, usize::MAX)? {
        let corrupt = || RowsError::Corrupt { table: Table::Logs, key: key.clone() };
        let log = LogId::from_slice(&key).ok_or_else(corrupt)?;
        let (row, _) =
            codec::decode_prefix::<LogRow>(&bytes, bytes.len()).map_err(|_| corrupt())?;
        let class = row.start.descriptor.class;
        if class.comes_first() {
            logs.push((class, log));
        }
    }
    logs.sort_unstable();
    Ok(logs.into_iter().map(|(_, log)| log).collect())
}
