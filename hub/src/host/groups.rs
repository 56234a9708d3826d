//! Groups: found, look, change who manages them.

use palier_model::journal::Owner;
use palier_model::keys::{GroupId, MemberId};
use palier_model::replica::{ActError, GroupView, Replica};
use palier_model::rows::Tx;

use super::listings::{Names, names_of};
use super::{Opened, saved};
use crate::answer::{Group, Manager, Saved, When};
use crate::backend::{GroupAct, Scope};
use crate::errors::{CliError, Result};

/// A group with the names of its managers and its balance.
type Read = (GroupView, Names, i64);

fn read(replica: &Replica, tx: &Tx<'_>, view: GroupView) -> std::result::Result<Read, ActError> {
    let names = names_of(tx, &view.managers)?;
    let balance = replica.credits(tx, &Owner::Group(view.id))?.balance;
    Ok((view, names, balance))
}

impl Opened {
    pub(super) async fn found_group(
        &self,
        scope: &Scope,
        name: String,
        about: String,
    ) -> Result<Saved> {
        let hood = self.hood_of(scope).await?;
        let id = self
            .write(hood, move |replica, tx, now, _| replica.found_group(tx, now, (name, about)));
        Ok(saved(id.await?))
    }

    pub(super) async fn act_on_group(
        &self,
        scope: &Scope,
        id: GroupId,
        member: MemberId,
        act: GroupAct,
    ) -> Result<Saved> {
        let hood = self.hood_of(scope).await?;
        self.write(hood, move |replica, tx, now, _| {
            let changes = match act {
                GroupAct::Add => replica.add_manager(tx, now, id, member)?,
                GroupAct::Remove => replica.remove_manager(tx, now, id, member)?,
            };
            Ok(((), changes))
        })
        .await?;
        Ok(saved(id))
    }

    pub(super) async fn all_groups(&self, scope: &Scope) -> Result<Vec<Group>> {
        self.read_groups(scope, None).await
    }

    pub(super) async fn one_group(&self, scope: &Scope, id: GroupId) -> Result<Group> {
        let found = self.read_groups(scope, Some(id)).await?.into_iter().next();
        found.ok_or_else(|| CliError::new("group.not_found"))
    }

    async fn read_groups(&self, scope: &Scope, only: Option<GroupId>) -> Result<Vec<Group>> {
        let hood = self.hood_of(scope).await?;
        let zone = self.zone_of(hood).await?;
        let me = self.identity.member;
        let all = self
            .look(hood, move |replica, tx, _| {
                let views = match only {
                    Some(id) => Vec::from_iter(replica.group(tx, &id)?),
                    None => replica.groups(tx)?,
                };
                let mut all: Vec<Read> = Vec::new();
                for view in views {
                    all.push(read(replica, tx, view)?);
                }
                Ok(all)
            })
            .await?;
        let shown = all.into_iter().map(|(view, mut names, balance)| Group {
            id: view.id.into(),
            name: view.name,
            about: view.about,
            since: When::new(view.since, &zone),
            founder: view.founder.into(),
            mine: view.managers.contains(&me),
            managers: view
                .managers
                .into_iter()
                .map(|id| Manager { id: id.into(), name: names.remove(&id).unwrap_or_default() })
                .collect(),
            balance,
        });
        Ok(shown.collect())
    }
}
