//! A signed word that is shown as a QR code and checked by any neighbour's device, with no
//! network: who hands over what to whom, today.
//!
//! Text = `palier:b/` and the value as [`crate::coded`] writes it. The signature is the showing device's, over
//! `"palier booking proof v1" ‖ neighbourhood ‖ body without it`: it serves no other
//! booking, step, neighbourhood or day.

use serde::{Deserialize, Serialize};

use crate::booking::records::{DomainId, StepKind, booking_id};
use crate::codec;
use crate::coded::{self, CodedError};
use crate::keys::{BookingId, DeviceId, DeviceKeys, DocId, HoodHash, MemberId, Signature};
use crate::time::Instant;

/// What the text of a proof begins with.
pub const PROOF_PREFIX: &str = "palier:b/";

const CONTEXT: &[u8] = b"palier booking proof v1";
/// How long one is good.
const GOOD_MS: i64 = Instant::DAY_MS;
/// By how much the clock of whoever shows it may be ahead.
const AHEAD_MS: i64 = 10 * 60_000;

/// A device's word on a step of a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Of which booking.
    pub booking: BookingId,
    /// Which step.
    pub kind: StepKind,
    /// When it was shown.
    pub at: Instant,
    /// Of what.
    pub listing: DocId,
    /// The domain that decides on it.
    pub domain: DomainId,
    /// Whose device signed.
    pub member: MemberId,
    /// The device.
    pub device: DeviceId,
    /// Of whoever asked: proves that the booking is theirs.
    pub random: Option<[u8; 32]>,
    /// The device's signature.
    pub signature: Signature,
}

/// What is asked of those who know the neighbourhood.
pub trait ProofFacts {
    /// Whether a device is this member's and speaks for them.
    fn speaks_for(&self, device: &DeviceId, member: &MemberId) -> bool;
    /// Whether this member decides in a domain.
    fn decides(&self, member: &MemberId, domain: &DomainId) -> bool;
    /// Whether a booking of a resource holds, or held until it ended early.
    fn holds(&self, booking: &BookingId, domain: &DomainId, listing: &DocId) -> bool;
}

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// Not a proof of Palier.
    #[error("not a proof of a booking")]
    NotOne,
    /// Made by a newer version.
    #[error("the proof needs a newer version of Palier")]
    Version,
    /// A letter was changed, or the signature is not the device's.
    #[error("the proof was changed")]
    Tampered,
    /// Of another booking than was asked about.
    #[error("a proof of another booking")]
    OtherBooking,
    /// Of another step than was asked about.
    #[error("a proof of another step")]
    OtherStep,
    /// Older than a day.
    #[error("the proof has expired")]
    Expired,
    /// From later than now: a clock is wrong.
    #[error("the proof is not good yet")]
    NotYet,
    /// Of a device that speaks for nobody here.
    #[error("nobody here has that device")]
    UnknownDevice,
    /// No such booking holds.
    #[error("no such booking holds")]
    NotBooked,
    /// By somebody who has no part in the booking.
    #[error("not by a party of the booking")]
    NotParty,
}

impl ProofError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotOne => "qr.not_one",
            Self::Version => "qr.version",
            Self::Tampered => "qr.tampered",
            Self::OtherBooking => "qr.other_booking",
            Self::OtherStep => "qr.other_step",
            Self::Expired => "qr.expired",
            Self::NotYet => "qr.not_yet",
            Self::UnknownDevice => "qr.unknown_device",
            Self::NotBooked => "qr.not_booked",
            Self::NotParty => "qr.not_party",
        }
    }
}

/// What a proof says before it is signed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown {
    pub(crate) booking: BookingId,
    pub(crate) kind: StepKind,
    pub(crate) at: Instant,
    pub(crate) listing: DocId,
    pub(crate) domain: DomainId,
    pub(crate) member: MemberId,
    pub(crate) random: Option<[u8; 32]>,
}

impl Proof {
    /// Signs what this device says.
    pub(crate) fn sign(hood: &HoodHash, keys: &DeviceKeys, shown: &Shown) -> Self {
        let mut proof = Self {
            booking: shown.booking,
            kind: shown.kind,
            at: shown.at,
            listing: shown.listing,
            domain: shown.domain,
            member: shown.member,
            device: keys.id(),
            random: shown.random,
            signature: Signature([0; 64]),
        };
        let body = proof.body();
        proof.signature =
            Signature::over(keys.signing(), &[CONTEXT, hood.as_bytes(), body.as_slice()]);
        proof
    }

    /// All but the signature.
    fn body(&self) -> Vec<u8> {
        let mut body = codec::encode(self);
        body.truncate(body.len().saturating_sub(64));
        body
    }

    /// Whether the device signed this, for this neighbourhood.
    pub fn is_signed(&self, hood: &HoodHash) -> bool {
        let parts: [&[u8]; 3] = [CONTEXT, hood.as_bytes(), &self.body()];
        self.signature.verify(&self.device.0, &parts).is_ok()
    }

    /// Whether whoever signed asked for the booking.
    pub fn is_by_requester(&self) -> bool {
        self.random.is_some_and(|random| booking_id(&self.member, &random) == self.booking)
    }

    /// No longer good from then on.
    pub fn expires(&self) -> Instant {
        self.at.plus_ms(GOOD_MS)
    }

    /// The text that a QR code carries.
    pub fn to_text(&self) -> String {
        coded::to_text(PROOF_PREFIX, self)
    }

    /// A proof from text.
    pub fn from_text(text: &str) -> Result<Self, ProofError> {
        coded::from_text(PROOF_PREFIX, text).map_err(|error| match error {
            CodedError::Prefix => ProofError::NotOne,
            CodedError::Version => ProofError::Version,
            _ => ProofError::Tampered,
        })
    }

    /// Checks all there is to check: `booking` and `kind` are what is asked about.
    pub fn verify(
        &self,
        hood: &HoodHash,
        booking: Option<&BookingId>,
        kind: Option<StepKind>,
        facts: &dyn ProofFacts,
        now: Instant,
    ) -> Result<(), ProofError> {
        let holds = |is: bool, error| if is { Ok(()) } else { Err(error) };
        holds(self.is_signed(hood), ProofError::Tampered)?;
        holds(booking.is_none_or(|it| *it == self.booking), ProofError::OtherBooking)?;
        holds(kind.is_none_or(|it| it == self.kind), ProofError::OtherStep)?;
        holds(now < self.expires(), ProofError::Expired)?;
        holds(self.at <= now.plus_ms(AHEAD_MS), ProofError::NotYet)?;
        holds(facts.speaks_for(&self.device, &self.member), ProofError::UnknownDevice)?;
        let booked = facts.holds(&self.booking, &self.domain, &self.listing);
        holds(booked, ProofError::NotBooked)?;
        let is_party = self.is_by_requester() || facts.decides(&self.member, &self.domain);
        holds(is_party, ProofError::NotParty)
    }
}
