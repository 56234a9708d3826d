//! Sessions over rows in memory.
