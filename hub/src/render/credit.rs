//! Prose about credits.

use super::style::{View, plain, short};
use super::table::table;
use super::when::moment;
use crate::answer::{CreditBalance, CreditDirection, CreditLine, List};

/// Minutes as hours and minutes: `-1 h 30`.
pub(super) fn time(minutes: i64) -> String {
    let sign = if minutes < 0 { "−" } else { "" };
    let whole = minutes.unsigned_abs();
    match (whole / 60, whole % 60) {
        (0, left) => format!("{sign}{left} min"),
        (hours, left) => format!("{sign}{hours} h {left:02}"),
    }
}

pub(super) fn length(minutes: u64) -> String {
    time(i64::try_from(minutes).unwrap_or(i64::MAX))
}

pub(super) fn balance(it: &CreditBalance, view: &View<'_>) -> String {
    let mut out = String::new();
    if let Some(here) = it.spendable_here {
        out.push_str(&view.field("field-spendable", &length(here)));
    }
    out.push_str(&view.field("field-balance", &view.strong(&time(it.balance))));
    out.push_str(&view.field("field-line", &length(it.line)));
    for (key, minutes) in [("field-held-in", it.held_in), ("field-held-out", it.held_out)] {
        if minutes > 0 {
            out.push_str(&view.field(key, &length(minutes)));
        }
    }
    if it.overdraft > 0 {
        out.push_str(&view.field("field-overdraft", &view.bad(&length(it.overdraft))));
    }
    if it.double_spend {
        out.push_str(&format!("  {}\n", view.bad(&view.get("credit-double-spend"))));
    }
    if it.devices.len() > 1 {
        for device in &it.devices {
            let params = [
                ("device", short(&device.id).into()),
                ("time", length(device.spendable).into()),
                ("this", if device.this { "yes" } else { "no" }.into()),
            ];
            out.push_str(&format!("  {}\n", view.with("credit-device", params)));
        }
    }
    out.trim_end().to_owned()
}

pub(super) fn lines(list: &List<CreditLine>, view: &View<'_>) -> String {
    if list.items.is_empty() {
        return view.get("credits-none");
    }
    let headings = ["col-when", "col-minutes", "col-who", "col-status", "col-note"];
    let headings: Vec<String> = headings.iter().map(|key| view.get(key)).collect();
    let row = |line: &CreditLine| {
        let minutes = i64::from(line.minutes);
        let given = line.direction == CreditDirection::Given;
        let who = match line.direction {
            CreditDirection::Allotted => view.get("credit-allotted"),
            _ if line.name.is_empty() => match (&line.member, &line.group) {
                (Some(member), _) => short(member),
                (None, Some(group)) => short(group),
                (None, None) => String::new(),
            },
            _ => plain(&line.name),
        };
        let status = if line.counts { "credit-counts" } else { "credit-held" };
        vec![
            moment(&line.at, view),
            time(if given { -minutes } else { minutes }),
            who,
            view.get(status),
            plain(&line.note),
        ]
    };
    let rows: Vec<_> = list.items.iter().map(row).collect();
    super::sharing::with_next(table(&headings, &rows), list.next.as_deref(), view)
}
