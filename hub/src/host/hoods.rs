//! Neighbourhoods and invitations.

use std::time::{Duration, Instant as Steady};

use data_encoding::HEXLOWER;
use jiff::tz::TimeZone;
use palier_model::authority::{Inviters, Policy, Role, Status};
use palier_model::engine::Event;
use palier_model::keys::HoodHash;
use palier_model::projection::{Changes, PlaceRecord};
use palier_model::replica::{
    ActError, Invitations, NewInvitation as ModelInvitation, Replica, Standing,
};
use palier_model::rows::Tx;
use palier_model::sync::{InvitationLink, JoinAnswer, JoinForm};
use palier_model::time::Instant;
use palier_node::node::{NodeEvent, SystemRng};

use super::{Opened, errors, saved};
use crate::answer::{Hood, Invitation, JoinStatus, Joined, MemberStatus, Saved, When};
use crate::backend::{NewInvitation, OnProgress, Progress, Scope, Stage};
use crate::errors::{CliError, Result, TABLE};

/// After joining, how long the rest of the neighbourhood is waited for.
const SETTLE: Duration = Duration::from_secs(10);

impl Opened {
    /// Does an act; the answer comes when it is on disk.
    pub(super) async fn write<R: Send + 'static>(
        &self,
        hood: HoodHash,
        act: impl FnOnce(
            &mut Replica,
            &mut Tx<'_>,
            Instant,
            &mut SystemRng,
        ) -> std::result::Result<(R, Changes), ActError>
        + Send
        + 'static,
    ) -> Result<R> {
        self.node.act(hood, act).await.map_err(errors::of_node)
    }

    /// Reads.
    pub(super) async fn look<R: Send + 'static>(
        &self,
        hood: HoodHash,
        read: impl FnOnce(&mut Replica, &Tx<'_>, Instant) -> std::result::Result<R, ActError>
        + Send
        + 'static,
    ) -> Result<R> {
        self.node.read(hood, read).await.map_err(errors::of_node)
    }

    pub(super) async fn found(&self, name: String, zone: Option<String>) -> Result<Saved> {
        let zone = match zone {
            None => TimeZone::system(),
            Some(name) => TimeZone::get(&name)
                .map_err(|_| CliError::new("invalid.zone").param("value", name))?,
        };
        let zone = zone.iana_name().unwrap_or("Europe/Paris").to_owned();
        let place = PlaceRecord { at: self.node.clock().claimed(), name, zone };
        let policy = Policy { inviters: Inviters::Members, approval: false };
        let hood = self.node.found(place, policy).await.map_err(errors::of_node)?;
        Ok(saved(hood))
    }

    pub(super) async fn all_hoods(&self) -> Result<Vec<Hood>> {
        let hoods = self
            .node
            .call(|host| Ok(host.engine.hoods().map(|(hood, _)| *hood).collect::<Vec<_>>()))
            .await
            .map_err(errors::of_node)?;
        let mut all = Vec::new();
        for hood in hoods {
            all.push(self.one_hood(hood).await?);
        }
        Ok(all)
    }

    pub(super) async fn one_hood(&self, hood: HoodHash) -> Result<Hood> {
        let zone = self.zone_of(hood).await?;
        let (name, standing, own, members, hubs) = self
            .look(hood, |replica, tx, _| {
                let authority = replica.authority();
                let own = authority.member(&replica.me().member).cloned();
                let active = |status: Status| status == Status::Active;
                let members = authority.members().filter(|(_, it)| active(it.status)).count();
                let hubs: Vec<_> = authority
                    .members()
                    .filter(|(_, it)| it.roles.has(Role::Hub))
                    .flat_map(|(id, _)| authority.devices_of(id))
                    .filter(|(_, device)| device.is_active)
                    .map(|(id, _)| id)
                    .collect();
                Ok((replica.name(tx)?, replica.hood().standing, own, members, hubs))
            })
            .await?;
        let status = match (standing, own.as_ref().map(|own| own.status)) {
            (_, Some(Status::Left)) => MemberStatus::Left,
            (_, Some(Status::Removed)) => MemberStatus::Removed,
            (Standing::Member, _) => MemberStatus::Member,
            (Standing::Refused, _) => MemberStatus::Refused,
            _ => MemberStatus::AwaitingApproval,
        };
        let roles = own.map(|own| own.roles.iter().map(role_name).collect()).unwrap_or_default();
        Ok(Hood {
            id: hood.into(),
            name,
            zone: zone.iana_name().unwrap_or("UTC").to_owned(),
            status,
            roles,
            members: members as u64,
            hubs: hubs.into_iter().map(Into::into).collect(),
        })
    }

    pub(super) async fn new_invitation(
        &self,
        scope: &Scope,
        new: NewInvitation,
    ) -> Result<Invitation> {
        let hood = self.hood_of(scope).await?;
        let zone = self.zone_of(hood).await?;
        let addresses = self.node.addresses().await.map_err(errors::of_node)?;
        let wanted = ModelInvitation {
            approval: new.approval,
            uses: new.uses,
            good_for_ms: new.expires_in_ms,
            roles: Default::default(),
        };
        let link = self
            .write(hood, move |replica, tx, now, rng| {
                Ok((replica.invite(tx, now, rng, wanted, addresses)?, Changes::default()))
            })
            .await?;
        Ok(Invitation {
            id: format!("inv_{}", HEXLOWER.encode(&link.secret_hash()[..8])),
            link: Some(link.to_text()),
            approval: new.approval,
            uses_left: new.uses,
            expires: When::new(link.expires, &zone),
            saved: true,
        })
    }

    pub(super) async fn kept_invitations(&self, scope: &Scope) -> Result<Vec<Invitation>> {
        let hood = self.hood_of(scope).await?;
        let zone = self.zone_of(hood).await?;
        let rows =
            self.look(hood, |replica, tx, now| Ok(replica.open_invitations(tx, now)?)).await?;
        let shown = rows.into_iter().map(|row| Invitation {
            id: format!("inv_{}", HEXLOWER.encode(&row.id()[..8])),
            link: None,
            approval: row.approval,
            uses_left: row.uses_left,
            expires: When::new(row.expires, &zone),
            saved: true,
        });
        Ok(shown.collect())
    }

    pub(super) async fn revoke_invitation(&self, scope: &Scope, id: String) -> Result<Saved> {
        let hood = self.hood_of(scope).await?;
        let given = id.clone();
        self.write(hood, move |replica, tx, _, _| {
            let rows = tx.rows_with_prefix::<Invitations>(&[], 10_000)?;
            let not_found = || ActError::not_found("invite.not_found");
            let fits = |row: &[u8; 32]| {
                InvitationLink::from_text(&given).is_ok_and(|link| link.secret_hash() == *row)
                    || format!("inv_{}", HEXLOWER.encode(&row[..8])) == given
            };
            let row = rows.into_iter().map(|(_, row)| row.id()).find(fits);
            replica.revoke_invitation(tx, &row.ok_or_else(not_found)?)?;
            Ok(((), Changes::default()))
        })
        .await?;
        Ok(saved(id))
    }

    pub(super) async fn join_by(
        &self,
        link: String,
        lives: Option<String>,
        within_ms: i64,
        progress: OnProgress,
    ) -> Result<Joined> {
        let link = InvitationLink::from_text(&link).map_err(|_| CliError::new("invalid.link"))?;
        let form = JoinForm {
            name: self.identity.name.clone(),
            home: lives.unwrap_or_default(),
            languages: Vec::new(),
        };
        let mut events = self.node.subscribe();
        let hood = link.hood;
        match self.node.join(link, form).await {
            Ok(()) => {}
            Err(palier_node::node::NodeError::Unreachable) => {
                return Err(CliError::new("net.offline"));
            }
            Err(error) => return Err(errors::of_node(error)),
        }
        progress(Progress { stage: Stage::Meeting, done: 0, total: None });
        let within = Duration::from_millis(u64::try_from(within_ms).unwrap_or(0));
        let begun = Steady::now();
        let answer = loop {
            let left = within.saturating_sub(begun.elapsed());
            match tokio::time::timeout(left, events.recv()).await {
                Ok(Ok(NodeEvent::Engine(Event::JoinAnswered { hood: of, answer })))
                    if of == hood =>
                {
                    break answer;
                }
                Ok(Err(tokio::sync::broadcast::error::RecvError::Closed)) => {
                    return Err(CliError::new("node.gone"));
                }
                Ok(_) => {}
                Err(_) => return Err(CliError::new("net.unreachable")),
            }
        };
        let (status, reason) = match answer {
            JoinAnswer::Joined => (JoinStatus::Joined, None),
            JoinAnswer::AwaitingApproval => (JoinStatus::AwaitingApproval, None),
            JoinAnswer::Refused(code) => (JoinStatus::Refused, Some(known_reason(&code))),
        };
        if status == JoinStatus::Joined {
            progress(Progress { stage: Stage::Syncing, done: 0, total: None });
            self.until_settled(hood, &mut events, SETTLE.min(within)).await;
        }
        Ok(Joined { status, id: Some(hood.into()), reason })
    }

    /// Waits until a neighbour's entries are here, for a while; says whether they are.
    pub(super) async fn until_settled(
        &self,
        hood: HoodHash,
        events: &mut tokio::sync::broadcast::Receiver<NodeEvent>,
        within: Duration,
    ) -> bool {
        let caught_up = async {
            loop {
                match events.recv().await {
                    Ok(NodeEvent::Engine(Event::CaughtUp { hood: of, .. })) if of == hood => return,
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                    _ => {}
                }
            }
        };
        if tokio::time::timeout(within, caught_up).await.is_err() {
            return false;
        }
        // What this device wrote in return should leave it as well.
        let quiet = async {
            while !self
                .node
                .call(move |host| Ok(host.engine.is_at_rest(Some(&hood))))
                .await
                .unwrap_or(true)
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::sleep(Duration::from_millis(200)).await;
        let _ = tokio::time::timeout(Duration::from_secs(3), quiet).await;
        true
    }
}

/// The code of a refusal, where this version has words for it: a peer wrote it.
pub(super) fn known_reason(code: &str) -> String {
    let known = TABLE.iter().find(|(known, _)| *known == code).map(|(known, _)| *known);
    known.unwrap_or("join.refused").to_owned()
}

pub(super) fn role_name(role: Role) -> String {
    match role {
        Role::Coordinator => "coordinator".to_owned(),
        Role::Hub => "hub".to_owned(),
    }
}
