//! The closing of a lost holder.

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::decision::check_seen;
use super::{DomainId, Holder, Record, RecordError, bounds, check_instant, within};
use crate::codec;
use crate::journal::kind::{self, Kind};
use crate::journal::{Ref, Signature};
use crate::keys::{EntryHash, MemberId};
use crate::time::Instant;

/// What the phrase signs, before domain, tenure, last decision and new holder.
const PHRASE_CONTEXT: &[u8] = b"palier close-holder v1";

/// Ends the tenure of a holder that is lost. What it names is never raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseHolder {
    /// Claimed time; buys nothing.
    pub at: Instant,
    /// The domain.
    pub domain: DomainId,
    /// The tenure that ends.
    pub tenure: u32,
    /// The last spine decision of that tenure; none: it had none.
    pub last: Option<Ref>,
    /// Heads of the domain its writer knew; sorted, no doubles.
    pub seen: Vec<Ref>,
    /// Who holds next.
    pub new_holder: Holder,
    /// The owner's phrase over it: of several closings the phrase's counts.
    pub phrase: Option<Signature>,
}

impl CloseHolder {
    fn signed_bytes(&self) -> Vec<u8> {
        let last = self.last.map_or(EntryHash::ZERO, |last| last.hash);
        let body = codec::encode(&(self.domain, self.tenure, last, self.new_holder));
        [PHRASE_CONTEXT, &body].concat()
    }

    /// Has the owner's phrase vouch for it.
    pub fn sign_by_phrase(&mut self, phrase: &SigningKey) {
        self.phrase = Some(Signature(phrase.sign(&self.signed_bytes()).to_bytes()));
    }

    /// Whether the phrase of `owner` vouches for it.
    pub fn is_by_phrase(&self, owner: &MemberId) -> bool {
        let Some(signature) = &self.phrase else { return false };
        let Ok(key) = VerifyingKey::from_bytes(owner.as_bytes()) else { return false };
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        key.verify_strict(&self.signed_bytes(), &signature).is_ok()
    }
}

impl Record for CloseHolder {
    const KIND: Kind = kind::open::CLOSE_HOLDER;

    fn check(&self) -> Result<(), RecordError> {
        check_instant(self.at)?;
        within(self.tenure < bounds::TENURE, "tenure")?;
        check_seen(&self.seen)
    }
}
