//! Who may do what (`PROTOCOL.md` §6): a deterministic function of the set of acts.
