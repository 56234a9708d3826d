//! Ids: 32 bytes each (a series: 16), never mixed up because each kind is its own type.
//!
//! On screens and in scripts an id is its prefix and 52 characters of lower-case
//! base32 (RFC 4648, no padding): `mem_…`, `dev_…`, `lst_…`.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE32_NOPAD, Encoding};
use serde::{Deserialize, Serialize};

/// Text that is no id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id that begins with {expected}")]
pub struct IdError {
    /// The prefix that was expected.
    pub expected: &'static str,
}

/// Lower-case base32, reading either case.
pub(super) fn base32() -> &'static Encoding {
    static LOWER: std::sync::OnceLock<Encoding> = std::sync::OnceLock::new();
    LOWER.get_or_init(|| {
        let mut spec = BASE32_NOPAD.specification();
        spec.symbols = spec.symbols.to_lowercase();
        spec.translate.from = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".into();
        spec.translate.to = "abcdefghijklmnopqrstuvwxyz".into();
        spec.encoding().unwrap_or(BASE32_NOPAD)
    })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        id!($(#[$doc])* $name, $prefix, 32);
    };
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $size:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub [u8; $size]);

        impl $name {
            /// What the text form begins with.
            pub const PREFIX: &'static str = $prefix;
            /// How many characters the text form has after that.
            pub const CHARS: usize = (8usize * $size).div_ceil(5);
            /// Nothing: stands where there is no such thing yet.
            pub const ZERO: Self = Self([0; $size]);

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $size] {
                &self.0
            }

            /// An id from exactly so many bytes.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, base32().encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, &base32().encode(&self.0)[..8])
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let error = IdError { expected: $prefix };
                let body = text.trim().strip_prefix($prefix).ok_or(error.clone())?;
                let bytes = base32().decode(body.as_bytes()).map_err(|_| error.clone())?;
                bytes.try_into().map(Self).map_err(|_| error)
            }
        }
    };
}

id!(
    /// The secret id of a neighbourhood: 256 bits that travel only in invitations and
    /// recovery sheets. Its text form is never printed in logs.
    HoodId, "hood_"
);
id!(
    /// BLAKE3 of the [`HoodId`]: what stands in document descriptors.
    HoodHash, "hsh_"
);
id!(
    /// A member: the ed25519 key derived from the phrase.
    MemberId, "mem_"
);
id!(
    /// A device: its ed25519 key.
    DeviceId, "dev_"
);
id!(
    /// A document: BLAKE3 of its descriptor. A listing's id is its document's.
    DocId, "lst_"
);
id!(
    /// A log: the hash of its entry 0.
    LogId, "log_"
);
id!(
    /// An entry: BLAKE3 of its header.
    EntryHash, "ent_"
);
id!(
    /// A group: the hash of the act that founded it.
    GroupId, "grp_"
);
id!(
    /// A booking: BLAKE3(member ‖ 32 random bytes).
    BookingId, "bkg_"
);
id!(
    /// A blob: BLAKE3 of its stored bytes.
    BlobId, "blb_"
);

id!(
    /// Bookings that were asked for together: 16 random bytes.
    SeriesId, "ser_", 16
);

impl From<EntryHash> for GroupId {
    fn from(act: EntryHash) -> Self {
        Self(act.0)
    }
}

impl HoodId {
    /// The hash that stands for this neighbourhood in descriptors.
    pub fn hash(&self) -> HoodHash {
        HoodHash(*blake3::hash(&self.0).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_goes_there_and_back() {
        let id = MemberId([7; 32]);
        let text = id.to_string();
        assert_eq!(text.len(), 4 + 52);
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(text.to_uppercase().replace("MEM_", "mem_").parse(), Ok(id));
        assert!("dev_aaaa".parse::<MemberId>().is_err());
        let series = SeriesId([7; 16]);
        assert_eq!(series.to_string().len(), 4 + SeriesId::CHARS);
        assert_eq!(series.to_string().parse(), Ok(series));
    }
}
