//! Acts as the engine takes them: an entry of the charter or of an identity document,
//! decoded and checked once.
//!
//! Invariant: a fact is a pure function of its entry and of entry 0 of its log, so it
//! can be kept or read again at will.

use super::act::{
    self, ActError, Admit, Appoint, Attest, Caps, Certify, Dismiss, Found, Group, GroupAct, Home,
    Leave, Payload, Policy, Remove, Revoke, Role, Roles, Second,
};
use super::closing::Closing;
use super::phrase::PhraseAct;
use crate::codec;
use crate::journal::{Class, Entry, GroupId, LogStart, Owner, Ref, kind};
use crate::keys::{DeviceId, EntryHash, HoodHash, LogId, MemberId};
use crate::time::Instant;

/// Largest payload of entry 0, in bytes.
const START_BYTES: usize = 1_024;

/// One entry of a charter or identity log, or entry 0 of any log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The entry.
    pub hash: EntryHash,
    /// Its log.
    pub log: LogId,
    /// Its place there.
    pub seq: u64,
    /// The entry before.
    pub previous: EntryHash,
    /// Heads of other logs of the document that it names.
    pub causes: Vec<EntryHash>,
    /// References of its payload.
    pub refs: Vec<Ref>,
    /// When its author says it was written. Decides nothing.
    pub at: Instant,
    /// What it says.
    pub body: Body,
}

/// What a fact says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Body {
    /// Entry 0 of a log; a certificate in it is good.
    Start(Box<LogStart>),
    Found {
        founder: MemberId,
        identity: EntryHash,
        caps: Caps,
        policy: Policy,
    },
    Admit {
        member: MemberId,
        identity: EntryHash,
        home: Home,
        roles: Roles,
    },
    Attest {
        member: MemberId,
        home: Home,
    },
    Appoint {
        member: MemberId,
        role: Role,
    },
    Dismiss {
        member: MemberId,
        role: Role,
    },
    Remove {
        member: MemberId,
        closing: Closing,
    },
    Second {
        act: EntryHash,
    },
    Leave {
        closing: Closing,
    },
    /// A group is founded: the act is its name.
    FoundGroup,
    AddManager {
        group: GroupId,
        member: MemberId,
    },
    RemoveManager {
        group: GroupId,
        member: MemberId,
        closing: Closing,
    },
    /// `phrase`: signed by the phrase itself.
    Certify {
        device: DeviceId,
        agreement: [u8; 32],
        phrase: bool,
    },
    Revoke {
        device: DeviceId,
        closing: Closing,
        phrase: bool,
    },
    /// A key epoch, a reserved kind, or one that is not known here.
    Other,
    /// It says nothing that counts; the code says why.
    Void(&'static str),
}

impl Fact {
    /// Reads an entry of a log that begins with `start`. What cannot be read is void,
    /// but keeps its place in the graph.
    pub fn read(entry: &Entry, start: &LogStart) -> Self {
        Self::read_with(entry, start, true)
    }

    /// Like [`read`](Self::read), for an entry that this device's own gate let in: a
    /// certificate in entry 0 was checked then and is not checked again.
    pub fn read_held(entry: &Entry, start: &LogStart) -> Self {
        Self::read_with(entry, start, false)
    }

    fn read_with(entry: &Entry, start: &LogStart, verify: bool) -> Self {
        let header = &entry.header;
        let mut fact = Self {
            hash: entry.hash(),
            log: header.log_id(),
            seq: header.seq,
            previous: header.previous,
            causes: header.causes.clone(),
            refs: Vec::new(),
            at: Instant::default(),
            body: Body::Other,
        };
        if header.seq == 0 {
            fact.body = read_start(entry, verify);
            return fact;
        }
        if header.kind == kind::identity::EPOCH {
            // Its payload is the keyring's.
            return fact;
        }
        match act::preamble(&entry.payload) {
            Ok(preamble) => {
                fact.at = preamble.at;
                fact.refs = preamble.refs;
            }
            Err(_) => fact.body = Body::Void("act.malformed"),
        }
        match read_body(header.kind, &entry.payload, start) {
            Ok(body) => fact.body = body,
            Err(error) => {
                fact.refs.clear();
                fact.body = Body::Void(match error {
                    ActError::Version(_) => "act.newer_version",
                    _ => "act.malformed",
                });
            }
        }
        fact
    }

    /// How far it says logs count.
    pub fn closing(&self) -> Option<&Closing> {
        match &self.body {
            Body::Remove { closing, .. }
            | Body::Leave { closing }
            | Body::RemoveManager { closing, .. }
            | Body::Revoke { closing, .. } => Some(closing),
            _ => None,
        }
    }
}

fn read_start(entry: &Entry, verify: bool) -> Body {
    let Ok(start) = codec::decode::<LogStart>(&entry.payload, START_BYTES) else {
        return Body::Void("act.malformed");
    };
    if let Some(certificate) = &start.certificate {
        let of_owner = start.descriptor.class == Class::Identity
            && start.descriptor.owner == Owner::Member(certificate.member);
        if !of_owner || (verify && certificate.verify(&start.device).is_err()) {
            return Body::Void("act.bad_certificate");
        }
    }
    Body::Start(Box::new(start))
}

fn read_body(kind: kind::Kind, payload: &[u8], start: &LogStart) -> Result<Body, ActError> {
    match start.descriptor.class {
        Class::Charter => read_charter(kind, payload, &start.descriptor.hood),
        Class::Identity => read_identity(kind, payload, start),
        _ => Ok(Body::Other),
    }
}

fn read_charter(kind: kind::Kind, payload: &[u8], hood: &HoodHash) -> Result<Body, ActError> {
    use kind::charter;
    Ok(match kind {
        charter::FOUND => {
            let Found { hood: founded, founder, identity, caps, policy, .. } =
                Found::from_bytes(payload)?;
            if founded != *hood {
                return Ok(Body::Void("act.other_neighbourhood"));
            }
            Body::Found { founder, identity, caps, policy }
        }
        charter::ADMIT => {
            let Admit { member, identity, home, roles, .. } = Admit::from_bytes(payload)?;
            Body::Admit { member, identity, home, roles }
        }
        charter::ATTEST => {
            let Attest { member, home, .. } = Attest::from_bytes(payload)?;
            Body::Attest { member, home }
        }
        charter::APPOINT => {
            let Appoint { member, role, .. } = Appoint::from_bytes(payload)?;
            Body::Appoint { member, role }
        }
        charter::DISMISS => {
            let Dismiss { member, role, .. } = Dismiss::from_bytes(payload)?;
            Body::Dismiss { member, role }
        }
        charter::REMOVE => {
            let Remove { member, closing, .. } = Remove::from_bytes(payload)?;
            Body::Remove { member, closing }
        }
        charter::SECOND => Body::Second { act: Second::from_bytes(payload)?.act },
        charter::LEAVE => Body::Leave { closing: Leave::from_bytes(payload)?.closing },
        charter::GROUP => match Group::from_bytes(payload)?.act {
            GroupAct::Found => Body::FoundGroup,
            GroupAct::Add { group, member } => Body::AddManager { group, member },
            GroupAct::Remove { group, member, closing } => {
                Body::RemoveManager { group, member, closing }
            }
        },
        _ => Body::Other,
    })
}

fn read_identity(kind: kind::Kind, payload: &[u8], start: &LogStart) -> Result<Body, ActError> {
    let Owner::Member(member) = start.descriptor.owner else { return Ok(Body::Other) };
    let hood = &start.descriptor.hood;
    let bad_phrase = Ok(Body::Void("act.bad_phrase_signature"));
    Ok(match kind {
        kind::identity::CERTIFY => {
            let act = Certify::from_bytes(payload)?;
            let phrase = act.phrase.is_some();
            if phrase && !act.is_signed_by(hood, &member) {
                return bad_phrase;
            }
            Body::Certify { device: act.device, agreement: act.agreement, phrase }
        }
        kind::identity::REVOKE => {
            let act = Revoke::from_bytes(payload)?;
            let phrase = act.phrase.is_some();
            if phrase && !act.is_signed_by(hood, &member) {
                return bad_phrase;
            }
            Body::Revoke { device: act.device, closing: act.closing, phrase }
        }
        _ => Body::Other,
    })
}
