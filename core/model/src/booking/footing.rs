//! What somebody is to a place: the tiers of eligibility, and whether a landlord attests
//! him, from what the charter attests of homes.
//!
//! Invariant: it follows from the charter alone. Nobody is near by saying so: a building or
//! landlord that is not attested (0) is like no other, not even another 0.

use serde::{Deserialize, Serialize};

use super::availability::Refusal;
use super::records::Terms;
use crate::authority::{Authority, Home};
use crate::keys::MemberId;

/// Who may ask: tiers from this one on are not served.
pub mod tiers {
    /// Only the same building.
    pub const BUILDING: u8 = 1;
    /// The same building, and tenants of the same landlord.
    pub const LANDLORD: u8 = 2;
}

/// What somebody is to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footing {
    /// 0: the same building; 1: the same landlord; 2: outside.
    pub tier: u8,
    /// Whether a landlord is attested, whichever.
    pub attested: bool,
}

impl Footing {
    /// Nearest: of the same building, attested.
    pub const NEAREST: Self = Self { tier: 0, attested: true };

    /// What a home is to the home of a place's owner.
    pub fn of(place: Home, asker: Home) -> Self {
        let same = |a: u32, b: u32| a != 0 && a == b;
        let tier = if same(place.building, asker.building) {
            0
        } else if same(place.landlord, asker.landlord) {
            1
        } else {
            2
        };
        Self { tier, attested: asker.landlord != 0 }
    }

    /// What `asker` is to what `owner` shares, as the charter says.
    pub fn in_hood(authority: &Authority, owner: &MemberId, asker: &MemberId) -> Self {
        let home = |of: &MemberId| authority.member(of).map(|it| it.home).unwrap_or_default();
        Self::of(home(owner), home(asker))
    }

    /// Which rules about who may ask stand against it.
    pub fn against(self, terms: &Terms) -> impl Iterator<Item = Refusal> {
        let tier = (self.tier >= terms.tiers).then_some(Refusal::Tier { served: terms.tiers });
        let attested = (terms.attested && !self.attested).then_some(Refusal::NotAttested);
        tier.into_iter().chain(attested)
    }

    /// Whether none does.
    pub fn is_served(self, terms: &Terms) -> bool {
        self.against(terms).next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(building: u32, landlord: u32) -> Home {
        Home { building, landlord }
    }

    #[test]
    fn what_is_not_attested_is_near_to_nobody() {
        for code in 0..81 {
            let (a, b, c, d) = (code % 3, code / 3 % 3, code / 9 % 3, code / 27);
            let (place, asker) = (home(a, b), home(c, d));
            let footing = Footing::of(place, asker);
            let told = match (a, b) {
                (building, _) if building > 0 && building == c => 0,
                (_, landlord) if landlord > 0 && landlord == d => 1,
                _ => 2,
            };
            assert_eq!(footing, Footing { tier: told, attested: d > 0 }, "{place:?} {asker:?}");
            // The same from either side, but for who is attested.
            assert_eq!(Footing::of(asker, place).tier, footing.tier);
        }
    }

    #[test]
    fn each_tier_serves_whom_the_one_before_serves_and_attestation_stands_beside_it() {
        let terms = |tiers, attested| Terms { tiers, attested, ..Terms::default() };
        for tier in 0..3 {
            for attested in [false, true] {
                let who = Footing { tier, attested };
                for tiers in 0..4 {
                    assert_eq!(who.is_served(&terms(tiers, false)), tier < tiers);
                    assert_eq!(who.is_served(&terms(tiers, true)), tier < tiers && attested);
                }
                assert!(who.is_served(&Terms::default()));
            }
        }
        let stranger = Footing { tier: 2, attested: false };
        let both: Vec<_> = stranger.against(&terms(tiers::BUILDING, true)).collect();
        assert_eq!(both, [Refusal::Tier { served: 1 }, Refusal::NotAttested]);
    }
}
