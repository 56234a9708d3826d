//! Acts that the phrase itself can sign.

use ed25519_dalek::SigningKey;

use super::act::{Certify, Payload, Revoke};
use crate::journal::Signature;
use crate::journal::kind::{self, Kind};
use crate::keys::{HoodHash, MemberId, PhraseSignature};

/// An act that the phrase can sign.
pub trait PhraseAct: Payload + Clone {
    /// Its kind, which the signature names.
    const KIND: Kind;

    /// Where the signature stands.
    fn phrase_mut(&mut self) -> &mut Option<Signature>;

    /// The signature, if there is one.
    fn phrase(&self) -> Option<Signature>;

    /// What is signed: the act without its signature.
    fn unsigned(&self) -> Vec<u8> {
        let mut body = self.clone();
        *body.phrase_mut() = None;
        body.to_bytes()
    }

    /// Signs with the phrase's key.
    fn sign(&mut self, hood: &HoodHash, phrase: &SigningKey) {
        let signed = PhraseSignature::of(phrase, hood, Self::KIND, &self.unsigned());
        *self.phrase_mut() = Some(signed.signature);
    }

    /// Whether it carries the signature of this member's phrase.
    fn is_signed_by(&self, hood: &HoodHash, member: &MemberId) -> bool {
        self.phrase().is_some_and(|signature| {
            let signed = PhraseSignature { signature };
            signed.verify(member, hood, Self::KIND, &self.unsigned()).is_ok()
        })
    }
}

macro_rules! phrase_act {
    ($($act:ident, $kind:path;)*) => { $(
        impl PhraseAct for $act {
            const KIND: Kind = $kind;
            fn phrase_mut(&mut self) -> &mut Option<Signature> {
                &mut self.phrase
            }
            fn phrase(&self) -> Option<Signature> {
                self.phrase
            }
        }
    )* };
}

phrase_act! {
    Certify, kind::identity::CERTIFY;
    Revoke, kind::identity::REVOKE;
}
