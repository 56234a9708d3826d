//! The real node behind [`Host`] and [`Backend`].

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use palier_model::keys::{BlobId, BookingId, DeviceId, DocId, MemberId};
use palier_node::home::Home;
use tokio::sync::mpsc;

use crate::answer::{
    Booking, BundleExported, BundleImported, Device, DeviceLink, Doctor, Hood, Init, Invitation,
    Joined, List, Listing, ListingDetail, Member, PhotoAdded, PhotoFile, Profile, Recovered,
    RunEvent, Saved, Status, SyncDone, Waiting,
};
use crate::backend::{
    Backend, BookingAct, BookingFilter, Host, LinkStep, ListingChange, ListingFilter, MemberAct,
    NewBooking, NewInvitation, NewListing, OnProgress, OpenRow, Opening, Paging, ProfilePatch,
    Scope,
};
use crate::errors::{CliError, Result};

/// Homes on this machine.
pub struct NodeHost;

/// An open home. Nothing can be one until the node is there.
pub enum Opened {}

impl Host for NodeHost {
    type Node = Opened;

    fn exists(&self, home: &Path) -> bool {
        Home::is_there(home)
    }

    async fn init(&self, _home: &Path, _name: String) -> Result<Init> {
        Err(CliError::internal("the node is not there yet"))
    }

    async fn recover(
        &self,
        _home: &Path,
        _phrase: String,
        _link: Option<String>,
        _name: Option<String>,
        _opening: Opening,
    ) -> Result<Recovered> {
        Err(CliError::internal("the node is not there yet"))
    }

    async fn open(&self, _home: &Path, _opening: Opening) -> Result<Opened> {
        Err(CliError::internal("the node is not there yet"))
    }
}

impl Backend for Opened {
    fn events(&self) -> mpsc::Receiver<RunEvent> {
        match *self {}
    }

    async fn close(self) {
        match self {}
    }

    async fn zone(&self, _scope: &Scope) -> Result<TimeZone> {
        match *self {}
    }
    async fn status(&self, _scope: &Scope) -> Result<Status> {
        match *self {}
    }
    async fn sync(
        &self,
        _scope: &Scope,
        _within_ms: i64,
        _peers: Vec<String>,
        _progress: OnProgress,
    ) -> Result<SyncDone> {
        match *self {}
    }
    async fn doctor(&self, _rebuild: bool, _progress: OnProgress) -> Result<Doctor> {
        match *self {}
    }
    async fn open_rows(&self, _scope: &Scope, _after: Option<&OpenRow>) -> Result<Vec<OpenRow>> {
        match *self {}
    }
    async fn hood_found(
        &self,
        _scope: &Scope,
        _name: String,
        _zone: Option<String>,
    ) -> Result<Saved> {
        match *self {}
    }
    async fn hoods(&self, _scope: &Scope) -> Result<Vec<Hood>> {
        match *self {}
    }
    async fn hood(&self, _scope: &Scope) -> Result<Hood> {
        match *self {}
    }
    async fn hood_leave(&self, _scope: &Scope) -> Result<Saved> {
        match *self {}
    }
    async fn invite(&self, _scope: &Scope, _invitation: NewInvitation) -> Result<Invitation> {
        match *self {}
    }
    async fn invitations(&self, _scope: &Scope) -> Result<Vec<Invitation>> {
        match *self {}
    }
    async fn invite_revoke(&self, _scope: &Scope, _id: String) -> Result<Saved> {
        match *self {}
    }
    async fn join(
        &self,
        _scope: &Scope,
        _link: String,
        _lives: Option<String>,
        _within_ms: i64,
        _progress: OnProgress,
    ) -> Result<Joined> {
        match *self {}
    }
    async fn members(&self, _scope: &Scope, _paging: Paging) -> Result<List<Member>> {
        match *self {}
    }
    async fn member(&self, _scope: &Scope, _id: MemberId) -> Result<Member> {
        match *self {}
    }
    async fn member_act(&self, _scope: &Scope, _id: MemberId, _act: MemberAct) -> Result<Saved> {
        match *self {}
    }
    async fn devices(&self, _scope: &Scope) -> Result<Vec<Device>> {
        match *self {}
    }
    async fn device_link(
        &self,
        _scope: &Scope,
        _step: LinkStep,
        _within_ms: i64,
        _progress: OnProgress,
    ) -> Result<DeviceLink> {
        match *self {}
    }
    async fn device_revoke(&self, _scope: &Scope, _id: DeviceId) -> Result<Saved> {
        match *self {}
    }
    async fn profile(&self, _scope: &Scope, _member: Option<MemberId>) -> Result<Profile> {
        match *self {}
    }
    async fn profile_edit(&self, _scope: &Scope, _patch: ProfilePatch) -> Result<Saved> {
        match *self {}
    }
    async fn listing_add(&self, _scope: &Scope, _listing: NewListing) -> Result<Saved> {
        match *self {}
    }
    async fn listings(
        &self,
        _scope: &Scope,
        _filter: ListingFilter,
        _paging: Paging,
    ) -> Result<List<Listing>> {
        match *self {}
    }
    async fn listing(&self, _scope: &Scope, _id: DocId) -> Result<ListingDetail> {
        match *self {}
    }
    async fn listing_change(
        &self,
        _scope: &Scope,
        _id: DocId,
        _change: ListingChange,
    ) -> Result<Saved> {
        match *self {}
    }
    async fn photo_add(
        &self,
        _scope: &Scope,
        _listing: DocId,
        _file: PathBuf,
    ) -> Result<PhotoAdded> {
        match *self {}
    }
    async fn photo_get(
        &self,
        _scope: &Scope,
        _photo: BlobId,
        _file: PathBuf,
        _within_ms: i64,
    ) -> Result<PhotoFile> {
        match *self {}
    }
    async fn booking_request(&self, _scope: &Scope, _booking: NewBooking) -> Result<Saved> {
        match *self {}
    }
    async fn booking_act(&self, _scope: &Scope, _id: BookingId, _act: BookingAct) -> Result<Saved> {
        match *self {}
    }
    async fn bookings(
        &self,
        _scope: &Scope,
        _filter: BookingFilter,
        _paging: Paging,
    ) -> Result<List<Booking>> {
        match *self {}
    }
    async fn booking(&self, _scope: &Scope, _id: BookingId) -> Result<Booking> {
        match *self {}
    }
    async fn waitlist(&self, _scope: &Scope, _listing: Option<DocId>) -> Result<Vec<Waiting>> {
        match *self {}
    }
    async fn bundle_export(
        &self,
        _scope: &Scope,
        _file: PathBuf,
        _progress: OnProgress,
    ) -> Result<BundleExported> {
        match *self {}
    }
    async fn bundle_import(
        &self,
        _scope: &Scope,
        _file: PathBuf,
        _progress: OnProgress,
    ) -> Result<BundleImported> {
        match *self {}
    }
}
