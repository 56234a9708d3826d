//! What happens, in order.

use std::net::SocketAddr;
use std::path::Path;

use jiff::{Timestamp, Unit};

use super::Narrator;
use super::cast::Actor;
use super::network::{Network, Side, free_address};
use crate::answer::{
    Booking, BookingStatus, Invitation, JoinStatus, Joined, List, Listing, ListingDetail, Member,
    Saved, Status,
};
use crate::errors::{CliError, Result};

/// The hub, the owner of the contested place, and four residents.
const CAST: [(&str, Side); 6] = [
    ("Hub", Side::Hub),
    ("Marcel", Side::Phone),
    ("Awa", Side::Hub),
    ("Jeanne", Side::Hub),
    ("Karim", Side::Phone),
    ("Lise", Side::Phone),
];
const HUB: usize = 0;
const MARCEL: usize = 1;
const AWA: usize = 2;
const JEANNE: usize = 3;
const KARIM: usize = 4;
const LISE: usize = 5;

/// The story as far as it went.
pub(super) struct Story<'a> {
    pub(super) cast: Vec<Actor>,
    pub(super) network: Network,
    narrator: Narrator<'a>,
    /// The contested place, once it is offered.
    pub(super) place: Option<String>,
    start: String,
    end: String,
}

impl<'a> Story<'a> {
    /// Makes the homes and starts the processes.
    pub(super) async fn begin(folder: &Path, narrator: Narrator<'a>) -> Result<Self> {
        let io = |error: std::io::Error| CliError::io(&error, folder);
        let mut listens = Vec::new();
        for _ in CAST {
            listens.push(free_address().await.map_err(io)?);
        }
        let sides = listens.iter().copied().zip(CAST.map(|(_, side)| side)).collect();
        let network = Network::new(sides);
        let mut cast = Vec::new();
        for ((name, _), listen) in CAST.into_iter().zip(listens) {
            let way = network.forward_to(listen).await.map_err(io)?;
            cast.push(Actor::new(folder, name, listen, way).await?);
        }
        let (hub, marcel) = (cast[HUB].way.address, cast[MARCEL].way.address);
        for (index, actor) in cast.iter_mut().enumerate() {
            actor.start(&peers_of(index, hub, marcel)).await?;
        }
        // A slot tomorrow, at a full hour.
        let start = Timestamp::now()
            .round(Unit::Hour)
            .and_then(|hour| hour.checked_add(jiff::SignedDuration::from_hours(24)))
            .map_err(CliError::internal)?;
        let end =
            start.checked_add(jiff::SignedDuration::from_hours(4)).map_err(CliError::internal)?;
        narrator.say("demo-begin", [("n", cast.len().into())]);
        Ok(Self {
            cast,
            network,
            narrator,
            place: None,
            start: start.to_string(),
            end: end.to_string(),
        })
    }

    /// Everything.
    pub(super) async fn tell(&mut self) -> Result<()> {
        self.found_and_join().await?;
        let drill = self.offer().await?;
        self.lend(&drill).await?;
        self.contest().await
    }

    async fn found_and_join(&self) -> Result<()> {
        let cast = &self.cast;
        let hub = &cast[HUB];
        hub.ask::<Saved>(&["hood", "found", "12 rue des Lilas"]).await?;
        self.narrator.say("demo-founded", [("who", hub.name.into())]);
        let me = hub.identity.member.to_string();
        hub.ask::<Saved>(&["member", "appoint", &me, "hub"]).await?;
        let invitation: Invitation = hub.ask(&["invite", "create", "--uses", "5"]).await?;
        let link = invitation.link.ok_or_else(|| failed("invite"))?;
        for actor in &cast[MARCEL..] {
            let joined: Joined = actor.ask(&["join", &link]).await?;
            if joined.status != JoinStatus::Joined {
                return Err(failed("join"));
            }
            self.narrator.say("demo-joined", [("who", actor.name.into())]);
        }
        let everyone = |members: &List<Member>| {
            members.items.iter().filter(|member| !member.name.is_empty()).count() == CAST.len()
        };
        for actor in cast {
            actor.wait("members", &["member", "list"], everyone).await?;
        }
        self.narrator.say("demo-everyone", [("n", cast.len().into())]);
        Ok(())
    }

    /// Offers; gives the drill.
    async fn offer(&mut self) -> Result<String> {
        let cast = &self.cast;
        let holder = cast[HUB].identity.device.to_string();
        let texts = self.narrator.texts;
        let drill = texts.get("demo-drill");
        let help = texts.get("demo-help");
        let place = texts.get("demo-place");
        let lend = ["listing", "add", "tool", "--title", &drill, "--capacity", "1"];
        let drill_id = cast[JEANNE].ask::<Saved>(&lend).await?.id;
        cast[KARIM].ask::<Saved>(&["listing", "add", "offer", "--title", &help]).await?;
        let park = [
            "listing",
            "add",
            "parking",
            "--title",
            &place,
            "--capacity",
            "1",
            "--holder",
            &holder,
        ];
        let place_id = cast[MARCEL].ask::<Saved>(&park).await?.id;
        for (owner, reader, title) in
            [(JEANNE, LISE, &drill), (KARIM, AWA, &help), (MARCEL, AWA, &place)]
        {
            let there = |list: &List<Listing>| list.items.iter().any(|it| it.title == *title);
            cast[reader].wait("listings", &["listing", "list"], there).await?;
            let params = [
                ("owner", cast[owner].name.into()),
                ("title", title.as_str().into()),
                ("reader", cast[reader].name.into()),
            ];
            self.narrator.say("demo-offered", params);
        }
        let decided = |it: &ListingDetail| it.holder.is_some();
        cast[HUB].wait("listing", &["listing", "show", &place_id], decided).await?;
        self.place = Some(place_id);
        Ok(drill_id)
    }

    /// A search finds the drill, and it is lent.
    async fn lend(&self, drill: &str) -> Result<()> {
        let (lise, jeanne) = (&self.cast[LISE], &self.cast[JEANNE]);
        let words = self.narrator.texts.get("demo-drill-words");
        let found = |list: &List<Listing>| list.items.iter().any(|it| it.id.to_string() == drill);
        lise.wait("search", &["search", &words], found).await?;
        self.narrator.say("demo-searched", [("who", lise.name.into()), ("words", words.into())]);
        let id = self.request(lise, drill).await?;
        jeanne.wait("request", &["booking", "show", &id], |_: &Booking| true).await?;
        jeanne.ask::<Saved>(&["booking", "accept", &id]).await?;
        let confirmed = |it: &Booking| it.status == BookingStatus::Confirmed && it.firm;
        lise.wait("answer", &["booking", "show", &id], confirmed).await?;
        self.narrator.say("demo-lent", [("who", lise.name.into()), ("owner", jeanne.name.into())]);
        Ok(())
    }

    /// Two want one place, on two sides of a cut.
    async fn contest(&self) -> Result<()> {
        let place = self.place.clone().unwrap_or_default();
        let (hub, marcel) = (&self.cast[HUB], &self.cast[MARCEL]);
        let (awa, karim) = (&self.cast[AWA], &self.cast[KARIM]);
        self.network.cut();
        self.narrator.say("demo-cut", []);

        let first = self.request(awa, &place).await?;
        hub.wait("request", &["booking", "show", &first], |_: &Booking| true).await?;
        hub.ask::<Saved>(&["booking", "accept", &first]).await?;
        let confirmed = |it: &Booking| it.status == BookingStatus::Confirmed;
        let seen = awa.wait("answer", &["booking", "show", &first], confirmed).await?;
        let key = if seen.firm { "demo-accepted-firm" } else { "demo-accepted" };
        self.narrator.say(key, [("who", awa.name.into()), ("decider", hub.name.into())]);

        let second = self.request(karim, &place).await?;
        marcel.wait("request", &["booking", "show", &second], |_: &Booking| true).await?;
        marcel.ask::<Saved>(&["booking", "accept", &second]).await?;
        let seen = karim.wait("answer", &["booking", "show", &second], confirmed).await?;
        let key = if seen.firm { "demo-accepted-firm" } else { "demo-accepted" };
        self.narrator.say(key, [("who", karim.name.into()), ("decider", marcel.name.into())]);

        self.network.heal();
        self.narrator.say("demo-healed", []);
        let displaced = |it: &Booking| it.status == BookingStatus::Displaced;
        let lost = karim.wait("displaced", &["booking", "show", &second], displaced).await?;
        awa.wait("firm", &["booking", "show", &first], |it: &Booking| confirmed(it) && it.firm)
            .await?;
        self.narrator.say("demo-holder", [("who", awa.name.into())]);
        let params = [
            ("who", karim.name.into()),
            ("n", lost.alternatives.len().into()),
            ("place", lost.waitlist.into()),
        ];
        self.narrator.say("demo-displaced", params);
        self.settle().await
    }

    async fn request(&self, actor: &Actor, listing: &str) -> Result<String> {
        let words = ["booking", "request", listing, "--start", &self.start, "--end", &self.end];
        Ok(actor.ask::<Saved>(&words).await?.id)
    }

    /// Waits until every process holds the same open rows, and still does a look later.
    async fn settle(&self) -> Result<()> {
        let mut before = None;
        for _ in 0..super::verdict::MAX_LOOKS {
            let mut digests = Vec::new();
            for actor in &self.cast {
                digests.push(actor.ask::<Status>(&["status"]).await?.open_digest);
            }
            digests.dedup();
            if digests.len() == 1 && before.as_ref() == digests.first() {
                return Ok(());
            }
            before = if digests.len() == 1 { digests.pop() } else { None };
            tokio::time::sleep(super::verdict::BETWEEN_LOOKS).await;
        }
        // The verdict will say that they do not agree.
        Ok(())
    }

    /// Ends every process in order.
    pub(super) async fn end(&mut self) {
        for actor in &mut self.cast {
            actor.stop().await;
        }
    }
}

/// Everyone calls the hub; who is on the phone's side calls the phone as well.
fn peers_of(index: usize, hub: SocketAddr, marcel: SocketAddr) -> Vec<SocketAddr> {
    match CAST[index].1 {
        _ if index == HUB => Vec::new(),
        Side::Phone if index != MARCEL => vec![hub, marcel],
        _ => vec![hub],
    }
}

fn failed(step: &str) -> CliError {
    CliError::new("demo.failed").param("step", step)
}
