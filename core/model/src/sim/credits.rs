//! Lives in which minutes are given and passed between devices, beside all else.

use std::collections::BTreeSet;

use super::scenario::Scenario;
use crate::authority::Status;
use crate::journal::Owner;
use crate::keys::{DeviceId, MemberId};
use crate::ledger::{Closes, figures};
use crate::replica::Gift;
use crate::rows::Tx;

/// Rows of closings that are looked at.
const CLOSINGS: usize = 1 << 16;

impl Scenario {
    /// Somebody may give minutes, or pass some to another device.
    pub(super) fn credit_step(&mut self) -> Result<(), String> {
        let count = u32::try_from(self.world.nodes.len()).unwrap_or(1);
        let node = self.draw(count) as usize;
        if !self.is_in(node) {
            return Ok(());
        }
        match self.draw(5) {
            0..2 => self.give(node),
            2 => self.allot(node),
            _ => Ok(()),
        }
    }

    fn give(&mut self, node: usize) -> Result<(), String> {
        let hood = self.hood;
        let me = self.world.nodes[node].engine.me().member;
        let Some(replica) = self.world.nodes[node].engine.replica(&hood) else { return Ok(()) };
        let members = replica.authority().members();
        let others: Vec<MemberId> = members
            .filter(|(id, known)| **id != me && known.status == Status::Active)
            .map(|(id, _)| *id)
            .collect();
        let count = u32::try_from(others.len()).unwrap_or(0);
        let Some(to) = others.get(self.draw(count) as usize).copied() else { return Ok(()) };
        let minutes = 1 + self.draw(80);
        let note = if self.draw(4) == 0 { "merci" } else { "" };
        let given = self.world.act(node, &hood, |replica, tx, now, rng| {
            let gift = Gift { note, ..Gift::of(Owner::Member(to), minutes) };
            replica.give_credits(tx, now.claimed, rng, gift)
        });
        self.done(node, &format!("gives {minutes} minutes"), given)?;
        Ok(())
    }

    fn allot(&mut self, node: usize) -> Result<(), String> {
        let hood = self.hood;
        let me = self.world.nodes[node].engine.me();
        let (member, own) = (me.member, me.keys.id());
        let Some(replica) = self.world.nodes[node].engine.replica(&hood) else { return Ok(()) };
        let devices = replica.authority().devices_of(&member).into_iter();
        let other = devices.filter(|(id, it)| *id != own && it.is_active).map(|(id, _)| id).next();
        let Some(device) = other else { return Ok(()) };
        let minutes = 1 + self.draw(60);
        let passed = self.world.act(node, &hood, |replica, tx, now, _| {
            replica.allot_credits(tx, now.claimed, None, (device, minutes))
        });
        self.done(node, &format!("allots {minutes} minutes"), passed)?;
        Ok(())
    }

    /// What is given is received, and limits hold where nothing was spent twice and no
    /// account closed.
    pub(super) fn credits_hold(&self, node: usize) -> Result<(), String> {
        let it = &self.world.nodes[node];
        let (Some(rows), Some(replica)) =
            (it.stores.memory(&self.hood), it.engine.replica(&self.hood))
        else {
            return Ok(());
        };
        let read = |error| format!("rows cannot be read: {error}");
        let tx = Tx::new(rows);
        let closed: BTreeSet<MemberId> = tx
            .rows_with_prefix::<Closes>(&[], CLOSINGS)
            .map_err(read)?
            .into_iter()
            .filter_map(|(_, row)| match row.by.owner {
                Owner::Member(member) => Some(member),
                _ => None,
            })
            .collect();
        let authority = replica.authority();
        let mut total = 0_i64;
        for (member, _) in authority.members() {
            let devices: Vec<DeviceId> =
                authority.devices_of(member).into_iter().map(|(id, _)| id).collect();
            let shown = figures(&tx, authority, &Owner::Member(*member), &devices).map_err(read)?;
            total = total.saturating_add(shown.balance);
            let may = shown.double_spend || closed.contains(member);
            if shown.overdraft > 0 && !may {
                return Err(format!("node {node}: {member} is {} overdrawn", shown.overdraft));
            }
        }
        if total == 0 { Ok(()) } else { Err(format!("node {node}: balances add up to {total}")) }
    }
}
