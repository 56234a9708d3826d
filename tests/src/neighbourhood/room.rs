//! A room of the founder's with as many bookings as one likes, and a neighbourhood made
//! larger by copies.

use palier_model::booking::{Care, Terms};
use palier_model::journal::{Descriptor, Owner};
use palier_model::keys::{BookingId, DocId};
use palier_model::listing::{ListingContent, ListingKind};
use palier_model::replica::{Deciding, NewRequest};
use palier_model::rows::{Table, Tx, Writes};
use palier_model::time::{Instant, Interval};

use super::{HOUR_MS, Neighbourhood, Outcome, person};

/// Hours from one booking to the next.
const EVERY_HOURS: i64 = 2;
/// What lies in rows of other people's bookings, as a third neighbour holds it.
const OF_BOOKINGS: [Table; 7] = [
    Table::Entries,
    Table::EntryPlaces,
    Table::SealedRecords,
    Table::Accepted,
    Table::Decisions,
    Table::BookingStates,
    Table::CalendarSlots,
];

impl Neighbourhood {
    /// The founder publishes a room; a neighbour asks for it, one hour every two hours from
    /// `first` on. The founder accepts so many; the rest waits for an answer.
    pub fn room(
        &mut self,
        first: Instant,
        confirmed: u32,
        open: u32,
    ) -> Outcome<(DocId, Vec<BookingId>)> {
        let now = self.now;
        let room = self.on_founder(|replica, tx, rng| {
            let draft = ListingContent::new(ListingKind::Room, "Salle");
            let (holder, terms) = (replica.as_holder(), Terms::default());
            let deciding = Deciding { holder, deciders: Default::default(), terms };
            Ok(replica.publish(tx, now, rng, draft, Some(deciding))?.0)
        })?;
        self.base = person::shared(&self.founder_rows);
        let guest = self.people.len().checked_sub(1).ok_or("nobody to ask")?;
        self.people[guest].reload(&self.base)?;
        let mut asked = Vec::new();
        for number in 0..i64::from(confirmed) + i64::from(open) {
            let start = first.plus_ms(number * EVERY_HOURS * HOUR_MS);
            let new = NewRequest {
                listing: room,
                interval: Interval { start, end: Some(start.plus_ms(HOUR_MS)) },
                quantity: 1,
                waitlist: false,
                note: String::new(),
                accepts: Default::default(),
            };
            let rng = &mut self.rng;
            let (id, _) = self.people[guest]
                .on(&self.base, |replica, tx| replica.request(tx, now, rng, new))?;
            asked.push(id);
        }
        let member = self.people[guest].me.member;
        let sealed = Descriptor::sealed(self.hood.hash, Owner::Member(member), now);
        let runs = {
            let theirs = Tx::new(&self.founder_rows);
            self.people[guest].runs_of(&self.base, &sealed, &theirs)?
        };
        self.take(&runs)?;
        let waiting = asked.split_off(confirmed as usize);
        self.on_founder(|replica, tx, _| {
            for id in &asked {
                replica.accept(tx, now, id, Care::CalendarOnly)?;
            }
            Ok(())
        })?;
        Ok((room, waiting))
    }

    /// The rows of everybody's bookings so many times more, under keys of their own: what a
    /// neighbourhood so much larger holds, without the hours it takes to write it.
    pub fn copies(&self, times: u8) -> Writes {
        let mut writes = Writes::new();
        for table in OF_BOOKINGS {
            for (key, row) in self.founder_rows.table(table) {
                for copy in 1..=times {
                    let mut key = key.clone();
                    // No two keys of these tables begin alike: they are hashes.
                    if let Some(first) = key.get_mut(8) {
                        *first = first.wrapping_add(copy);
                    }
                    writes.insert((table, key), Some(row.clone()));
                }
            }
        }
        writes
    }
}
