//! Entries in, changes of rows out.
