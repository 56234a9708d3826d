//! The real node behind [`Host`] and [`Backend`]: one file for each subject, nothing in
//! them but the way from the node's types to answers and back.

mod bookings;
mod breakdown;
mod bundle;
mod calendar;
mod calendar_file;
mod credits;
mod ends;
mod errors;
mod events;
mod groups;
mod help_series;
mod hoods;
mod link;
mod listings;
mod machine;
mod people;
mod photos;
mod qr;
mod recovery;
mod reminders;
mod searches;
mod series;
mod services;
mod waiting;

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use palier_model::authority::Role;
use palier_model::booking::StepKind;
use palier_model::journal::Owner;
use palier_model::keys::{
    BlobId, BookingId, DeviceId, DocId, GroupId, HoodHash, MemberId, Phrase, SeriesId,
};
use palier_model::listing::fold;
use palier_model::projection::Place;
use palier_model::replica::{NewSeries, SeriesSkip};
use palier_model::time::{Instant, Interval};
use palier_node::home::{Home, Platform, default_state, write_atomically};
use palier_node::node::{Identity, NetworkConfig, Node, NodeConfig};
use tokio::sync::mpsc;

use crate::answer::{
    Booking, BookingDone, BookingRequested, BundleExported, BundleImported, Calendar,
    CalendarExported, CalendarImported, CreditBalance, CreditFile, CreditLine, Device, DeviceLink,
    Doctor, EndAsked, FreeResource, FreeSlot, Group, Hood, Init, Invitation, Joined, List, Listing,
    ListingDetail, ListingKind, Member, PhotoAdded, PhotoFile, Profile, QrChecked, QrShown, Quote,
    Recovered, Reminder, RunEvent, Saved, SavedSearch, SeriesDone, SeriesPlan, SeriesSaved, Sheet,
    Status, SyncDone, TermsSaved, Thanks, Waiting,
};
use crate::backend::{
    Backend, BookingAct, BookingFilter, BusyFile, CalendarFileOf, FreeQuery, GroupAct, Host,
    LinkStep, ListingChange, ListingEdit, ListingFilter, MemberAct, NewBooking, NewEnd, NewGift,
    NewInvitation, NewListing, OnProgress, OpenRow, Opening, Paging, ProfilePatch, Recovery, Scope,
};
use crate::errors::{CliError, Result};

/// Where a hub listens when nothing else is said.
const HUB_PORT: u16 = 4747;

/// The shortest beginning of a neighbourhood's id: `hsh_` and four more.
const MIN_ID_BYTES: usize = 8;

/// Homes on this machine.
pub struct NodeHost;

/// An open home.
#[derive(Clone)]
pub struct Opened {
    node: Node,
    dir: PathBuf,
    /// What was waited for while it was opened.
    identity: Identity,
    device: DeviceId,
    /// How things stood before anybody was met.
    known: events::Known,
}

fn state_dir() -> Result<PathBuf> {
    let state = default_state(&|name| std::env::var_os(name), Platform::CURRENT);
    state.ok_or_else(|| CliError::new("home.none"))
}

impl Host for NodeHost {
    type Node = Opened;

    fn exists(&self, home: &Path) -> bool {
        Home::is_there(home)
    }

    async fn init(&self, home: &Path, name: String) -> Result<Init> {
        let new =
            Node::init(home, &state_dir()?, &name).map_err(|error| errors::of(error, home))?;
        Ok(Init {
            member: new.identity.member.into(),
            device: new.keys.id().into(),
            phrase: crate::answer::Phrase { fr: new.words.0, en: new.words.1 },
        })
    }

    async fn recover(&self, home: &Path, given: Recovery, opening: Opening) -> Result<Recovered> {
        let phrase = Phrase::parse(&given.phrase).map_err(|_| CliError::new("invalid.phrase"))?;
        let back = given.link.as_deref().map(recovery::WayBack::from_text).transpose()?;
        let state = state_dir()?;
        let made = match self.exists(home) {
            true => Node::recover_again(home, &state, &phrase),
            false => {
                let name = given.name.as_deref().unwrap_or(recovery::NAMELESS);
                Node::init_from_phrase(home, &state, &phrase, name)
            }
        };
        let identity = made.map_err(|error| errors::of(error, home))?;
        let node = self.open(home, opening).await?;
        let hoods = match back {
            None => Ok(Vec::new()),
            Some(back) => node.come_back(back, given.within_ms).await,
        };
        let device = node.device;
        node.close().await;
        let hoods = hoods?.into_iter().map(Into::into).collect();
        Ok(Recovered { member: identity.member.into(), device: device.into(), hoods })
    }

    async fn open(&self, home: &Path, opening: Opening) -> Result<Opened> {
        let config = NodeConfig { now: opening.now, ..NodeConfig::offline(home, state_dir()?) };
        let node = Node::open(config).await.map_err(|error| errors::of(error, home))?;
        let (identity, device, is_hub) = node
            .call(|host| {
                let member = host.engine.me().member;
                let is_hub = host
                    .engine
                    .hoods()
                    .any(|(_, replica)| replica.authority().has_role(&member, Role::Hub));
                Ok((host.identity.clone(), host.engine.me().keys.id(), is_hub))
            })
            .await
            .map_err(errors::of_node)?;
        let known = match &opening.network {
            Some(network) if network.serve => events::Known::of(&node).await,
            _ => events::Known::default(),
        };
        let opened = Opened { node, dir: home.to_owned(), identity, device, known };
        if let Some(network) = opening.network {
            let mut listen = network.listen;
            if listen.is_empty() {
                let port = if is_hub && network.serve { HUB_PORT } else { 0 };
                listen.push(format!("/ip4/0.0.0.0/tcp/{port}"));
            }
            let config = NetworkConfig {
                // An address that is given out must lead to the same node tomorrow.
                hub: network.serve && (is_hub || !network.advertise.is_empty()),
                listen,
                advertise: network.advertise,
                peers: network.peers,
                mdns: network.mdns,
            };
            if let Err(error) = opened.node.connect(config).await {
                opened.node.shutdown().await;
                return Err(errors::of_node(error));
            }
            opened.until_listening().await;
        }
        Ok(opened)
    }
}

impl Opened {
    /// The neighbourhood that is meant.
    async fn hood_of(&self, scope: &Scope) -> Result<HoodHash> {
        if scope.mandate_of.is_some_and(|member| member != self.identity.member) {
            return Err(CliError::new("mandate.none"));
        }
        let wanted = scope.hood.clone();
        let found = self
            .node
            .call(move |host| {
                let hoods: Vec<HoodHash> = host.engine.hoods().map(|(hood, _)| *hood).collect();
                let mut named = Vec::new();
                for hood in hoods {
                    let name = host.read(&hood, |replica, tx, _| Ok(replica.name(tx)?))?;
                    named.push((hood, name));
                }
                Ok(named)
            })
            .await
            .map_err(errors::of_node)?;
        let wanted = wanted.as_deref().map(str::trim);
        let fits = |of: &&(HoodHash, String)| wanted.is_none_or(|wanted| is_meant(wanted, of));
        // A name that is given whole is meant before those that merely hold it.
        let exact = |of: &&(HoodHash, String)| wanted.is_some_and(|it| fold(it) == fold(&of.1));
        let exact: Vec<_> = found.iter().filter(exact).cloned().collect();
        let found = if exact.is_empty() { found } else { exact };
        let mut fitting = found.iter().filter(fits);
        match (fitting.next(), fitting.next()) {
            (Some((hood, _)), None) => Ok(*hood),
            (Some(_), Some(_)) => Err(CliError::new("hood.ambiguous")),
            (None, _) if wanted.is_some() => Err(CliError::new("hood.not_found")),
            (None, _) => Err(CliError::new("hood.none")),
        }
    }

    async fn zone_of(&self, hood: HoodHash) -> Result<TimeZone> {
        let row = self.node.read(hood, |_, tx, _| Ok(tx.row::<Place>(Place::KEY)?)).await;
        let zone = row.map_err(errors::of_node)?.map(|row| row.record.zone);
        Ok(zone.and_then(|zone| TimeZone::get(&zone).ok()).unwrap_or_else(TimeZone::system))
    }

    /// Waits until the sockets are open, so that an address can be given.
    async fn until_listening(&self) {
        for _ in 0..200 {
            if self.node.addresses().await.is_ok_and(|addrs| !addrs.is_empty()) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

/// Whether a neighbourhood is meant: by its id, the start of it, its name or a part of it.
fn is_meant(wanted: &str, (hood, name): &(HoodHash, String)) -> bool {
    let by_id = wanted.len() >= MIN_ID_BYTES && hood.to_string().starts_with(wanted);
    let by_name = fold(wanted);
    by_id || (!by_name.is_empty() && fold(name).contains(&by_name))
}

/// A file of at most `limit` bytes; none where it is larger.
fn read_file(file: &Path, limit: usize) -> Result<Option<Vec<u8>>> {
    use std::io::Read as _;
    let failed = |error: std::io::Error| CliError::io(&error, file);
    // A device or a pipe may never end.
    if !std::fs::metadata(file).map_err(failed)?.is_file() {
        return Err(CliError::new("file.no_file").param("file", file.display()));
    }
    let mut bytes = Vec::new();
    let open = std::fs::File::open(file).map_err(failed)?;
    open.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok((bytes.len() <= limit).then_some(bytes))
}

/// Writes a file whole, or leaves what was there. Devices and folders are not replaced.
fn write_file(file: &Path, bytes: &[u8]) -> Result<()> {
    if std::fs::metadata(file).is_ok_and(|there| !there.is_file()) {
        return Err(CliError::new("file.no_file").param("file", file.display()));
    }
    write_atomically(file, bytes).map_err(|error| CliError::io(&error, file))
}

fn saved(id: impl std::fmt::Display) -> Saved {
    Saved { id: id.to_string(), saved: true }
}

impl Backend for Opened {
    fn events(&self) -> mpsc::Receiver<RunEvent> {
        events::events(&self.node, self.known.clone())
    }

    fn now(&self) -> Instant {
        self.node.clock().claimed()
    }

    fn claiming(&self, now: Instant) -> Self {
        Self { node: self.node.claiming(now), ..self.clone() }
    }

    async fn close(self) {
        self.node.shutdown().await;
    }

    async fn zone(&self, scope: &Scope) -> Result<TimeZone> {
        match self.hood_of(scope).await {
            Ok(hood) => self.zone_of(hood).await,
            Err(_) => Ok(TimeZone::system()),
        }
    }
    async fn clocks(&self, scope: &Scope, listing: DocId) -> Result<TimeZone> {
        self.clocks_of(scope, listing).await
    }
    async fn status(&self, scope: &Scope) -> Result<Status> {
        self.status_now(scope).await
    }
    async fn sync(
        &self,
        scope: &Scope,
        within_ms: i64,
        peers: Vec<String>,
        progress: OnProgress,
    ) -> Result<SyncDone> {
        self.sync_now(scope, within_ms, peers, progress).await
    }
    async fn doctor(&self, rebuild: bool, progress: OnProgress) -> Result<Doctor> {
        self.examine(rebuild, progress).await
    }
    async fn open_rows(&self, scope: &Scope, after: Option<&OpenRow>) -> Result<Vec<OpenRow>> {
        self.open_rows_after(scope, after.cloned()).await
    }
    async fn hood_found(
        &self,
        _scope: &Scope,
        name: String,
        zone: Option<String>,
    ) -> Result<Saved> {
        self.found(name, zone).await
    }
    async fn hoods(&self, _scope: &Scope) -> Result<Vec<Hood>> {
        self.all_hoods().await
    }
    async fn hood(&self, scope: &Scope) -> Result<Hood> {
        let hood = self.hood_of(scope).await?;
        self.one_hood(hood).await
    }
    async fn hood_sheet(&self, scope: &Scope) -> Result<Sheet> {
        self.sheet(scope).await
    }
    async fn hood_leave(&self, scope: &Scope) -> Result<Saved> {
        let hood = self.hood_of(scope).await?;
        self.write(hood, |replica, tx, now, _| Ok(((), replica.leave(tx, now)?))).await?;
        Ok(saved(hood))
    }
    async fn invite(&self, scope: &Scope, invitation: NewInvitation) -> Result<Invitation> {
        self.new_invitation(scope, invitation).await
    }
    async fn invitations(&self, scope: &Scope) -> Result<Vec<Invitation>> {
        self.kept_invitations(scope).await
    }
    async fn invite_revoke(&self, scope: &Scope, id: String) -> Result<Saved> {
        self.revoke_invitation(scope, id).await
    }
    async fn join(
        &self,
        _scope: &Scope,
        link: String,
        lives: Option<String>,
        within_ms: i64,
        progress: OnProgress,
    ) -> Result<Joined> {
        self.join_by(link, lives, within_ms, progress).await
    }
    async fn members(&self, scope: &Scope, paging: Paging) -> Result<List<Member>> {
        self.all_members(scope, paging).await
    }
    async fn member(&self, scope: &Scope, id: MemberId) -> Result<Member> {
        self.one_member(scope, id).await
    }
    async fn member_act(&self, scope: &Scope, id: MemberId, act: MemberAct) -> Result<Saved> {
        self.act_on_member(scope, id, act).await
    }
    async fn group_found(&self, scope: &Scope, name: String, about: String) -> Result<Saved> {
        Opened::found_group(self, scope, name, about).await
    }
    async fn groups(&self, scope: &Scope) -> Result<Vec<Group>> {
        self.all_groups(scope).await
    }
    async fn group(&self, scope: &Scope, id: GroupId) -> Result<Group> {
        self.one_group(scope, id).await
    }
    async fn group_act(
        &self,
        scope: &Scope,
        id: GroupId,
        member: MemberId,
        act: GroupAct,
    ) -> Result<Saved> {
        self.act_on_group(scope, id, member, act).await
    }
    async fn devices(&self, scope: &Scope) -> Result<Vec<Device>> {
        self.own_devices(scope).await
    }
    async fn device_link(
        &self,
        scope: &Scope,
        step: LinkStep,
        within_ms: i64,
        progress: OnProgress,
    ) -> Result<DeviceLink> {
        self.link_step(scope, step, within_ms, progress).await
    }
    async fn device_revoke(&self, scope: &Scope, id: DeviceId) -> Result<Saved> {
        let hood = self.hood_of(scope).await?;
        self.write(hood, move |replica, tx, now, rng| {
            Ok(((), replica.revoke_device(tx, now, rng, id)?))
        })
        .await?;
        Ok(saved(id))
    }
    async fn profile(&self, scope: &Scope, member: Option<MemberId>) -> Result<Profile> {
        self.profile_of(scope, member).await
    }
    async fn profile_edit(&self, scope: &Scope, patch: ProfilePatch) -> Result<Saved> {
        self.edit_profile(scope, patch).await
    }
    async fn listing_add(&self, scope: &Scope, listing: NewListing) -> Result<Saved> {
        self.publish(scope, listing).await
    }
    async fn listings(
        &self,
        scope: &Scope,
        filter: ListingFilter,
        paging: Paging,
    ) -> Result<List<Listing>> {
        self.find_listings(scope, filter, paging).await
    }
    async fn search_save(
        &self,
        scope: &Scope,
        name: String,
        filter: ListingFilter,
    ) -> Result<Saved> {
        self.keep_search(scope, name, filter).await
    }
    async fn searches(&self, scope: &Scope) -> Result<Vec<SavedSearch>> {
        self.kept_searches(scope).await
    }
    async fn search_filter(&self, scope: &Scope, name: String) -> Result<ListingFilter> {
        self.kept_filter(scope, name).await
    }
    async fn search_forget(&self, scope: &Scope, name: String) -> Result<Saved> {
        Opened::forget_search(self, scope, name).await
    }
    async fn listing(&self, scope: &Scope, id: DocId) -> Result<ListingDetail> {
        self.one_listing(scope, id).await
    }
    async fn listing_change(
        &self,
        scope: &Scope,
        id: DocId,
        change: ListingChange,
    ) -> Result<Saved> {
        self.change_listing(scope, id, change).await
    }
    async fn listing_edit(
        &self,
        scope: &Scope,
        id: DocId,
        edit: ListingEdit,
    ) -> Result<TermsSaved> {
        self.edit_listing(scope, id, edit).await
    }
    async fn calendar(&self, scope: &Scope, id: DocId, range: Interval) -> Result<Calendar> {
        self.one_calendar(scope, id, range).await
    }
    async fn free(&self, scope: &Scope, id: DocId, query: FreeQuery) -> Result<List<FreeSlot>> {
        self.free_slots(scope, id, query).await
    }
    async fn free_resources(
        &self,
        scope: &Scope,
        kind: Option<ListingKind>,
        query: FreeQuery,
    ) -> Result<List<FreeResource>> {
        self.free_of_kind(scope, kind, query).await
    }
    async fn quote(
        &self,
        scope: &Scope,
        id: DocId,
        interval: Interval,
        quantity: u32,
    ) -> Result<Quote> {
        self.one_quote(scope, id, interval, quantity).await
    }
    async fn reminders(&self, scope: &Scope, within_ms: i64) -> Result<List<Reminder>> {
        self.due(scope, within_ms).await
    }
    async fn calendar_export(&self, scope: &Scope, of: CalendarFileOf) -> Result<CalendarExported> {
        self.export_calendar(scope, of).await
    }
    async fn calendar_import(&self, scope: &Scope, file: BusyFile) -> Result<CalendarImported> {
        self.import_calendar(scope, file).await
    }
    async fn photo_add(&self, scope: &Scope, listing: DocId, file: PathBuf) -> Result<PhotoAdded> {
        self.add_photo(scope, listing, file).await
    }
    async fn photo_get(
        &self,
        scope: &Scope,
        photo: BlobId,
        file: PathBuf,
        within_ms: i64,
    ) -> Result<PhotoFile> {
        self.get_photo(scope, photo, file, within_ms).await
    }
    async fn booking_request(
        &self,
        scope: &Scope,
        booking: NewBooking,
    ) -> Result<BookingRequested> {
        self.request(scope, booking).await
    }
    async fn booking_extend(&self, scope: &Scope, id: BookingId, new: NewEnd) -> Result<EndAsked> {
        self.extend(scope, id, new).await
    }
    async fn booking_act(&self, scope: &Scope, id: BookingId, act: BookingAct) -> Result<Saved> {
        self.act_on_booking(scope, id, act).await
    }
    async fn bookings(
        &self,
        scope: &Scope,
        filter: BookingFilter,
        paging: Paging,
    ) -> Result<List<Booking>> {
        self.find_bookings(scope, filter, paging).await
    }
    async fn booking(&self, scope: &Scope, id: BookingId) -> Result<Booking> {
        self.one_booking(scope, id).await
    }
    async fn series_plan(&self, scope: &Scope, series: NewSeries) -> Result<SeriesPlan> {
        self.plan_of_series(scope, series).await
    }
    async fn series_create(
        &self,
        scope: &Scope,
        series: NewSeries,
        skip: SeriesSkip,
        text: Option<String>,
    ) -> Result<SeriesSaved> {
        self.write_series(scope, series, skip, text).await
    }
    async fn series_act(&self, scope: &Scope, id: SeriesId, act: BookingAct) -> Result<SeriesDone> {
        self.act_on_series(scope, id, act).await
    }
    async fn qr_show(&self, scope: &Scope, id: BookingId, step: StepKind) -> Result<QrShown> {
        self.show_qr(scope, id, step).await
    }
    async fn qr_verify(
        &self,
        scope: &Scope,
        code: String,
        booking: Option<BookingId>,
        step: Option<StepKind>,
    ) -> Result<QrChecked> {
        self.verify_qr(scope, code, booking, step).await
    }
    async fn waitlist(&self, scope: &Scope, listing: Option<DocId>) -> Result<Vec<Waiting>> {
        self.waiting(scope, listing).await
    }
    async fn credit_balance(&self, scope: &Scope, whose: Option<Owner>) -> Result<CreditBalance> {
        self.balance_of(scope, whose).await
    }
    async fn credit_give(&self, scope: &Scope, gift: NewGift) -> Result<Saved> {
        self.give_minutes(scope, gift).await
    }
    async fn credit_allot(
        &self,
        scope: &Scope,
        group: Option<GroupId>,
        device: DeviceId,
        minutes: u32,
    ) -> Result<Saved> {
        self.allot_minutes(scope, group, device, minutes).await
    }
    async fn booking_done(
        &self,
        scope: &Scope,
        id: BookingId,
        text: Option<String>,
    ) -> Result<BookingDone> {
        self.say_done(scope, id, text).await
    }
    async fn credit_pay(&self, scope: &Scope, booking: BookingId) -> Result<Saved> {
        self.pay_deal(scope, booking).await
    }
    async fn thanks_give(
        &self,
        scope: &Scope,
        booking: BookingId,
        text: Option<String>,
    ) -> Result<Saved> {
        self.thank_for(scope, booking, text).await
    }
    async fn thanks(&self, scope: &Scope, member: Option<MemberId>) -> Result<Vec<Thanks>> {
        self.thanks_of(scope, member).await
    }
    async fn credit_lines(
        &self,
        scope: &Scope,
        group: Option<GroupId>,
        paging: Paging,
    ) -> Result<List<CreditLine>> {
        self.statement_page(scope, group, paging).await
    }
    async fn credit_file(
        &self,
        scope: &Scope,
        group: Option<GroupId>,
        file: PathBuf,
    ) -> Result<CreditFile> {
        self.statement_file(scope, group, file).await
    }
    async fn bundle_export(
        &self,
        scope: &Scope,
        file: PathBuf,
        progress: OnProgress,
    ) -> Result<BundleExported> {
        self.export_bundle(scope, file, progress).await
    }
    async fn bundle_import(
        &self,
        _scope: &Scope,
        file: PathBuf,
        progress: OnProgress,
    ) -> Result<BundleImported> {
        self.import_bundle(file, progress).await
    }
}
