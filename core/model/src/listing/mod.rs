//! Listings and profiles: what is edited, typed and limited.
