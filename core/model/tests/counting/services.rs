//! Help and thanks of somebody who was removed: what they said before it stands, what they
//! say after it counts nowhere.

use palier_model::keys::{BookingId, DocId};
use palier_model::listing::{ListingContent, ListingKind};
use palier_model::replica::{ActError, NewProposal, NewReply, ServiceAct, ThanksLine};
use palier_model::service::{Services, Stage, StepKind};
use palier_model::time::{Instant, Interval};

use super::neighbours::Neighbours;

const HOUR_MS: i64 = 3_600_000;

impl Neighbours {
    pub fn need(&mut self, node: usize) -> DocId {
        let published = self.do_act(node, |replica, tx, now, rng| {
            let draft = ListingContent::new(ListingKind::Need, "Étagères");
            replica.publish(tx, now, rng, draft, None)
        });
        published.unwrap()
    }

    pub fn answer(&mut self, node: usize, listing: DocId) -> Result<BookingId, ActError> {
        self.do_act(node, |replica, tx, now, rng| {
            let interval = Interval { start: now, end: Some(now.plus_ms(HOUR_MS)) };
            let text = "Je viens".into();
            let new = NewReply { listing, interval: Some(interval), minutes: Some(30), text };
            replica.answer_listing(tx, now, rng, new)
        })
    }

    pub fn act(&mut self, node: usize, deal: BookingId, act: ServiceAct) -> Result<(), ActError> {
        self.do_act(node, |replica, tx, now, rng| {
            Ok(((), replica.act_on_service(tx, now, rng, &deal, act)?))
        })
    }

    /// Something or other about one of the deals that a device can read.
    pub fn any_service_act(&mut self, node: usize, turn: u64) -> Result<(), ActError> {
        let deals: Vec<BookingId> = {
            let tx = palier_model::rows::Tx::new(self.rows(node));
            let rows = tx.rows_with_prefix::<Services>(&[], 1_000).unwrap();
            rows.iter().filter_map(|(key, _)| BookingId::from_slice(key)).collect()
        };
        let Some(deal) = deals.get(self.below(deals.len())).copied() else { return Ok(()) };
        let kinds = StepKind::ALL;
        match self.below(8) {
            0 | 1 => self.act(node, deal, ServiceAct::Agree),
            2 => self.do_act(node, |replica, tx, now, rng| {
                let interval = Interval { start: now, end: Some(now.plus_ms(HOUR_MS)) };
                let new = NewProposal { interval, minutes: None, text: String::new() };
                Ok(((), replica.propose(tx, now, rng, &deal, new)?))
            }),
            3 | 4 => self.do_act(node, |replica, tx, now, rng| {
                Ok(((), replica.done(tx, now, rng, &deal, String::new())?.1))
            }),
            5 => self.thank(node, deal, &format!("Merci {turn}")),
            _ => {
                let kind = kinds[self.below(kinds.len())];
                self.act(node, deal, ServiceAct::Say(kind, String::new()))
            }
        }
    }

    pub fn thank(&mut self, node: usize, deal: BookingId, text: &str) -> Result<(), ActError> {
        self.do_act(node, |replica, tx, now, _| {
            Ok(((), replica.thank(tx, now, &deal, Some(text.into()))?.1))
        })
    }

    fn thanks_of(&mut self, by: usize, whom: usize, days: i64) -> Vec<ThanksLine> {
        let (hood, member) = (self.hood, self.member(whom));
        let read = self.world.read(by, &hood, |replica, tx, now| {
            replica.thanks_to(tx, &member, now.claimed.plus_ms(days * Instant::DAY_MS))
        });
        read.unwrap()
    }

    fn stage(&mut self, node: usize, deal: &BookingId) -> Stage {
        let hood = self.hood;
        let read =
            self.world.read(node, &hood, |replica, tx, now| replica.service(tx, deal, now.claimed));
        read.unwrap().life.stage
    }
}

/// Anna's need, that Bo answered and both say is done.
fn closed(them: &mut Neighbours) -> BookingId {
    let need = them.need(0);
    them.meet_all();
    let deal = them.answer(1, need).unwrap();
    them.meet_all();
    them.act(0, deal, ServiceAct::Agree).unwrap();
    them.meet_all();
    for node in [1, 0] {
        let done = them
            .do_act(node, |replica, tx, now, rng| replica.done(tx, now, rng, &deal, String::new()));
        done.unwrap();
        them.meet_all();
    }
    assert_eq!(them.stage(1, &deal), Stage::Closed);
    deal
}

#[test]
fn thanks_after_a_removal_count_nowhere_and_those_before_it_do() {
    for (seed, before) in [(71, true), (72, false)] {
        let mut them = Neighbours::new(seed, 3);
        let deal = closed(&mut them);
        if before {
            them.thank(1, deal, "Merci").unwrap();
            them.meet_all();
        }
        them.remove(0, 1).unwrap();
        // Bo has not heard of it, and thanks; another neighbour carries that on.
        them.thank(1, deal, "Merci encore").unwrap();
        them.meet(0, 2);
        them.carry(1, 2);
        them.meet(0, 2);
        for by in [0, 2] {
            let texts: Vec<String> =
                them.thanks_of(by, 0, 30).into_iter().map(|it| it.view.text).collect();
            let stands: Vec<&str> = if before { vec!["Merci"] } else { vec![] };
            assert_eq!(texts, stands, "node {by}");
        }
    }
}

#[test]
fn others_are_shown_thanks_when_both_spoke_and_not_before() {
    let mut them = Neighbours::new(73, 3);
    let deal = closed(&mut them);
    them.thank(1, deal, "Merci").unwrap();
    them.meet_all();
    let lines = |them: &mut Neighbours, by, days| them.thanks_of(by, 0, days).len();
    assert_eq!([0, 1, 2].map(|by| lines(&mut them, by, 0)), [0, 1, 0]);
    assert_eq!([0, 1, 2].map(|by| lines(&mut them, by, 8)), [1, 1, 1]);
    them.thank(0, deal, "À bientôt").unwrap();
    them.meet_all();
    for by in [0, 1, 2] {
        let shown = them.thanks_of(by, 0, 0);
        assert!(shown.len() == 1 && shown[0].view.mutual);
        assert_eq!(shown[0].booking.is_some(), by != 2, "only its sides know the deal");
    }
}

#[test]
fn what_a_removed_side_says_afterwards_moves_no_stage() {
    let mut them = Neighbours::new(74, 3);
    let need = them.need(0);
    them.meet_all();
    let deal = them.answer(1, need).unwrap();
    them.meet_all();
    them.act(0, deal, ServiceAct::Agree).unwrap();
    them.meet_all();
    them.remove(0, 1).unwrap();
    let done = |them: &mut Neighbours, node| {
        them.do_act(node, |replica, tx, now, rng| replica.done(tx, now, rng, &deal, String::new()))
    };
    done(&mut them, 1).unwrap();
    them.carry(1, 0);
    assert_eq!(them.stage(0, &deal), Stage::Agreed, "his word came after his removal");
    done(&mut them, 0).unwrap();
    assert_eq!(them.stage(0, &deal), Stage::Done);
}
