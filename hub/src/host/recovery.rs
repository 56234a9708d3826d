//! Coming back with the twelve words: the sheet, and the way to a neighbour.

use std::time::Duration;

use palier_model::keys::HoodHash;
use palier_model::sync::{InvitationLink, JoinForm, RecoverySheet};
use palier_node::node::NodeError;

use super::{Opened, errors};
use crate::answer::Sheet;
use crate::backend::Scope;
use crate::errors::{CliError, Result};

/// The name of a home made from the words, until the profile says it.
pub(super) const NAMELESS: &str = "Palier";

/// What says where the neighbourhood is.
pub(super) enum WayBack {
    /// The sheet's link: any neighbour will do.
    Sheet(Box<RecoverySheet>),
    /// An invitation: whoever redeems it.
    Invitation(Box<InvitationLink>),
}

impl WayBack {
    /// A way back from text.
    pub(super) fn from_text(text: &str) -> Result<Self> {
        let sheet = RecoverySheet::from_text(text).map(|it| Self::Sheet(Box::new(it)));
        let way = sheet
            .or_else(|_| InvitationLink::from_text(text).map(|it| Self::Invitation(Box::new(it))));
        way.map_err(|_| CliError::new("invalid.link"))
    }
}

impl Opened {
    /// What is kept beside the words.
    pub(super) async fn sheet(&self, scope: &Scope) -> Result<Sheet> {
        let hood = self.hood_of(scope).await?;
        let own = self.node.addresses().await.map_err(errors::of_node)?;
        let sheet = self
            .node
            .call(move |host| host.recovery_sheet(&hood, own))
            .await
            .map_err(errors::of_node)?;
        Ok(Sheet { id: hood.into(), link: sheet.to_text() })
    }

    /// Comes back to a neighbourhood; returns when a neighbour has brought what it had,
    /// or with `net.unreachable`: the home is made, and the next exchange tries again.
    pub(super) async fn come_back(&self, way: WayBack, within_ms: i64) -> Result<Vec<HoodHash>> {
        let mut events = self.node.subscribe();
        let (hood, set_out) = match way {
            WayBack::Sheet(sheet) => (sheet.hood.hash(), self.node.recover(*sheet).await.map(drop)),
            WayBack::Invitation(link) => {
                let name = self.identity.name.clone();
                let form = JoinForm { name, home: String::new(), languages: Vec::new() };
                (link.hood, self.node.join(*link, form).await)
            }
        };
        match set_out {
            Ok(()) => {}
            Err(NodeError::Unreachable) => return Err(CliError::new("net.offline")),
            Err(error) => return Err(errors::of_node(error)),
        }
        let within = Duration::from_millis(u64::try_from(within_ms).unwrap_or(0));
        if !self.until_settled(hood, &mut events, within).await {
            return Err(CliError::new("net.unreachable"));
        }
        self.node.call(move |host| host.learn_name(&hood)).await.map_err(errors::of_node)?;
        Ok(vec![hood])
    }
}
