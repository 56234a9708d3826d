//! Randomness from the operating system.

use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

/// The system's generator. Without random bytes no key is safe, so the process stops
/// rather than go on without.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRng;

impl SystemRng {
    /// Fresh random bytes.
    pub fn bytes<const N: usize>() -> [u8; N] {
        let mut bytes = [0; N];
        fill(&mut bytes);
        bytes
    }
}

fn fill(bytes: &mut [u8]) {
    if getrandom::fill(bytes).is_err() {
        tracing::error!("the system gives no random bytes");
        std::process::abort();
    }
}

impl TryRng for SystemRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(Self::bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(Self::bytes()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for SystemRng {}
