//! Payloads of charter and identity acts, as they stand on the wire.
//!
//! Invariant: an act that decodes is in one canonical form and within its limits;
//! what it may do is not asked here. Fields that a later version appends are left
//! alone, so every payload is decoded as a prefix.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::closing::Closing;
use crate::codec::{self, DecodeError};
use crate::journal::{Class, GroupId, Ref, Signature, limits};
use crate::keys::{DeviceId, EntryHash, HoodHash, MemberId};
use crate::time::Instant;

/// The charter version that this code knows. An act that carries a newer one is kept
/// and carried but read by no one here: the node asks for an update.
pub const CHARTER_VERSION: u16 = 1;

/// Why a payload is no act of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ActError {
    /// The bytes are not an act of this kind.
    #[error("act: {0}")]
    Decode(#[from] DecodeError),
    /// Written under a newer charter version.
    #[error("written under charter version {0}, which is not known here")]
    Version(u16),
    /// More references than allowed, unsorted, or doubled.
    #[error("references are not in order")]
    Refs,
    /// A closing is too long, unsorted, or doubled.
    #[error("the closing is not in order")]
    Closing,
    /// A limit that no log could live with.
    #[error("limits out of range")]
    Caps,
    /// A role that is not known.
    #[error("a role that is not known")]
    Roles,
    /// A key epoch has too many parts, unsorted or doubled ones, or one of a wrong length.
    #[error("the key epoch is not in order")]
    Epoch,
}

/// What every act begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preamble {
    /// When its author says it was written. Buys nothing.
    pub at: Instant,
    /// Entries of other documents that its author had seen; sorted, no doubles.
    pub refs: Vec<Ref>,
    /// [`CHARTER_VERSION`] of its author.
    pub version: u16,
}

impl Preamble {
    /// A preamble with references put in order. Those past [`limits::REFS`] are dropped.
    pub fn new(at: Instant, mut refs: Vec<Ref>) -> Self {
        refs.sort_unstable();
        refs.dedup();
        refs.truncate(limits::REFS);
        Self { at, refs, version: CHARTER_VERSION }
    }

    fn check(&self) -> Result<(), ActError> {
        if self.version > CHARTER_VERSION {
            return Err(ActError::Version(self.version));
        }
        let sorted = self.refs.windows(2).all(|pair| pair[0] < pair[1]);
        if self.refs.len() <= limits::REFS && sorted { Ok(()) } else { Err(ActError::Refs) }
    }
}

/// What a member may be beside a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Admits, attests, appoints, dismisses, removes, moderates.
    Coordinator,
    /// An always-on machine that stores, forwards, and redeems invitations.
    Hub,
}

impl Role {
    /// Every role, in order.
    pub const ALL: [Self; 2] = [Self::Coordinator, Self::Hub];

    const fn bit(self) -> u8 {
        match self {
            Self::Coordinator => 1,
            Self::Hub => 2,
        }
    }
}

/// A set of roles.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Roles(u8);

impl Roles {
    /// A plain member.
    pub const NONE: Self = Self(0);

    /// This set and `role`.
    #[must_use]
    pub const fn with(self, role: Role) -> Self {
        Self(self.0 | role.bit())
    }

    /// Whether `role` is in the set.
    pub const fn has(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The roles, in order.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.has(*role))
    }

    const fn is_known(self) -> bool {
        self.0 & !(Role::Coordinator.bit() | Role::Hub.bit()) == 0
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        roles.into_iter().fold(Self::NONE, Self::with)
    }
}

/// Most entries that one log of each class may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caps([u32; Class::ALL.len()]);

impl Caps {
    /// Smallest cap that still lets a log be used.
    pub const LEAST: u32 = 256;

    /// The cap of a class.
    pub fn of(&self, class: Class) -> u64 {
        let place = Class::ALL.iter().position(|known| *known == class);
        place.and_then(|place| self.0.get(place)).map_or(0, |cap| u64::from(*cap))
    }

    /// These caps with another one for `class`.
    #[must_use]
    pub fn with(mut self, class: Class, cap: u32) -> Self {
        let place = Class::ALL.iter().position(|known| *known == class);
        if let Some(slot) = place.and_then(|place| self.0.get_mut(place)) {
            *slot = cap;
        }
        self
    }

    fn check(&self) -> Result<(), ActError> {
        let fits = |cap: &u32| *cap >= Self::LEAST && u64::from(*cap) <= limits::LOG_ENTRIES;
        if self.0.iter().all(fits) { Ok(()) } else { Err(ActError::Caps) }
    }
}

impl Default for Caps {
    /// Charter: a hub that admits 5,000 members three times over. Identity: a device
    /// a day for years. The rest: some hundred entries a day for the period.
    fn default() -> Self {
        Self([16_384, 4_096, 65_536, 65_536, 65_536, 65_536, 65_536])
    }
}

/// Who redeems invitations, beside coordinators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Inviters {
    /// No one else.
    Coordinators,
    /// Hubs too.
    Hubs,
    /// Every member.
    Members,
}

/// How people come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Whose admissions count, beside those of coordinators.
    pub inviters: Inviters,
    /// Whether each admission needs a coordinator: then only theirs count.
    pub approval: bool,
}

impl Policy {
    /// Whether an admission without roles by someone with `roles`, who is a member,
    /// counts though its author is no coordinator.
    pub const fn lets_redeem(&self, roles: Roles) -> bool {
        !self.approval
            && match self.inviters {
                Inviters::Coordinators => false,
                Inviters::Hubs => roles.has(Role::Hub),
                Inviters::Members => true,
            }
    }
}

/// The first act of a neighbourhood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// What every act begins with.
    pub preamble: Preamble,
    /// The neighbourhood.
    pub hood: HoodHash,
    /// The first member and coordinator.
    pub founder: MemberId,
    /// Entry 0 of the founder's identity log, phrase-certified.
    pub identity: EntryHash,
    /// Entries per log.
    pub caps: Caps,
    /// How people come in.
    pub policy: Policy,
}

/// Where someone lives, as codes that mean something only in the place itself.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Home {
    /// The building; 0 where it is not attested.
    pub building: u32,
    /// The landlord; 0 where it is not attested.
    pub landlord: u32,
}

/// A new member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admit {
    /// What every act begins with.
    pub preamble: Preamble,
    /// The member.
    pub member: MemberId,
    /// Entry 0 of the member's identity log.
    pub identity: EntryHash,
    /// Hash of the invitation it was admitted under; zero for none.
    pub invitation: [u8; 32],
    /// What is attested.
    pub home: Home,
    /// Roles given with it: only a coordinator's admission may give any.
    pub roles: Roles,
}

/// Building and landlord of a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attest {
    /// What every act begins with.
    pub preamble: Preamble,
    /// The member.
    pub member: MemberId,
    /// What is attested.
    pub home: Home,
}

/// A role given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appoint {
    /// What every act begins with.
    pub preamble: Preamble,
    /// To whom.
    pub member: MemberId,
    /// Which.
    pub role: Role,
}

/// A role taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dismiss {
    /// What every act begins with.
    pub preamble: Preamble,
    /// From whom.
    pub member: MemberId,
    /// Which.
    pub role: Role,
}

/// A member removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remove {
    /// What every act begins with.
    pub preamble: Preamble,
    /// Who.
    pub member: MemberId,
    /// How far its logs count.
    pub closing: Closing,
}

/// A co-signature under another act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Second {
    /// What every act begins with.
    pub preamble: Preamble,
    /// The act.
    pub act: EntryHash,
}

/// A member left of its own will.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leave {
    /// What every act begins with.
    pub preamble: Preamble,
    /// How far its logs count.
    pub closing: Closing,
}

/// A device certified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certify {
    /// What every act begins with.
    pub preamble: Preamble,
    /// The device.
    pub device: DeviceId,
    /// Its X25519 key.
    pub agreement: [u8; 32],
    /// The phrase's signature, where the phrase itself speaks.
    pub phrase: Option<Signature>,
}

/// A device revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoke {
    /// What every act begins with.
    pub preamble: Preamble,
    /// The device.
    pub device: DeviceId,
    /// How far its logs count.
    pub closing: Closing,
    /// The phrase's signature, where the phrase itself speaks.
    pub phrase: Option<Signature>,
}

/// What an act does about a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupAct {
    /// A group is founded, named by this act; its author is the first manager.
    Found,
    /// One more manager.
    Add {
        /// Of which group.
        group: GroupId,
        /// Who.
        member: MemberId,
    },
    /// A manager less.
    Remove {
        /// Of which group.
        group: GroupId,
        /// Who.
        member: MemberId,
        /// How far the logs count that the member wrote for the group.
        closing: Closing,
    },
}

/// An act about a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// What every act begins with.
    pub preamble: Preamble,
    /// What it does.
    pub act: GroupAct,
}

impl GroupAct {
    fn check(&self) -> Result<(), ActError> {
        match self {
            Self::Found | Self::Add { .. } => Ok(()),
            Self::Remove { closing, .. } => closing.check(),
        }
    }
}

/// A payload of one kind of act.
pub trait Payload: Serialize + DeserializeOwned {
    /// What it begins with.
    fn preamble(&self) -> &Preamble;

    /// What can be checked of this act alone, beside its preamble.
    fn check(&self) -> Result<(), ActError> {
        Ok(())
    }

    /// The bytes that go into an entry.
    fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Decodes and checks. Trailing bytes are fields of a later version.
    fn from_bytes(bytes: &[u8]) -> Result<Self, ActError> {
        // The version first: a newer act need not have today's shape.
        let (preamble, _) = codec::decode_prefix::<Preamble>(bytes, limits::PAYLOAD_BYTES)?;
        preamble.check()?;
        let (act, _) = codec::decode_prefix::<Self>(bytes, limits::PAYLOAD_BYTES)?;
        act.check()?;
        Ok(act)
    }
}

macro_rules! payload {
    ($($act:ident $(, $check:expr)?;)*) => { $(
        impl Payload for $act {
            fn preamble(&self) -> &Preamble {
                &self.preamble
            }
            $(fn check(&self) -> Result<(), ActError> {
                let check: fn(&Self) -> Result<(), ActError> = $check;
                check(self)
            })?
        }
    )* };
}

payload! {
    Found, |act| act.caps.check();
    Admit, |act| if act.roles.is_known() { Ok(()) } else { Err(ActError::Roles) };
    Attest;
    Appoint;
    Dismiss;
    Remove, |act| act.closing.check();
    Second;
    Leave, |act| act.closing.check();
    Group, |act| act.act.check();
    Certify;
    Revoke, |act| act.closing.check();
}

/// Reads the preamble of an act of any kind, known or not.
pub fn preamble(bytes: &[u8]) -> Result<Preamble, ActError> {
    Ok(codec::decode_prefix::<Preamble>(bytes, limits::PAYLOAD_BYTES)?.0)
}
