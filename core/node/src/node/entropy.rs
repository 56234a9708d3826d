//! Randomness from the operating system.

use rand_core::UnwrapErr;

/// The system's generator. Without random bytes no key is safe, so it panics where the
/// system has none.
pub type SystemRng = UnwrapErr<getrandom::SysRng>;

/// The system's generator.
pub const fn system_rng() -> SystemRng {
    UnwrapErr(getrandom::SysRng)
}
