//! Key epochs of members, certified in identity logs (`PROTOCOL.md` §5).
//!
//! An [`Epoch`] is the act that opens one: its public key for all, its secret sealed to
//! each active device of the member and to the recovery key of the phrase, the secrets
//! of earlier epochs under its own. The [`Keyring`] says which of them counts.
//!
//! Invariant: which epoch writers take is a pure function of the epochs and the active
//! devices. No forward secrecy against a stolen, unlocked phone: what it could read, it
//! can read on; only what is sealed to later epochs stays closed to it.

mod epoch;
mod ring;

pub use epoch::{
    EARLIER_SECRETS, EPOCH_DEVICES, EPOCH_PREDECESSORS, Epoch, EpochOwner, NextEpoch, OpenedEpoch,
    SealedSecret, SealedToDevice,
};
pub use ring::{EpochFacts, Keyring, Need};

/// Why an epoch was neither opened nor read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// More devices than an epoch can be sealed to.
    #[error("{0} devices are too many")]
    Devices(usize),
    /// More predecessors than an epoch can name.
    #[error("{0} predecessors are too many")]
    Predecessors(usize),
    /// More earlier secrets than an epoch can hold.
    #[error("{0} earlier secrets are too many")]
    Earlier(usize),
    /// A device's or the recovery key with which no secret can be agreed.
    #[error("no secret can be agreed with one of the keys")]
    Key,
    /// It is not sealed to this device.
    #[error("not sealed to this device")]
    NotForUs,
    /// What is sealed does not open, or is not the secret of this epoch.
    #[error("what is sealed in this epoch does not open")]
    Refused,
}
