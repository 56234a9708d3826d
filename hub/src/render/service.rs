//! Prose about help, payments and thanks.

use super::credit::length;
use super::sharing::price;
use super::style::{View, paragraphs, plain, short};
use super::when::{moment, span};
use crate::answer::{BookingDone, Payment, PaymentStatus, Proposal, Service, Thanks};

/// The times that were proposed, one a line.
pub(super) fn proposals(it: &Service, view: &View<'_>) -> String {
    let mut out = String::new();
    for one in it.proposals.iter().filter(|one| one.open || one.agreed || !one.text.is_empty()) {
        out.push_str(&format!("  {}\n", proposal(one, view)));
    }
    out
}

fn proposal(it: &Proposal, view: &View<'_>) -> String {
    let key = match (it.agreed, it.mine) {
        (true, _) => "proposal-agreed",
        (false, true) => "proposal-mine",
        (false, false) => "proposal-theirs",
    };
    let params = [
        ("when", span(&it.start, it.end.as_ref(), view).into()),
        ("price", price(it.price, view).into()),
    ];
    let line = view.with(key, params);
    if it.text.is_empty() { line } else { format!("{line}\n    {}", plain(&it.text)) }
}

/// How far the payment is.
pub(super) fn payment(it: &Payment, view: &View<'_>) -> String {
    let key = match (it.status, it.mine) {
        (PaymentStatus::Due, true) => "payment-due-mine",
        (PaymentStatus::Due, false) => "payment-due-theirs",
        (PaymentStatus::Held, _) => "payment-held",
        (PaymentStatus::Paid, _) => "payment-paid",
    };
    let line = view.with(key, [("time", length(it.minutes).into())]);
    if it.excess == 0 {
        return line;
    }
    let twice = view.with("payment-excess", [("time", length(it.excess).into())]);
    format!("{line}\n  {}", view.bad(&twice))
}

pub(super) fn done(it: &BookingDone, view: &View<'_>) -> String {
    let mut out = view.with("saved", [("id", short(&it.id).into())]);
    if let Some(it) = &it.payment {
        out.push_str(&format!("\n{}", payment(it, view)));
    }
    if let Some(why) = &it.unpaid {
        out.push_str(&format!("\n{}", super::calendar::why(why, view)));
    }
    out
}

pub(super) fn thanks(items: &[Thanks], view: &View<'_>) -> String {
    if items.is_empty() {
        return view.get("thanks-none");
    }
    let line = |it: &Thanks| {
        let who = if it.from_name.is_empty() { short(&it.from) } else { plain(&it.from_name) };
        let head = format!("{} {}", view.strong(&who), view.faint(&moment(&it.at, view)));
        let mut out = format!("{head}\n{}", paragraphs(&it.text));
        if it.mutual {
            out.push_str(&format!("\n{}", view.faint(&view.get("thanks-mutual"))));
        }
        if let Some(until) = &it.hidden_until {
            let until = view.with("thanks-hidden", [("until", moment(until, view).into())]);
            out.push_str(&format!("\n{}", view.faint(&until)));
        }
        out
    };
    items.iter().map(line).collect::<Vec<_>>().join("\n\n")
}
