//! Photos: what comes out is small, upright and tells nothing but what it shows; what
//! goes in may be anything.

mod figures;
mod mutants;
mod outcome;
mod pictures;
mod refused;
