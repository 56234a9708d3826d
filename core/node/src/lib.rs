//! Palier's model on a real machine: SQLite, libp2p, tokio, one `Node`.
//!
//! Only here are a clock, a disk and sockets: `home` (folder, lock, keys) →
//! `store` → `net` → `node`; `photo` stands by itself.

pub mod home;
pub mod net;
pub mod node;
pub mod photo;
pub mod store;
