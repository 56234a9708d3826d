//! Prose about what comes again.

use super::calendar::{amount, whys};
use super::sharing::money;
use super::style::{View, plain, short};
use super::when::span;
use crate::answer::{SeriesDone, SeriesPlan, SeriesSaved};

/// Every occurrence, what it costs and what stands against it.
pub(super) fn plan(it: &SeriesPlan, view: &View<'_>) -> String {
    let mut out =
        format!("{} {}\n", view.strong(&plain(&it.title)), view.faint(&short(&it.listing)));
    let currency = it.currency.as_deref();
    for one in &it.items {
        let when = span(&one.start, one.end.as_ref(), view);
        let costs = one.total.filter(|_| currency.is_some());
        let costs = costs.map(|n| format!("  {}", amount(n, currency, view)));
        let costs = costs.unwrap_or_default();
        if one.available {
            out.push_str(&format!("  {} {when}{costs}\n", view.good("○")));
            continue;
        }
        out.push_str(&format!("  {} {when}{costs}\n", view.bad("●")));
        out.push_str(&format!("      {}\n", whys(&one.why_not, view)));
        for other in &one.alternatives {
            let when = span(&other.start, other.end.as_ref(), view);
            let line = view.with("series-instead", [("when", when.into())]);
            out.push_str(&format!("      {}\n", view.faint(&line)));
        }
    }
    let counts = [("free", it.free.into()), ("conflicts", it.conflicts.into())];
    out.push_str(&format!("\n  {}\n", view.with("series-counts", counts)));
    if currency.is_some() {
        let total = it.total.map(|n| amount(n, currency, view)).unwrap_or_default();
        out.push_str(&view.field("series-total", &total));
        if it.conflicts > 0 {
            let total = it.total_free.map(|n| amount(n, currency, view)).unwrap_or_default();
            out.push_str(&view.field("series-total-free", &total));
        }
    }
    if it.deposit_cents > 0 {
        out.push_str(&view.field("field-deposit", &money(it.deposit_cents, view)));
    }
    out.push_str(&view.field("field-accept", &plain(&it.accept)));
    out.trim_end().to_owned()
}

/// A series that is on disk.
pub(super) fn saved(it: &SeriesSaved, view: &View<'_>) -> String {
    let mut out = view.with("saved", [("id", short(&it.id).into())]);
    for one in &it.items {
        let when = span(&one.start, one.end.as_ref(), view);
        let what = match &one.booking {
            Some(booking) => short(booking),
            None => view.bad(&view.get("series-left-out")),
        };
        out.push_str(&format!("\n  {when}  {what}"));
    }
    if let (Some(total), Some(currency)) = (it.total, it.currency.as_deref()) {
        let total = amount(total, Some(currency), view);
        out.push_str(&format!("\n{}", view.field("series-total", &total).trim_end()));
    }
    out
}

/// What became of each booking of a series.
pub(super) fn done(it: &SeriesDone, view: &View<'_>) -> String {
    if it.items.is_empty() {
        return view.get("series-nothing-open");
    }
    let line = |one: &crate::answer::SeriesItem| {
        let when = span(&one.start, one.end.as_ref(), view);
        let what = match one.done {
            true => view.good(&view.get("series-done")),
            false => view.bad(&whys(&one.why_not, view)),
        };
        format!("{} {when}  {what}", short(&one.booking))
    };
    it.items.iter().map(line).collect::<Vec<_>>().join("\n")
}
