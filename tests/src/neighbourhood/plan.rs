//! How large a neighbourhood is to be.

/// The size of a neighbourhood, and the seed its every draw comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Where every draw comes from.
    pub seed: u64,
    /// People, the founder among them.
    pub members: u32,
    /// Things that can be asked for, spread over all but the founder.
    pub listings: u32,
    /// Requests, most of them accepted.
    pub bookings: u32,
}

impl Plan {
    /// The reference neighbourhood: two years of a block of houses. About 100,000 entries:
    /// a booking has four (two grants, the request, the decision).
    pub const REFERENCE: Self = Self { seed: 1, members: 500, listings: 5_000, bookings: 20_000 };

    /// The reference neighbourhood, so many times smaller or larger.
    pub fn scaled(factor: f64) -> Self {
        let scale = |count: u32| (f64::from(count) * factor).round().max(2.0) as u32;
        let Self { seed, members, listings, bookings } = Self::REFERENCE;
        Self { seed, members: scale(members), listings: scale(listings), bookings: scale(bookings) }
    }

    /// Little but documents: so many listings of few people.
    pub const fn documents(listings: u32) -> Self {
        Self { seed: 2, members: 11, listings, bookings: 0 }
    }
}
