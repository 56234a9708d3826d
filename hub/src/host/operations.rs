//! Every operation of an open home, and the subject that does it.

use std::path::PathBuf;

use jiff::tz::TimeZone;
use palier_model::booking::StepKind;
use palier_model::journal::Owner;
use palier_model::keys::{BlobId, BookingId, DeviceId, DocId, GroupId, MemberId, SeriesId};
use palier_model::replica::{NewSeries, SeriesSkip};
use palier_model::time::{Instant, Interval};
use tokio::sync::mpsc;

use super::{Opened, events, saved};
use crate::answer::{
    Booking, BookingDone, BookingRequested, BundleExported, BundleImported, Calendar,
    CalendarExported, CalendarImported, CreditBalance, CreditFile, CreditLine, Device, DeviceLink,
    Doctor, EndAsked, FreeResource, FreeSlot, Group, Hood, Invitation, Joined, List, Listing,
    ListingDetail, ListingKind, Member, PhotoAdded, PhotoFile, Profile, QrChecked, QrShown, Quote,
    Reminder, RunEvent, Saved, SavedSearch, SeriesDone, SeriesPlan, SeriesSaved, Sheet, Status,
    SyncDone, TermsSaved, Thanks, Waiting,
};
use crate::backend::{
    Backend, BookingAct, BookingFilter, BusyFile, CalendarFileOf, FreeQuery, GroupAct, LinkStep,
    ListingChange, ListingEdit, ListingFilter, MemberAct, NewBooking, NewEnd, NewGift,
    NewInvitation, NewListing, OnProgress, OpenRow, Paging, ProfilePatch, Scope,
};
use crate::errors::Result;

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
