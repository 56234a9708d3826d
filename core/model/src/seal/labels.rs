//! Every label that separates one use of a key from another. On the wire for ever.

/// derive_key context: X25519 output ‖ writer pk ‖ reader pk → pair key.
pub(super) const PAIR_CONTEXT: &str = "palier grant v1";
/// Under the pair key: the tag of a grant.
pub(super) const TAG: &[u8] = b"tag";
/// Under the pair key: the key of a grant.
pub(super) const WRAP: &[u8] = b"wrap";
/// Under the pair key: the salt of a grant.
pub(super) const GRANT_SALT: &[u8] = b"salt";
/// derive_key context: deal key → key tag.
pub(super) const KEY_TAG_CONTEXT: &str = "palier key tag v1";
/// derive_key context: deal key → key of salts.
pub(super) const SALT_CONTEXT: &str = "palier salt v1";
/// Under the deal key: the key of one record.
pub(super) const RECORD: &[u8] = b"k";
/// Under a record's key: its commitment.
pub(super) const COMMIT: &[u8] = b"commit";
