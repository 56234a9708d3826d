//! Invitation links and recovery sheets as text: what a QR code or a message carries.

use serde::{Deserialize, Serialize};

use super::limits;
use crate::coded::{self, CodedError};
use crate::keys::{DeviceId, EntryHash, HoodHash, HoodId, LogId};
use crate::time::Instant;

/// What an invitation link begins with.
pub const INVITATION_PREFIX: &str = "palier:i/";
/// What a recovery sheet's code begins with.
pub const RECOVERY_PREFIX: &str = "palier:r/";

const NAME_BYTES: usize = 128;

/// An invitation: whoever carries it may ask to join, for as long as it is good.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationLink {
    /// The secret on which bearer and redeemer meet.
    pub secret: [u8; 32],
    /// The device that redeems it.
    pub redeemer: DeviceId,
    /// Which neighbourhood, by its hash: entry 0 of the bearer's identity names it.
    pub hood: HoodHash,
    /// The charter's first act: the bearer checks that it joins what it was invited to.
    pub act: EntryHash,
    /// Not good after this.
    pub expires: Instant,
    /// The neighbourhood's name, for the screen.
    pub hood_name: String,
    /// Where the redeemer listens, as transports write it; often empty face to face.
    pub addresses: Vec<String>,
}

impl std::fmt::Debug for InvitationLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InvitationLink")
            .field("redeemer", &self.redeemer)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

impl InvitationLink {
    /// The link's text.
    pub fn to_text(&self) -> String {
        let mut link = self.clone();
        bound(&mut link.hood_name, &mut link.addresses);
        coded::to_text(INVITATION_PREFIX, &link)
    }

    /// A link from text.
    pub fn from_text(text: &str) -> Result<Self, CodedError> {
        let link: Self = coded::from_text(INVITATION_PREFIX, text)?;
        if is_bounded(&link.hood_name, &link.addresses) {
            Ok(link)
        } else {
            Err(CodedError::Damaged)
        }
    }

    /// Whether it is too late to use it.
    pub fn is_expired(&self, now: Instant) -> bool {
        now > self.expires
    }

    /// What stands for the secret where it is kept: BLAKE3 of it.
    pub fn secret_hash(&self) -> [u8; 32] {
        *blake3::hash(&self.secret).as_bytes()
    }
}

/// What stands beside the phrase on a recovery sheet: where the neighbourhood is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoverySheet {
    /// The neighbourhood.
    pub hood: HoodId,
    /// The founder's charter log …
    pub log: LogId,
    /// … and in it the first act.
    pub act: EntryHash,
    /// Its name, for the screen.
    pub hood_name: String,
    /// Where its hubs listen.
    pub addresses: Vec<String>,
}

impl std::fmt::Debug for RecoverySheet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecoverySheet").finish_non_exhaustive()
    }
}

impl RecoverySheet {
    /// The code's text.
    pub fn to_text(&self) -> String {
        let mut sheet = self.clone();
        bound(&mut sheet.hood_name, &mut sheet.addresses);
        coded::to_text(RECOVERY_PREFIX, &sheet)
    }

    /// A sheet from text.
    pub fn from_text(text: &str) -> Result<Self, CodedError> {
        let sheet: Self = coded::from_text(RECOVERY_PREFIX, text)?;
        if is_bounded(&sheet.hood_name, &sheet.addresses) {
            Ok(sheet)
        } else {
            Err(CodedError::Damaged)
        }
    }
}

fn bound(name: &mut String, addresses: &mut Vec<String>) {
    while name.len() > NAME_BYTES {
        name.pop();
    }
    addresses.retain(|address| address.len() <= limits::ADDRESS_BYTES);
    addresses.truncate(limits::ADDRESSES);
}

fn is_bounded(name: &str, addresses: &[String]) -> bool {
    name.len() <= NAME_BYTES
        && addresses.len() <= limits::ADDRESSES
        && addresses.iter().all(|address| address.len() <= limits::ADDRESS_BYTES)
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64URL_NOPAD;

    use super::*;
    use crate::codec;

    fn link() -> InvitationLink {
        InvitationLink {
            secret: [7; 32],
            redeemer: DeviceId([8; 32]),
            hood: HoodHash([6; 32]),
            act: EntryHash([9; 32]),
            expires: Instant(1_800_000_000_000),
            hood_name: "Les Érables".into(),
            addresses: vec!["/ip4/192.168.1.2/tcp/4711".into()],
        }
    }

    #[test]
    fn a_link_goes_there_and_back_and_fits_a_qr_code() {
        let text = link().to_text();
        assert_eq!(InvitationLink::from_text(&format!("  {text}\n")), Ok(link()));
        // Version 20 of a QR code takes 858 bytes at the lowest correction.
        assert!(text.len() < 400, "{}", text.len());
    }

    #[test]
    fn one_wrong_letter_is_noticed_wherever_it_stands() {
        let text = link().to_text();
        for at in INVITATION_PREFIX.len()..text.len() {
            let mut wrong = text.clone().into_bytes();
            wrong[at] = if wrong[at] == b'A' { b'B' } else { b'A' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert!(InvitationLink::from_text(&wrong).is_err(), "letter {at}");
            assert!(InvitationLink::from_text(&text[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_secret_never_shows_in_debug_text() {
        let shown = format!("{:?}", link());
        assert!(!shown.contains("7, 7"));
    }

    #[test]
    fn a_link_of_the_next_version_asks_for_an_update() {
        let mut bytes = vec![2];
        bytes.extend(codec::encode(&link()));
        let check = blake3::hash(&bytes);
        bytes.extend_from_slice(&check.as_bytes()[..4]);
        let text = format!("{INVITATION_PREFIX}{}", BASE64URL_NOPAD.encode(&bytes));
        assert_eq!(InvitationLink::from_text(&text), Err(CodedError::Version));
    }

    #[test]
    fn a_sheet_goes_there_and_back_and_is_no_invitation() {
        let sheet = RecoverySheet {
            hood: HoodId([1; 32]),
            log: LogId([3; 32]),
            act: EntryHash([2; 32]),
            hood_name: "Les Érables".into(),
            addresses: Vec::new(),
        };
        assert_eq!(RecoverySheet::from_text(&sheet.to_text()), Ok(sheet.clone()));
        assert_eq!(InvitationLink::from_text(&sheet.to_text()), Err(CodedError::Prefix));
    }
}
