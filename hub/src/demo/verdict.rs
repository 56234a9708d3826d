//! What every process says at the end, and whether they agree.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::story::Story;
use crate::answer::{Booking, BookingStatus, Demo, DemoNode, List, Status};
use crate::errors::Result;

/// How often the processes are looked at before they are said to disagree.
pub(super) const MAX_LOOKS: u32 = 150;
/// The time between two looks.
pub(super) const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

impl Story<'_> {
    /// Asks everyone.
    pub(super) async fn verdict(&self, begun: Instant) -> Result<Demo> {
        let mut nodes = Vec::new();
        let mut said = Vec::new();
        let place = self.place.as_deref().unwrap_or_default();
        for actor in &self.cast {
            let status: Status = actor.ask(&["status"]).await?;
            let bookings: List<Booking> =
                actor.ask(&["booking", "list", "--listing", place]).await?;
            said.push(bookings.items);
            nodes.push(DemoNode {
                name: actor.name.to_owned(),
                home: Some(actor.home.display().to_string()),
                entries: status.entries,
                traffic: status.traffic,
                open_digest: status.open_digest.unwrap_or_default(),
            });
        }
        let contest = contest(&said);
        let digests: BTreeSet<&str> = nodes.iter().map(|node| node.open_digest.as_str()).collect();
        let same_rows = digests.len() == 1 && !digests.contains("");
        let directory = self
            .cast
            .first()
            .and_then(|actor| actor.home.parent())
            .map(|path| path.display().to_string());
        Ok(Demo {
            converged: same_rows && contest.agreed,
            contested_slot_holders: contest.holders,
            displaced: contest.displaced,
            entries: nodes.iter().map(|node| node.entries).max().unwrap_or_default(),
            wall_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            directory,
            nodes,
        })
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Contest {
    holders: u64,
    displaced: u64,
    agreed: bool,
}

/// What the processes say about the contested place. A booking counts by every status
/// that anybody gives it: two opinions are two, and no agreement.
fn contest(said: &[Vec<Booking>]) -> Contest {
    let mut opinions: BTreeMap<_, BTreeSet<(&'static str, bool)>> = BTreeMap::new();
    for booking in said.iter().flatten() {
        let status = match booking.status {
            BookingStatus::Confirmed => "confirmed",
            BookingStatus::Displaced => "displaced",
            _ => "other",
        };
        opinions.entry(booking.id).or_default().insert((status, booking.firm));
    }
    let count = |wanted| {
        let says = |all: &&BTreeSet<(&str, bool)>| all.iter().any(|(status, _)| *status == wanted);
        opinions.values().filter(says).count() as u64
    };
    Contest {
        holders: count("confirmed"),
        displaced: count("displaced"),
        agreed: opinions.values().all(|all| all.len() == 1),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use palier_model::keys::{BookingId, DocId};
    use palier_model::time::Instant;

    use super::*;
    use crate::answer::{Delivery, When, Word};

    fn booking(n: u8, status: BookingStatus, firm: bool) -> Booking {
        Booking {
            id: BookingId([n; 32]).into(),
            series: None,
            listing: DocId([1; 32]).into(),
            title: String::new(),
            status,
            firm,
            waiting_for: vec![],
            start: Some(When::new(Instant(0), &TimeZone::UTC)),
            end: None,
            zone: "UTC".into(),
            quantity: 1,
            requester: None,
            mine: false,
            reason: String::new(),
            note: String::new(),
            footing: None,
            text_accepted: Default::default(),
            text: String::new(),
            alternatives: vec![],
            waitlist: 0,
            offer: None,
            handed_over: Word::default(),
            returned: Word::default(),
            service: None,
            payment: None,
            end_firm: false,
            rolling: false,
            asked_end: None,
            notice: None,
            delivery: Delivery::Received,
            history: vec![],
        }
    }

    #[test]
    fn two_holders_or_two_opinions_are_no_agreement() {
        use BookingStatus::{Confirmed, Displaced};
        let good = vec![booking(1, Confirmed, true), booking(2, Displaced, false)];
        let one = Contest { holders: 1, displaced: 1, agreed: true };
        assert_eq!(contest(&[good.clone(), vec![], good.clone()]), one);
        let other = vec![booking(2, Confirmed, false)];
        let two = Contest { holders: 2, displaced: 1, agreed: false };
        assert_eq!(contest(&[good.clone(), other]), two);
        let unfirm = vec![booking(1, Confirmed, false)];
        assert!(!contest(&[good, unfirm]).agreed);
    }
}
