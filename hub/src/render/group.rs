//! Prose about groups.

use super::credit::time;
use super::style::{View, paragraphs, plain, short};
use super::table::table;
use super::when::moment;
use crate::answer::{Group, Manager};

fn managers(all: &[Manager]) -> String {
    let name = |it: &Manager| if it.name.is_empty() { short(&it.id) } else { plain(&it.name) };
    all.iter().map(name).collect::<Vec<_>>().join(", ")
}

pub(super) fn groups(groups: &[Group], view: &View<'_>) -> String {
    if groups.is_empty() {
        return view.get("groups-none");
    }
    let headings = ["col-id", "col-name", "col-managers", "col-minutes"];
    let headings: Vec<String> = headings.iter().map(|key| view.get(key)).collect();
    let row =
        |it: &Group| vec![short(&it.id), plain(&it.name), managers(&it.managers), time(it.balance)];
    table(&headings, &groups.iter().map(row).collect::<Vec<_>>())
}

pub(super) fn group(it: &Group, view: &View<'_>) -> String {
    let mut out = format!("{} {}\n", view.strong(&plain(&it.name)), view.faint(&short(&it.id)));
    out.push_str(&view.field("col-managers", &managers(&it.managers)));
    out.push_str(&view.field("field-balance", &time(it.balance)));
    out.push_str(&view.field("field-since", &moment(&it.since, view)));
    out.push_str(&paragraphs(&it.about));
    out.trim_end().to_owned()
}
