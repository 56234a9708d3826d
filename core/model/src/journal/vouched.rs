//! Signatures that a simulated world has found good. All its devices run in one process and
//! check the same entries; a check is a pure function, so its second run tells nothing.
//!
//! Invariant: nothing is remembered outside a simulated world, and nothing that was bad.

use std::cell::RefCell;
use std::collections::HashSet;

use crate::keys::{DeviceId, EntryHash, Signature};

thread_local! {
    static GOOD: RefCell<Option<HashSet<[u8; 32]>>> = const { RefCell::new(None) };
}

/// A world begins on this thread: from here on good signatures are remembered.
pub(crate) fn begin() {
    GOOD.set(Some(HashSet::new()));
}

/// Checks, unless the very same was found good before.
pub(super) fn once<E>(
    hash: &EntryHash,
    signature: &Signature,
    device: &DeviceId,
    check: impl FnOnce() -> Result<(), E>,
) -> Result<(), E> {
    let key = || *blake3::hash(&[&hash.0[..], &signature.0, &device.0].concat()).as_bytes();
    let Some(key) = GOOD.with_borrow(|good| good.is_some().then(key)) else { return check() };
    if GOOD.with_borrow(|good| good.as_ref().is_some_and(|good| good.contains(&key))) {
        return Ok(());
    }
    check()?;
    GOOD.with_borrow_mut(|good| good.as_mut().map(|good| good.insert(key)));
    Ok(())
}
