//! Seeded whole neighbourhoods without a machine.
