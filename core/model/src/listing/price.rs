//! What a listing costs. One field: two devices never merge an amount of one with the
//! unit of the other.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::codes::Per;

/// Highest price, in cents or minutes.
pub const MAX_AMOUNT: u32 = 10_000_000;

/// A price. Its text form is `free`, `credits 60 hour` or `euros 500 day`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum Price {
    /// Nothing.
    #[default]
    Free,
    /// Minutes of help.
    Credits {
        /// Whole minutes.
        minutes: u32,
        /// What they are for.
        per: Per,
    },
    /// Money.
    Euros {
        /// Whole cents.
        cents: u32,
        /// What they are for.
        per: Per,
    },
}

/// Text that is no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a price: free, credits MINUTES UNIT or euros CENTS UNIT")]
pub struct PriceError;

impl Price {
    /// Whether the amount is one that can be asked.
    pub const fn is_valid(&self) -> bool {
        match *self {
            Self::Free => true,
            Self::Credits { minutes: n, .. } | Self::Euros { cents: n, .. } => {
                n >= 1 && n <= MAX_AMOUNT
            }
        }
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Free => f.write_str("free"),
            Self::Credits { minutes, per } => write!(f, "credits {minutes} {per}"),
            Self::Euros { cents, per } => write!(f, "euros {cents} {per}"),
        }
    }
}

impl FromStr for Price {
    type Err = PriceError;

    fn from_str(text: &str) -> Result<Self, PriceError> {
        let mut words = text.split(' ');
        let price = match words.next() {
            Some("free") => Self::Free,
            Some(currency @ ("credits" | "euros")) => {
                let amount = words.next().and_then(|n| n.parse().ok()).ok_or(PriceError)?;
                let per = words.next().and_then(Per::from_code).ok_or(PriceError)?;
                match currency {
                    "credits" => Self::Credits { minutes: amount, per },
                    _ => Self::Euros { cents: amount, per },
                }
            }
            _ => return Err(PriceError),
        };
        // One text for one price, so that `+5` or `05` are not two more.
        if price.is_valid() && price.to_string() == text { Ok(price) } else { Err(PriceError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_has_one_text() {
        let price = Price::Euros { cents: 500, per: Per::Day };
        assert_eq!(price.to_string().parse(), Ok(price));
        for wrong in ["", "free ", "euros +5 day", "euros 05 day", "euros 0 day", "credits 5"] {
            assert_eq!(wrong.parse::<Price>(), Err(PriceError), "{wrong:?}");
        }
        assert_eq!("euros 4294967295 day".parse::<Price>(), Err(PriceError));
    }
}
