//! Sealing (`PROTOCOL.md` §5): grants, deal keys and per-entry keys.
