//! What a decider may write now, checked against what stands here.
//!
//! Invariant: nobody writes an acceptance that would not count in his own view, so a
//! double booking takes a partition.

use super::availability::{Asker, Refusal};
use super::footing::Footing;
use super::records::{CloseHolder, Decision, Holder, Op, Reason, Terms, bounds};
use super::room::{DomainView, RoomError};
use super::rows::{BookingState, OpenState};
use crate::journal::Ref;
use crate::keys::{BookingId, DeviceId, DocId};
use crate::time::{Instant, Interval};

/// What somebody is to a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Holds it: what it accepts is firm.
    Holder,
    /// May decide while the holder is away; firm once the holder has seen it.
    StandIn,
    /// Decides nothing here.
    NotEntitled,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The booking.
    pub booking: BookingId,
    /// Of what.
    pub resource: DocId,
    /// When.
    pub interval: Interval,
    /// How many units.
    pub quantity: u32,
    /// What the requester is to the place.
    pub footing: Footing,
}

/// How much of the terms an acceptance is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// All of them: a device that answers by itself.
    AllTerms,
    /// Only what the calendar counts by: a person may make an exception.
    CalendarOnly,
    /// The same, and whoever else was offered that room is passed over. It is told.
    Overtake,
}

/// Why a decision cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecideError {
    /// Neither holder nor entitled to stand in.
    #[error("this device does not decide here")]
    NotEntitled,
    /// An act of this device waits for others that are not here: so would this one.
    #[error("an earlier decision of this device waits for others that are not here")]
    Incomplete,
    /// Only the holder may.
    #[error("only the holder may hand over")]
    NotHolder,
    /// Not among the resources of the domain.
    #[error("no such resource in this domain")]
    NoSuchResource,
    /// Something stands there, and nothing else is against it.
    #[error("the place is taken")]
    Taken {
        /// What stands there.
        by: Vec<BookingId>,
    },
    /// It counts already.
    #[error("it is booked already")]
    Already,
    /// It was released: its id never counts again.
    #[error("this request was closed; it takes a new one")]
    Released,
    /// It breaks rules of the terms, what stands there included.
    #[error("the terms do not allow it: {0:?}")]
    Terms(Vec<Refusal>),
    /// The terms name a zone that this version does not know, or a time out of range.
    #[error(transparent)]
    Room(#[from] RoomError),
    /// Nothing to release: it does not count and nobody accepted it.
    #[error("there is nothing to release")]
    Nothing,
    /// The holder is this device: there is nobody to close.
    #[error("the holder is this device: hand over instead")]
    IsHolder,
    /// The domain changed hands too often to go on.
    #[error("too many changes of holder")]
    Exhausted,
}

impl DecideError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotEntitled => "booking.not_entitled",
            Self::Incomplete => "booking.incomplete",
            Self::NotHolder => "booking.not_holder",
            Self::NoSuchResource => "booking.no_such_resource",
            Self::Taken { .. } => "booking.taken",
            Self::Already => "booking.already",
            Self::Released => "booking.released",
            Self::Terms(broken) => match broken.first() {
                Some(first) => first.code(),
                None => "booking.terms",
            },
            Self::Room(RoomError::NoSuchResource) => "booking.no_such_resource",
            Self::Room(_) => "booking.unreadable_terms",
            Self::Nothing => "booking.nothing",
            Self::IsHolder => "booking.is_holder",
            Self::Exhausted => "booking.exhausted",
        }
    }
}

/// What `me` is to a domain.
pub fn who_may(domain: &DomainView, me: &Holder) -> Standing {
    if !domain.row.deciding.contains(&me.member) {
        Standing::NotEntitled
    } else if domain.row.holder == *me {
        Standing::Holder
    } else {
        Standing::StandIn
    }
}

/// Accepts a request, if it would count here. `state` is what the calendar says of the
/// booking so far, `mine` what its requester has booked within reach of the quotas. The
/// view was read over the interval.
pub fn accept(
    domain: &DomainView,
    me: &Holder,
    wanted: &Wanted,
    mine: &[Interval],
    state: Option<&BookingState>,
    care: Care,
    now: Instant,
) -> Result<Decision, DecideError> {
    domain.terms(&wanted.resource).ok_or(DecideError::NoSuchResource)?;
    match state.map(|state| &state.state) {
        Some(OpenState::Held(_)) => return Err(DecideError::Already),
        Some(OpenState::Released(_)) => return Err(DecideError::Released),
        Some(OpenState::Displaced(_) | OpenState::Waiting(_)) | None => {}
    }
    let op = Op::Accept {
        booking: wanted.booking,
        resource: wanted.resource,
        interval: wanted.interval,
        quantity: wanted.quantity,
        tier: wanted.footing.tier.min(bounds::TIERS),
    };
    let decision = decision(domain, me, op, now)?;
    check(domain, wanted, mine, care, now)?;
    Ok(decision)
}

/// Whether a request made `now` could be accepted: what a requester is told before asking.
pub fn check(
    domain: &DomainView,
    wanted: &Wanted,
    mine: &[Interval],
    care: Care,
    now: Instant,
) -> Result<(), DecideError> {
    let Wanted { resource, interval, quantity, footing, .. } = wanted;
    let broken = match care {
        Care::AllTerms => {
            let asker = Asker { footing: *footing, mine, now };
            domain.why_not(resource, interval, *quantity, &asker)?
        }
        Care::CalendarOnly | Care::Overtake => domain.in_the_way(resource, interval, *quantity)?,
    };
    if broken.is_empty() {
        Ok(())
    } else if broken.iter().all(Refusal::is_taken) {
        Err(DecideError::Taken { by: domain.standing(resource, interval) })
    } else {
        Err(DecideError::Terms(broken))
    }
}

/// Puts a booking on the waiting list, if nothing was decided on it that counts.
pub fn queue(
    domain: &DomainView,
    me: &Holder,
    wanted: &Wanted,
    state: Option<&BookingState>,
    now: Instant,
) -> Result<Decision, DecideError> {
    domain.terms(&wanted.resource).ok_or(DecideError::NoSuchResource)?;
    match state.map(|state| &state.state) {
        Some(OpenState::Held(_)) => return Err(DecideError::Already),
        Some(OpenState::Released(_)) => return Err(DecideError::Released),
        Some(OpenState::Waiting(_)) => return Err(DecideError::Nothing),
        // One that fell with who accepted it has no place on the list.
        Some(OpenState::Displaced(out)) if out.place.is_some() => return Err(DecideError::Nothing),
        Some(OpenState::Displaced(_)) | None => {}
    }
    let Wanted { booking, resource, interval, quantity, .. } = *wanted;
    decision(domain, me, Op::Queue { booking, resource, interval, quantity }, now)
}

/// Takes a booking out. Where nothing of it stands the id is barred for ever, so this
/// asks that somebody had accepted it.
pub fn release(
    domain: &DomainView,
    me: &Holder,
    booking: BookingId,
    state: Option<&BookingState>,
    reason: Reason,
    now: Instant,
) -> Result<Decision, DecideError> {
    match state.map(|state| &state.state) {
        None => Err(DecideError::Nothing),
        Some(OpenState::Released(_)) => Err(DecideError::Released),
        Some(_) => decision(domain, me, Op::Release { booking, reason }, now),
    }
}

/// Sets other terms; those named in `cancels` fall.
pub fn set_terms(
    domain: &DomainView,
    me: &Holder,
    resource: DocId,
    terms: Terms,
    mut cancels: Vec<BookingId>,
    now: Instant,
) -> Result<Decision, DecideError> {
    domain.terms(&resource).ok_or(DecideError::NoSuchResource)?;
    cancels.sort_unstable();
    cancels.dedup();
    decision(domain, me, Op::Terms { resource, terms: Box::new(terms), cancels }, now)
}

/// Passes the domain on: from then on `to` writes the spine.
pub fn hand_over(
    domain: &DomainView,
    me: &Holder,
    to: Holder,
    now: Instant,
) -> Result<Decision, DecideError> {
    match who_may(domain, me) {
        Standing::Holder if domain.row.tenure < bounds::TENURE => {
            decision(domain, me, Op::HandOver { to }, now)
        }
        Standing::Holder => Err(DecideError::Exhausted),
        Standing::StandIn => Err(DecideError::NotHolder),
        Standing::NotEntitled => Err(DecideError::NotEntitled),
    }
}

/// Says that this device has seen the heads: by the holder it makes firm, by others it
/// settles a closing. `None` where it would say nothing new.
pub fn seen(
    domain: &DomainView,
    me: &Holder,
    now: Instant,
) -> Result<Option<Decision>, DecideError> {
    let decision = decision(domain, me, Op::Seen, now)?;
    let own = |at: &Ref| Some(*at) == last_of(domain, me);
    let new = decision.seen.iter().any(|at| !own(at));
    let wanted = match who_may(domain, me) {
        Standing::Holder => domain.row.is_loose,
        _ => domain.row.unsettled.contains(&me.device),
    };
    Ok((new && wanted).then_some(decision))
}

/// Closes a lost holder.
pub fn close_holder(
    domain: &DomainView,
    me: &Holder,
    new_holder: Holder,
    now: Instant,
) -> Result<CloseHolder, DecideError> {
    match who_may(domain, me) {
        Standing::NotEntitled => return Err(DecideError::NotEntitled),
        Standing::Holder => return Err(DecideError::IsHolder),
        Standing::StandIn => {}
    }
    let holder = domain.row.holder;
    if holder.device == me.device && me.incarnation <= holder.incarnation {
        return Err(DecideError::IsHolder);
    }
    if domain.row.tenure >= bounds::TENURE {
        return Err(DecideError::Exhausted);
    }
    may_count(domain, me)?;
    Ok(CloseHolder {
        at: now,
        domain: domain.id,
        tenure: domain.row.tenure,
        last: domain.row.spine_end,
        seen: seen_heads(domain),
        new_holder,
        phrase: None,
    })
}

/// A decision in its place: on the spine for the holder, else after the writer's own.
pub(super) fn decision(
    domain: &DomainView,
    me: &Holder,
    op: Op,
    now: Instant,
) -> Result<Decision, DecideError> {
    let prev = match who_may(domain, me) {
        Standing::NotEntitled => return Err(DecideError::NotEntitled),
        Standing::Holder => domain.row.spine_end.or(domain.row.begun_by),
        Standing::StandIn => last_of(domain, me),
    };
    may_count(domain, me)?;
    let seen = seen_heads(domain);
    Ok(Decision { at: now, domain: domain.id, tenure: domain.row.tenure, prev, seen, op })
}

/// Whether what this device writes now would have all its past here: each act has seen
/// the one before it in its log.
fn may_count(domain: &DomainView, me: &Holder) -> Result<(), DecideError> {
    match domain.row.incomplete.binary_search(&me.device) {
        Ok(_) => Err(DecideError::Incomplete),
        Err(_) => Ok(()),
    }
}

fn last_of(domain: &DomainView, me: &Holder) -> Option<Ref> {
    domain.row.last_of.iter().find(|(who, _)| who == me).map(|(_, last)| *last)
}

/// The heads, as many as one act may name; the others are named by the next.
fn seen_heads(domain: &DomainView) -> Vec<Ref> {
    domain.row.heads.iter().take(bounds::SEEN).copied().collect()
}

/// Whether the domain waits for this device to write something.
pub fn waits_for(domain: &DomainView, device: &DeviceId) -> bool {
    domain.row.waiting_for.contains(device)
}
