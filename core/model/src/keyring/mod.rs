//! Key epochs of members, certified in identity logs (`PROTOCOL.md` §5).
