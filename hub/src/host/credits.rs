//! Credits: give, pass on, look.

use std::fmt::Write as _;
use std::path::PathBuf;

use palier_model::journal::Owner;
use palier_model::keys::{DeviceId, GroupId, MemberId};
use palier_model::ledger::Held;
use palier_model::replica::{ActError, Gift, StatementLine};

use super::listings::owner_names;
use super::{Opened, saved, write_file};
use crate::answer::{
    CreditBalance, CreditDevice, CreditDirection, CreditFile, CreditLine, List, Saved, When,
};
use crate::backend::{NewGift, Paging, Scope};
use crate::errors::Result;

/// Most transfers that a statement holds.
const STATEMENT: usize = 1 << 16;

impl Opened {
    pub(super) async fn balance_of(
        &self,
        scope: &Scope,
        whose: Option<Owner>,
    ) -> Result<CreditBalance> {
        let hood = self.hood_of(scope).await?;
        let me = self.identity.member;
        let whose = whose.unwrap_or(Owner::Member(me));
        let (shown, mine) = self
            .look(hood, move |replica, tx, _| {
                let mine = match &whose {
                    Owner::Group(group) => replica.authority().is_manager(group, &me),
                    owner => *owner == Owner::Member(me),
                };
                Ok((replica.credits(tx, &whose)?, mine))
            })
            .await?;
        let here = shown.devices.iter().find(|it| mine && it.device == self.device);
        let device = |it: &palier_model::ledger::DeviceFigures| CreditDevice {
            id: it.device.into(),
            this: it.device == self.device,
            line: it.line,
            spendable: it.spendable,
        };
        Ok(CreditBalance {
            member: member_in(&whose).map(Into::into),
            group: group_in(&whose).map(Into::into),
            spendable_here: here.map(|it| it.spendable),
            balance: shown.balance,
            line: shown.line,
            held_in: shown.held_in,
            held_out: shown.held_out,
            overdraft: shown.overdraft,
            double_spend: shown.double_spend,
            devices: shown.devices.iter().map(device).collect(),
        })
    }

    pub(super) async fn give_minutes(&self, scope: &Scope, gift: NewGift) -> Result<Saved> {
        let hood = self.hood_of(scope).await?;
        let id = self.write(hood, move |replica, tx, now, rng| {
            let NewGift { from, to, minutes, note } = gift;
            replica.give_credits(tx, now, rng, Gift { from, to, minutes, note: &note })
        });
        Ok(saved(id.await?))
    }

    pub(super) async fn allot_minutes(
        &self,
        scope: &Scope,
        group: Option<GroupId>,
        device: DeviceId,
        minutes: u32,
    ) -> Result<Saved> {
        let hood = self.hood_of(scope).await?;
        let id = self.write(hood, move |replica, tx, now, _| {
            replica.allot_credits(tx, now, group, (device, minutes))
        });
        Ok(saved(id.await?))
    }

    pub(super) async fn statement(
        &self,
        scope: &Scope,
        group: Option<GroupId>,
    ) -> Result<Vec<CreditLine>> {
        let hood = self.hood_of(scope).await?;
        let zone = self.zone_of(hood).await?;
        let me = group.map_or(Owner::Member(self.identity.member), Owner::Group);
        let lines: Vec<(StatementLine, String)> = self
            .look(hood, move |replica, tx, _| {
                let mut named = Vec::new();
                if let Some(group) = &group {
                    let known = replica.authority().group(group);
                    known.ok_or_else(|| ActError::not_found("group.not_found"))?;
                }
                for line in replica.credit_statement(tx, &me, STATEMENT)? {
                    let other = other(&line, &me);
                    let name = owner_names(tx, &[other])?.remove(&other);
                    named.push((line, name.unwrap_or_default()));
                }
                Ok(named)
            })
            .await?;
        let shown = lines.into_iter().map(|(line, name)| {
            let other = other(&line, &me);
            let StatementLine { transfer, note, booking } = line;
            CreditLine {
                id: transfer.at.hash.into(),
                at: When::new(transfer.record.at, &zone),
                direction: match (transfer.payer.owner == me, transfer.record.payee.owner == me) {
                    (true, true) => CreditDirection::Allotted,
                    (true, false) => CreditDirection::Given,
                    _ => CreditDirection::Received,
                },
                member: member_in(&other).map(Into::into),
                group: group_in(&other).map(Into::into),
                name,
                from: transfer.payer.device.into(),
                to: transfer.record.payee.device.into(),
                minutes: transfer.record.minutes,
                counts: transfer.state.is_ok(),
                held: match transfer.state {
                    Ok(_) => "",
                    Err(Held::Waits) => "waits",
                    Err(Held::Uncovered) => "uncovered",
                    Err(Held::Broken) => "broken",
                }
                .to_owned(),
                note,
                booking: booking.map(Into::into),
            }
        });
        Ok(shown.collect())
    }

    pub(super) async fn statement_page(
        &self,
        scope: &Scope,
        group: Option<GroupId>,
        paging: Paging,
    ) -> Result<List<CreditLine>> {
        let lines = self.statement(scope, group).await?;
        super::people::page(lines, &paging, |line: &CreditLine| line.id.to_string())
    }

    pub(super) async fn statement_file(
        &self,
        scope: &Scope,
        group: Option<GroupId>,
        file: PathBuf,
    ) -> Result<CreditFile> {
        let lines = self.statement(scope, group).await?;
        write_file(&file, csv(&lines).as_bytes())?;
        Ok(CreditFile { file: file.display().to_string(), lines: lines.len() as u64 })
    }
}

/// The other side of a transfer.
fn other(line: &StatementLine, me: &Owner) -> Owner {
    let payer = line.transfer.payer.owner;
    if payer == *me { line.transfer.record.payee.owner } else { payer }
}

pub(super) const fn member_in(owner: &Owner) -> Option<MemberId> {
    match owner {
        Owner::Member(member) => Some(*member),
        _ => None,
    }
}

pub(super) const fn group_in(owner: &Owner) -> Option<GroupId> {
    match owner {
        Owner::Group(group) => Some(*group),
        _ => None,
    }
}

/// A statement after RFC 4180. Minutes given are below nothing.
fn csv(lines: &[CreditLine]) -> String {
    let mut out = String::from("at,direction,member,name,minutes,counts,held,note,booking,id\r\n");
    for line in lines {
        let sign = if line.direction == CreditDirection::Given { "-" } else { "" };
        let _ = write!(
            out,
            "{},{},{},{},{sign}{},{},{},{},{},{}\r\n",
            line.at,
            line.direction.code(),
            match (line.member, line.group) {
                (Some(member), _) => member.to_string(),
                (None, group) => group.map(|it| it.to_string()).unwrap_or_default(),
            },
            field(&line.name),
            line.minutes,
            line.counts,
            line.held,
            field(&line.note),
            line.booking.map(|id| id.to_string()).unwrap_or_default(),
            line.id,
        );
    }
    out
}

/// A text that a neighbour wrote, quoted; a spreadsheet must not take it for a formula.
fn field(text: &str) -> String {
    let begins = text.trim_start().chars().next();
    let is_formula = begins.is_some_and(|c| matches!(c, '=' | '+' | '-' | '@'));
    let guard = if is_formula || text.starts_with(['\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn a_neighbours_words_stay_one_field_and_no_formula() {
        assert_eq!(field("merci, \"Anna\""), "\"merci, \"\"Anna\"\"\"");
        assert_eq!(field("=1+1"), "\"'=1+1\"");
        assert_eq!(field(" @x"), "\"' @x\"");
    }
}
