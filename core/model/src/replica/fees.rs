//! What help costs: a listing's price over a time, or what the two sides say instead.

use super::ActError;
use crate::booking::tariff::{Currency, Rates, Tariff};
use crate::listing::{ListingRow, Per, Price};
use crate::projection::Place;
use crate::rows::Tx;
use crate::service::Fee;
use crate::time::{Interval, Zone};

/// Minutes of help as a fee; none are free.
pub(super) const fn minutes_of(minutes: u32) -> Fee {
    if minutes == 0 { Fee::Free } else { Fee::Minutes(minutes) }
}

/// What a listing's price comes to for a time; `minutes` where the two say otherwise.
pub(super) fn fee_of(
    tx: &Tx<'_>,
    row: &ListingRow,
    interval: &Interval,
    minutes: Option<u32>,
) -> Result<Fee, ActError> {
    if let Some(minutes) = minutes {
        return Ok(minutes_of(minutes));
    }
    let (currency, amount, per) = match row.content.price {
        Price::Free => return Ok(Fee::Free),
        Price::Credits { minutes, per } => (Currency::Minutes, minutes, per),
        Price::Euros { cents, per } => (Currency::Cents, cents, per),
    };
    let amount = u64::from(amount);
    let by = |rates| Tariff::ByTime { currency, rates };
    let tariff = match per {
        Per::Hour => by(Rates { hour: Some(amount), ..Rates::default() }),
        Per::Day => by(Rates { day: Some(amount), ..Rates::default() }),
        Per::Week => by(Rates { week: Some(amount), ..Rates::default() }),
        Per::Month => by(Rates { month: Some(amount), ..Rates::default() }),
        _ => Tariff::Once { currency, amount },
    };
    let place = tx.row::<Place>(Place::KEY)?;
    let zone = place.and_then(|row| Zone::named(&row.record.zone).ok()).unwrap_or_else(Zone::utc);
    let too_high = || ActError::invalid("booking.fee");
    let total = tariff.quote(&zone, interval, 1, 0).map_err(|_| too_high())?.total;
    let total = u32::try_from(total).map_err(|_| too_high())?;
    let fee = match currency {
        Currency::Minutes => minutes_of(total),
        Currency::Cents => Fee::Cents(total),
    };
    fee.check().map_err(|_| too_high())?;
    Ok(fee)
}
