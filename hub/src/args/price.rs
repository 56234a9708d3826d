//! Prices on the command line.

use std::str::FromStr;

use crate::answer::{Per, Price};

/// `free`, `60min/hour` (minutes of help) or `4.50eur/day`; without a slash, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceArg(pub Price);

impl FromStr for PriceArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse(&text.trim().to_lowercase())
            .map(Self)
            .ok_or_else(|| "free, 60min/h, 4.50eur/d".into())
    }
}

fn parse(text: &str) -> Option<Price> {
    if matches!(text, "free" | "gratuit") {
        return Some(Price::Free);
    }
    let (amount, per) = match text.split_once('/') {
        None => (text, Per::Once),
        Some((amount, unit)) => (amount, per(unit)?),
    };
    if let Some(minutes) = amount.strip_suffix("min") {
        return Some(Price::Credits { minutes: whole(minutes)?, per });
    }
    let euros = amount.strip_suffix("eur").or_else(|| amount.strip_suffix('€'))?;
    let (whole_euros, cents) = match euros.split_once(['.', ',']) {
        None => (whole(euros)?, 0),
        Some((euros, cents)) if cents.len() == 2 => (whole(euros)?, whole(cents)?),
        Some(_) => return None,
    };
    Some(Price::Euros { cents: whole_euros.checked_mul(100)?.checked_add(cents)?, per })
}

/// A whole number, digits only: no sign, no blank.
fn whole(digits: &str) -> Option<u64> {
    let plain =
        !digits.is_empty() && digits.len() <= 7 && digits.chars().all(|c| c.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

fn per(unit: &str) -> Option<Per> {
    Some(match unit {
        "h" | "hour" | "heure" => Per::Hour,
        "d" | "j" | "day" | "jour" => Per::Day,
        "w" | "week" | "semaine" => Per::Week,
        "month" | "mois" => Per::Month,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_whole_cents_and_whole_minutes() {
        let price = |text: &str| text.parse::<PriceArg>().map(|p| p.0).ok();
        assert_eq!(price("free"), Some(Price::Free));
        assert_eq!(price("4,50€/jour"), Some(Price::Euros { cents: 450, per: Per::Day }));
        assert_eq!(price("5eur"), Some(Price::Euros { cents: 500, per: Per::Once }));
        assert_eq!(price("60min/h"), Some(Price::Credits { minutes: 60, per: Per::Hour }));
        for bad in
            ["", "5", "-5eur", "+5eur", "5.5eur", "5.555eur", "1e9eur", "99999999eur", "5eur/an"]
        {
            assert_eq!(price(bad), None, "{bad}");
        }
    }
}
