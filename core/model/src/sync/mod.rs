//! Sessions between two nodes as a state machine (`PROTOCOL.md` §8).
