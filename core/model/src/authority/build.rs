//! Acts as a node writes them: with what they must name gathered from what it holds.
//!
//! Each gives the kind and payload for [`append_after`](crate::journal::append_after),
//! which adds the heads of the document as causes; the charter's acts thereby have seen
//! the charter.

use super::act::{
    Admit, Appoint, Attest, Caps, Certify, Dismiss, Found, Group, GroupAct, Home, Leave, Payload,
    Policy, Preamble, Remove, Revoke, Role, Roles, Second,
};
use super::closing::{CLOSING_TIPS, ClosedTip, Closing};
use super::engine::Authority;
use super::phrase::PhraseAct;
use crate::journal::kind::{self, Kind};
use crate::journal::{
    Class, Descriptor, GroupId, LogStart, Logs, Owner, Ref, Tip, limits, log_row,
};
use crate::keys::{DeviceId, EntryHash, HoodHash, LogId, MemberId};
use crate::rows::{RowsError, Tx};
use crate::time::Instant;

/// Most logs that are looked through for a closing.
const LOGS_SEARCHED: usize = 1 << 20;

/// An act to be appended: in which document, of what kind, with which payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The document.
    pub document: Descriptor,
    /// The kind.
    pub kind: Kind,
    /// The payload.
    pub payload: Vec<u8>,
}

fn charter(hood: HoodHash, kind: Kind, act: &impl Payload) -> Draft {
    Draft { document: Descriptor::charter(hood), kind, payload: act.to_bytes() }
}

fn identity(hood: HoodHash, member: MemberId, kind: Kind, act: &impl Payload) -> Draft {
    Draft { document: Descriptor::identity(hood, member), kind, payload: act.to_bytes() }
}

fn plain(at: Instant) -> Preamble {
    Preamble::new(at, Vec::new())
}

/// Founds a neighbourhood. `entry0` is entry 0 of the founder's identity log.
pub fn found(
    at: Instant,
    hood: HoodHash,
    founder: MemberId,
    entry0: EntryHash,
    caps: Caps,
    policy: Policy,
) -> Draft {
    let act = Found { preamble: plain(at), hood, founder, identity: entry0, caps, policy };
    charter(hood, kind::charter::FOUND, &act)
}

/// Whom an admission lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newcomer {
    /// The member.
    pub member: MemberId,
    /// Entry 0 of its identity log.
    pub entry0: EntryHash,
    /// Hash of the invitation; zero for none.
    pub invitation: [u8; 32],
    /// What is attested of its home.
    pub home: Home,
    /// Roles given at once; only a coordinator may give any.
    pub roles: Roles,
}

/// Admits a member.
pub fn admit(at: Instant, hood: HoodHash, newcomer: Newcomer) -> Draft {
    let Newcomer { member, entry0, invitation, home, roles } = newcomer;
    let act = Admit { preamble: plain(at), member, identity: entry0, invitation, home, roles };
    charter(hood, kind::charter::ADMIT, &act)
}

/// Attests building and landlord.
pub fn attest(at: Instant, hood: HoodHash, member: MemberId, home: Home) -> Draft {
    charter(hood, kind::charter::ATTEST, &Attest { preamble: plain(at), member, home })
}

/// Gives a role.
pub fn appoint(at: Instant, hood: HoodHash, member: MemberId, role: Role) -> Draft {
    charter(hood, kind::charter::APPOINT, &Appoint { preamble: plain(at), member, role })
}

/// Takes a role back.
pub fn dismiss(at: Instant, hood: HoodHash, member: MemberId, role: Role) -> Draft {
    charter(hood, kind::charter::DISMISS, &Dismiss { preamble: plain(at), member, role })
}

/// Removes a member; what is held here of its logs goes on counting.
pub fn remove(
    tx: &Tx<'_>,
    authority: &Authority,
    at: Instant,
    member: MemberId,
) -> Result<Draft, RowsError> {
    let closing = gather(tx, authority, &member, |_| true)?;
    let act = Remove { preamble: plain(at), member, closing };
    Ok(charter(authority.hood(), kind::charter::REMOVE, &act))
}

/// Co-signs an act.
pub fn second(at: Instant, hood: HoodHash, act: EntryHash) -> Draft {
    charter(hood, kind::charter::SECOND, &Second { preamble: plain(at), act })
}

/// Leaves; what is held here of one's own logs goes on counting.
pub fn leave(
    tx: &Tx<'_>,
    authority: &Authority,
    at: Instant,
    member: MemberId,
) -> Result<Draft, RowsError> {
    let closing = gather(tx, authority, &member, |_| true)?;
    Ok(charter(authority.hood(), kind::charter::LEAVE, &Leave { preamble: plain(at), closing }))
}

fn about_group(at: Instant, hood: HoodHash, act: GroupAct) -> Draft {
    charter(hood, kind::charter::GROUP, &Group { preamble: plain(at), act })
}

/// Founds a group.
pub fn found_group(at: Instant, hood: HoodHash) -> Draft {
    about_group(at, hood, GroupAct::Found)
}

/// Makes a member a manager.
pub fn add_manager(at: Instant, hood: HoodHash, group: GroupId, member: MemberId) -> Draft {
    about_group(at, hood, GroupAct::Add { group, member })
}

/// Ends a manager; what is held here of what he wrote for the group goes on counting.
pub fn remove_manager(
    tx: &Tx<'_>,
    authority: &Authority,
    at: Instant,
    group: GroupId,
    member: MemberId,
) -> Result<Draft, RowsError> {
    let of_group = |start: &LogStart| start.descriptor.owner == Owner::Group(group);
    let closing = gather(tx, authority, &member, of_group)?;
    Ok(about_group(at, authority.hood(), GroupAct::Remove { group, member, closing }))
}

/// A certificate for a device. Sign it with [`PhraseAct::sign`] where the phrase is at
/// hand, then [`draft_certify`].
pub fn certify(at: Instant, device: DeviceId, agreement: [u8; 32]) -> Certify {
    Certify { preamble: plain(at), device, agreement, phrase: None }
}

/// A certificate as a draft.
pub fn draft_certify(hood: HoodHash, member: MemberId, act: &Certify) -> Draft {
    identity(hood, member, Certify::KIND, act)
}

/// A revocation of a member's device; what is held here of its logs goes on counting.
/// Sign it with [`PhraseAct::sign`] where the phrase is at hand, then [`draft_revoke`].
pub fn revoke(
    tx: &Tx<'_>,
    authority: &Authority,
    at: Instant,
    member: MemberId,
    device: DeviceId,
) -> Result<Revoke, RowsError> {
    // An identity act has no causes in the charter: it names what it saw there.
    let document = Descriptor::charter(authority.hood()).id();
    let mut refs = Vec::new();
    for hash in authority.charter_heads().into_iter().take(limits::REFS) {
        if let Some(fact) = authority.fact(&hash) {
            refs.push(Ref { document, log: fact.log, seq: fact.seq, hash });
        }
    }
    let closing = gather(tx, authority, &member, |start| start.device == device)?;
    Ok(Revoke { preamble: Preamble::new(at, refs), device, closing, phrase: None })
}

/// A revocation as a draft.
pub fn draft_revoke(hood: HoodHash, member: MemberId, act: &Revoke) -> Draft {
    identity(hood, member, Revoke::KIND, act)
}

/// The tips of those logs of a member that are meant: first the newest log per class,
/// owner, incarnation (and document, for objects, which live side by side), then older
/// ones as far as there is room.
fn gather(
    tx: &Tx<'_>,
    authority: &Authority,
    member: &MemberId,
    meant: impl Fn(&LogStart) -> bool,
) -> Result<Closing, RowsError> {
    let mut tips: Vec<(bool, ClosedTip)> = Vec::new();
    let mut continued: Vec<LogId> = Vec::new();
    for (key, row) in tx.rows_with_prefix::<Logs>(&[], LOGS_SEARCHED)? {
        let Some(log) = LogId::from_slice(&key) else { continue };
        let start = &row.start;
        if !meant(start) || authority.author_of(&log, start) != Some(*member) {
            continue;
        }
        if let Some(last) = &start.continues
            && log_row(tx, &last.log)?.is_some_and(|before| {
                before.start.incarnation == start.incarnation
                    && before.start.descriptor.class == start.descriptor.class
            })
        {
            continued.push(last.log);
        }
        for Tip { seq, hash } in &row.tips {
            let tip = ClosedTip {
                device: start.device,
                class: start.descriptor.class,
                owner: start.descriptor.owner,
                incarnation: start.incarnation,
                log,
                seq: *seq,
                hash: *hash,
            };
            tips.push((start.descriptor.class == Class::Object, tip));
        }
    }
    // Those that must be named first: newest logs, and rights before things.
    tips.sort_by_key(|(is_object, tip)| (continued.contains(&tip.log), *is_object, tip.class));
    Ok(Closing::new(tips.into_iter().map(|(_, tip)| tip).take(CLOSING_TIPS)))
}
