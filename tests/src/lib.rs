//! Whole-system tests live in `tests/`; what they share is here.

#[cfg(target_os = "linux")]
pub mod netns;
