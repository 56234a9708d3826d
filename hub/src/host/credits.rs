//! Credits: give, pass on, look.

use std::fmt::Write as _;
use std::path::PathBuf;

use palier_model::keys::{DeviceId, MemberId};
use palier_model::ledger::Held;
use palier_model::listing::Profiles;
use palier_model::replica::StatementLine;

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
        member: Option<MemberId>,
    ) -> Result<CreditBalance> {
        let hood = self.hood_of(scope).await?;
        let me = self.identity.member;
        let whose = member.unwrap_or(me);
        let shown = self.look(hood, move |replica, tx, _| replica.credits(tx, &whose)).await?;
        let here = shown.devices.iter().find(|it| whose == me && it.device == self.device);
        let device = |it: &palier_model::ledger::DeviceFigures| CreditDevice {
            id: it.device.into(),
            this: it.device == self.device,
            line: it.line,
            spendable: it.spendable,
        };
        Ok(CreditBalance {
            member: whose.into(),
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
            replica.give_credits(tx, now, rng, (gift.member, gift.minutes), &gift.note)
        });
        Ok(saved(id.await?))
    }

    pub(super) async fn allot_minutes(
        &self,
        scope: &Scope,
        device: DeviceId,
        minutes: u32,
    ) -> Result<Saved> {
        let hood = self.hood_of(scope).await?;
        let id = self.write(hood, move |replica, tx, now, _| {
            replica.allot_credits(tx, now, device, minutes)
        });
        Ok(saved(id.await?))
    }

    pub(super) async fn statement(&self, scope: &Scope) -> Result<Vec<CreditLine>> {
        let hood = self.hood_of(scope).await?;
        let zone = self.zone_of(hood).await?;
        let me = self.identity.member;
        let lines: Vec<(StatementLine, String)> = self
            .look(hood, move |replica, tx, _| {
                let mut named = Vec::new();
                for line in replica.credit_statement(tx, STATEMENT)? {
                    let profile = tx.row::<Profiles>(&other(&line, &me))?;
                    named.push((line, profile.map(|it| it.content.name).unwrap_or_default()));
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
                direction: match (transfer.payer.member == me, transfer.record.payee.member == me) {
                    (true, true) => CreditDirection::Allotted,
                    (true, false) => CreditDirection::Given,
                    _ => CreditDirection::Received,
                },
                member: other.into(),
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
        paging: Paging,
    ) -> Result<List<CreditLine>> {
        let lines = self.statement(scope).await?;
        super::people::page(lines, &paging, |line: &CreditLine| line.id.to_string())
    }

    pub(super) async fn statement_file(&self, scope: &Scope, file: PathBuf) -> Result<CreditFile> {
        let lines = self.statement(scope).await?;
        write_file(&file, csv(&lines).as_bytes())?;
        Ok(CreditFile { file: file.display().to_string(), lines: lines.len() as u64 })
    }
}

/// The other side of a transfer.
fn other(line: &StatementLine, me: &MemberId) -> MemberId {
    let payer = line.transfer.payer.member;
    if payer == *me { line.transfer.record.payee.member } else { payer }
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
            line.member,
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
