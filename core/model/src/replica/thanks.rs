//! Thanking the other side of a deal that is over, and looking at thanks.

use super::{ActError, Replica};
use crate::booking::{Record, TagUse, deal_tag};
use crate::journal::{Descriptor, Tip, kind};
use crate::keys::{BookingId, EntryHash, MemberId};
use crate::projection::{Changes, entry_counts};
use crate::rows::{RowsError, Tx};
use crate::thanks::{self, Given, Thanks, ThanksRows, ThanksView};
use crate::time::Instant;

/// Thanks, and the deal they are for where this member is a side of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThanksLine {
    /// As it is shown.
    pub view: ThanksView,
    /// The deal; none for others.
    pub booking: Option<BookingId>,
}

impl Replica {
    /// Thanks the other side of a deal that is over, or says it otherwise. Without a text
    /// takes the word back. Gives the entry.
    pub fn thank(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        booking: &BookingId,
        text: Option<String>,
    ) -> Result<(EntryHash, Changes), ActError> {
        self.check_member()?;
        let (to, random) = self.closed_deal(tx, booking, now)?;
        let deal = deal_tag(TagUse::Thanks, booking, &random);
        let row = tx.row::<ThanksRows>(&(to, deal, self.me.member))?.unwrap_or_default();
        let mut those = Vec::new();
        for given in &row {
            if self.thanks_count(tx, given)? {
                those.push(given);
            }
        }
        let me = self.as_holder();
        if row.iter().filter(|it| it.by.device == me.device).count() >= thanks::bounds::BY_DEVICE {
            return Err(ActError::conflict("thanks.too_many"));
        }
        let stands = thanks::spoken(&row, |it| those.contains(&it));
        if text.is_none() && stands.is_none_or(|it| it.word.record.text.is_none()) {
            return Err(ActError::conflict("thanks.none"));
        }
        let mut over = thanks::heads(&those);
        over.truncate(thanks::bounds::OVER);
        over.sort_unstable();
        let record = Thanks { at: now, to, deal, text, over };
        let payload = record.to_payload().map_err(|_| ActError::invalid("thanks.text"))?;
        let open = Descriptor::open(self.hood.hash, self.owner(), now);
        let mut changes = Changes::default();
        let hash = self.write(tx, &open, kind::open::THANKS, |_| payload, &mut changes)?;
        Ok((hash, changes))
    }

    /// The thanks that a member received, as far as this one is shown them: the newest first.
    pub fn thanks_to(
        &self,
        tx: &Tx<'_>,
        member: &MemberId,
        now: Instant,
    ) -> Result<Vec<ThanksLine>, ActError> {
        if self.authority.member(member).is_none() {
            return Err(ActError::not_found("member.not_found"));
        }
        let counts = |given: &Given| self.thanks_count(tx, given);
        let me = self.me.member;
        let mut lines = Vec::new();
        for view in thanks::received(tx, (member, &me), &counts, now)? {
            let other = if view.from == me { view.to } else { view.from };
            let booking = self.deal_of_tag(tx, &view.deal, &other)?;
            lines.push(ThanksLine { view, booking });
        }
        Ok(lines)
    }

    fn thanks_count(&self, tx: &Tx<'_>, given: &Given) -> Result<bool, RowsError> {
        let tip = Tip { seq: given.entry.seq, hash: given.entry.hash };
        entry_counts(tx, &self.authority, &given.entry.log, &tip)
    }
}
