//! The folder a node lives in: lock, install id, key file.
