//! Linking a second device. Both steps of one link are said to the same process: `palier
//! run`, or the command that waits.

use std::time::Duration;

use palier_model::engine::{Event, LinkProgress};
use palier_model::keys::{DeviceId, LinkText};
use palier_node::node::NodeEvent;
use tokio::sync::broadcast::error::RecvError;

use super::{Opened, errors};
use crate::answer::{DeviceLink, LinkStatus};
use crate::backend::{LinkStep, OnProgress, Progress, Scope, Stage};
use crate::errors::{CliError, Result};

impl Opened {
    pub(super) async fn link_step(
        &self,
        _scope: &Scope,
        step: LinkStep,
        within_ms: i64,
        progress: OnProgress,
    ) -> Result<DeviceLink> {
        let within = Duration::from_millis(u64::try_from(within_ms).unwrap_or(0));
        match step {
            LinkStep::Offer => self.offer().await,
            LinkStep::Accept(text) => {
                progress(Progress { stage: Stage::Meeting, done: 0, total: None });
                self.accept(&text, within).await
            }
            LinkStep::Confirm(code) => self.confirm(code, within).await,
        }
    }

    async fn progress_now(&self) -> Result<Option<LinkProgress>> {
        self.node.call(|host| Ok(host.engine.link_progress())).await.map_err(errors::of_node)
    }

    async fn offer(&self) -> Result<DeviceLink> {
        let shown = |status, link, code| DeviceLink { status, link, code, device: None };
        match self.progress_now().await? {
            Some(LinkProgress::Comparing(code)) => {
                return Ok(shown(LinkStatus::Comparing, None, Some(code)));
            }
            Some(LinkProgress::Confirmed) => return Ok(shown(LinkStatus::Confirmed, None, None)),
            Some(LinkProgress::Waiting) | None => {}
        }
        let addresses = self.node.addresses().await.map_err(errors::of_node)?;
        let secret = self
            .node
            .call(|host| {
                let mut rng = palier_node::node::system_rng();
                Ok(host.engine.offer_link(&mut rng))
            })
            .await
            .map_err(errors::of_node)?;
        let link = LinkText::new(secret, addresses).to_string();
        Ok(shown(LinkStatus::Offered, Some(link), None))
    }

    async fn accept(&self, text: &str, within: Duration) -> Result<DeviceLink> {
        let link: LinkText = text.parse().map_err(|_| CliError::new("invalid.link"))?;
        let mut events = self.node.subscribe();
        let secret = link.secret.clone();
        let begun = self
            .node
            .call(move |host| {
                // It would become another person's, with what the first one wrote in it.
                let is_new = host.engine.hoods().next().is_none();
                if is_new {
                    host.engine.accept_link(secret);
                }
                Ok(is_new)
            })
            .await
            .map_err(errors::of_node)?;
        if !begun {
            return Err(CliError::new("device.has_hoods"));
        }
        self.node.keep(link.addresses).await.map_err(errors::of_node)?;
        let compared = async {
            loop {
                match events.recv().await {
                    Ok(NodeEvent::Engine(Event::LinkCode { code })) => return Ok(code),
                    Ok(NodeEvent::Engine(Event::LinkFailed { code })) => {
                        return Err(CliError::new(code));
                    }
                    Err(RecvError::Closed) => return Err(CliError::new("node.gone")),
                    _ => {}
                }
            }
        };
        let code = match tokio::time::timeout(within, compared).await {
            Ok(code) => code?,
            Err(_) => return Err(CliError::new("net.unreachable")),
        };
        Ok(DeviceLink { status: LinkStatus::Comparing, link: None, code: Some(code), device: None })
    }

    async fn confirm(&self, code: String, within: Duration) -> Result<DeviceLink> {
        let mut events = self.node.subscribe();
        self.node.call(move |host| host.confirm_link(&code)).await.map_err(errors::of_node)?;
        let linked = async {
            loop {
                match events.recv().await {
                    Ok(NodeEvent::Engine(Event::Linked { device, .. })) => return Ok(Some(device)),
                    Ok(NodeEvent::Engine(Event::LinkFailed { code })) => {
                        return Err(CliError::new(code));
                    }
                    Err(RecvError::Closed) => return Ok(None),
                    _ => {}
                }
            }
        };
        let device: Option<DeviceId> = match tokio::time::timeout(within, linked).await {
            Ok(device) => device?,
            Err(_) => None,
        };
        let status = if device.is_some() { LinkStatus::Linked } else { LinkStatus::Confirmed };
        let other = device.filter(|device| *device != self.device);
        Ok(DeviceLink { status, link: None, code: None, device: other.map(Into::into) })
    }
}
