//! Joining: the bearer's side and the redeemer's.

use rand_core::CryptoRng;

use super::{Engine, Event, Now, Stores};
use crate::codec;
use crate::journal::{Root, entry};
use crate::keys::{HoodHash, MemberId};
use crate::replica::{ActError, HoodRow, Replica, Standing};
use crate::rows::Tx;
use crate::sync::{
    CloseReason, Credential, Effect, InvitationLink, JoinAnswer, JoinForm, MeetKey, SessionId,
    StoreId, Welcome,
};

/// An application that waits is asked after this much later, then at growing distances …
const ASK_AGAIN_MS: i64 = 10_000;
/// … up to this one.
const ASK_AGAIN_MOST_MS: i64 = 300_000;

impl Engine {
    /// Gets ready to join by an invitation: the rows of the neighbourhood are set up and
    /// this member's identity there is begun. The next session with the redeemer joins.
    pub fn prepare_join(
        &mut self,
        link: &InvitationLink,
        form: JoinForm,
        now: Now,
        stores: &mut dyn Stores,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), ActError> {
        if link.is_expired(now.claimed) {
            return Err(ActError::not_allowed("invite.expired"));
        }
        if let Some(known) = self.hoods.get_mut(&link.hood) {
            match known.replica.hood().standing {
                Standing::Member => return Err(ActError::conflict("member.already")),
                Standing::Joining | Standing::AwaitingApproval => {}
                Standing::Reader | Standing::Refused => {}
            }
            known.ask_again_at = None;
            self.look_again(now);
            return self.act(&link.hood, now, stores, |replica, tx| {
                replica.prepare_as_bearer(tx, now.claimed, rng, Some(link.to_text()), form)?;
                Ok(((), Default::default()))
            });
        }
        let rows = crate::rows::MemoryRows::default();
        let mut tx = Tx::new(&rows);
        let row = HoodRow {
            hash: link.hood,
            id: None,
            root: None,
            name: link.hood_name.clone(),
            standing: Standing::Joining,
            invitation: None,
        };
        let mut replica = Replica::prepare(&mut tx, &self.me, row, new_store(rng));
        replica.prepare_as_bearer(&mut tx, now.claimed, rng, Some(link.to_text()), form)?;
        let writes = tx.into_writes();
        self.create(link.hood, now, stores, writes, replica, Default::default())
    }

    /// What a bearer shows: the signed entry 0 of its identity log.
    pub(super) fn bearer_credential(
        &self,
        replica: &Replica,
        stores: &dyn Stores,
    ) -> Option<Credential> {
        let row = replica.hood();
        if !matches!(row.standing, Standing::Joining | Standing::AwaitingApproval) {
            return None;
        }
        let link = InvitationLink::from_text(row.invitation.as_deref()?).ok()?;
        let tx = Tx::new(stores.rows(&row.hash)?);
        let entry0 = entry(&tx, &replica.own().act).ok()??;
        Some(Credential {
            key: MeetKey::Invitation(link.secret),
            member: self.me.member,
            certificate: codec::encode(&entry0),
            expect: Some(link.redeemer),
        })
    }

    pub(super) fn met_by_invitation(
        &mut self,
        id: SessionId,
        hood: Option<HoodHash>,
        now: Now,
        stores: &mut dyn Stores,
    ) {
        let Some(hash) = hood else { return };
        let Some(known) = self.hoods.get(&hash) else { return };
        let row = known.replica.hood().clone();
        if row.standing != Standing::Member {
            let link = row.invitation.as_deref().map(InvitationLink::from_text);
            if let Some(Ok(link)) = link
                && let Some(live) = self.sessions.get_mut(&id)
            {
                live.session.open_bearer(link.hood, link.act);
            }
            return;
        }
        let name = stores.rows(&hash).and_then(|rows| known.replica.name(&Tx::new(rows)).ok());
        let (Some(hood), Some(root)) = (row.id, row.root) else { return };
        let welcome =
            Welcome { hood, log: root.log, act: root.act, hood_name: name.unwrap_or(row.name) };
        self.with_session(id, now, stores, |session, context| {
            session.open_redeemer(welcome, context);
        });
    }

    pub(super) fn join_effect(
        &mut self,
        id: SessionId,
        hood: &HoodHash,
        effect: Effect,
        now: Now,
        stores: &mut dyn Stores,
    ) {
        let done = match effect {
            Effect::Welcomed(welcome) => self.welcomed(hood, welcome, now, stores),
            Effect::WelcomeDone => self.apply(id, hood, stores),
            Effect::Application(application) => {
                let member = application.peer.member;
                let decided = self.act(hood, now, stores, |replica, tx| {
                    let known = replica.came_by(tx, &member, &application.invitation)?;
                    let (answer, changes) = replica.consider(tx, now.claimed, &application)?;
                    Ok(((answer, known), changes))
                });
                match decided {
                    Ok((answer, known)) => {
                        // Whoever only asks how that stands is no news.
                        if answer == JoinAnswer::AwaitingApproval && !known {
                            self.event(Event::Applied { hood: *hood, member });
                        }
                        self.with_session(id, now, stores, |session, context| {
                            session.admit_result(answer, context.fetches);
                        });
                        Ok(())
                    }
                    Err(error) => Err(error),
                }
            }
            Effect::JoinAnswered(answer) => self.answered(hood, answer, now, stores),
            _ => Ok(()),
        };
        if let Err(error) = done {
            tracing::warn!(%error, "a join did not go on");
            self.close_session(id, CloseReason::Store);
        }
    }

    fn welcomed(
        &mut self,
        hood: &HoodHash,
        welcome: Welcome,
        now: Now,
        stores: &mut dyn Stores,
    ) -> Result<(), ActError> {
        let root = Root { log: welcome.log, act: welcome.act };
        self.act(hood, now, stores, |replica, tx| {
            replica.set_root(tx, Some(welcome.hood), root)?;
            Ok(((), Default::default()))
        })
    }

    fn apply(
        &mut self,
        id: SessionId,
        hood: &HoodHash,
        stores: &dyn Stores,
    ) -> Result<(), ActError> {
        let (identity, form) = self.read(hood, stores, |replica, tx| {
            Ok((replica.identity_runs(tx)?, replica.kept_form(tx)?))
        })?;
        if let Some(live) = self.sessions.get_mut(&id) {
            live.session.apply(&identity, form, &mut self.no_fetches);
        }
        Ok(())
    }

    /// Whether someone may be met on an invitation: by its bearer always, by its redeemer
    /// while it lets someone in, or where this very person came by it before.
    pub(super) fn may_come_by(
        &self,
        secret: &[u8; 32],
        member: &MemberId,
        now: Now,
        stores: &dyn Stores,
    ) -> bool {
        let Some(hash) = self.hood_of_invitation(secret, stores) else { return false };
        let (Some(hood), Some(rows)) = (self.hoods.get(&hash), stores.rows(&hash)) else {
            return false;
        };
        let id = *blake3::hash(secret).as_bytes();
        let replica = &hood.replica;
        replica.hood().standing != Standing::Member
            || replica.may_come_by(&Tx::new(rows), &id, member, now.claimed).unwrap_or(false)
    }

    /// Lets applications that wait be asked after at the next meeting, however short ago
    /// that was last done: somebody wants to know.
    pub fn ask_again(&mut self, now: Now) {
        self.hoods.values_mut().for_each(|hood| hood.ask_again_at = None);
        self.look_again(now);
    }

    fn answered(
        &mut self,
        hood: &HoodHash,
        answer: JoinAnswer,
        now: Now,
        stores: &mut dyn Stores,
    ) -> Result<(), ActError> {
        let standing = match &answer {
            JoinAnswer::Joined => Standing::Member,
            JoinAnswer::AwaitingApproval => Standing::AwaitingApproval,
            JoinAnswer::Refused(_) => Standing::Refused,
        };
        if let Some(known) = self.hoods.get_mut(hood) {
            // What is asked after costs the redeemer a welcome each time.
            let wait = ASK_AGAIN_MS.saturating_mul(1 << known.asked.min(8)).min(ASK_AGAIN_MOST_MS);
            known.asked = known.asked.saturating_add(1);
            known.ask_again_at = Some(now.steady.plus_ms(wait));
        }
        self.act(hood, now, stores, |replica, tx| {
            replica.set_standing(tx, standing);
            Ok(((), Default::default()))
        })?;
        self.look_again(now);
        self.event(Event::JoinAnswered { hood: *hood, answer });
        Ok(())
    }
}

/// A fresh store id.
pub(super) fn new_store(rng: &mut dyn CryptoRng) -> StoreId {
    let mut id = [0; 16];
    rng.fill_bytes(&mut id);
    StoreId(id)
}
