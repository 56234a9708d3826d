//! Prose about another end of a booking, and notice.

use super::calendar::{quote, why};
use super::style::{View, plain, short};
use super::when::moment;
use crate::answer::{Booking, EndAsked, EndBecame, Side, When};

fn until(end: Option<&When>, view: &View<'_>) -> String {
    end.map_or_else(|| view.get("end-none"), |end| moment(end, view))
}

/// What was asked, what it costs, and what is against it.
pub(super) fn asked(it: &EndAsked, view: &View<'_>) -> String {
    let mut out = match it.saved {
        true => format!("{}\n", view.with("saved", [("id", short(&it.id).into())])),
        false => format!("{}\n", view.get("terms-dry-run")),
    };
    out.push_str(&view.field("end-now", &until(it.end.as_ref(), view)));
    out.push_str(&quote(&it.then, view));
    out.push('\n');
    if let Some(added) = it.added {
        let sum = super::calendar::amount(added.unsigned_abs(), it.then.currency.as_deref(), view);
        let key = if added < 0 { "end-less" } else { "end-more" };
        out.push_str(&view.field(key, &sum));
    }
    out.push_str(&latest(it.latest_end.as_ref(), view));
    out.trim_end().to_owned()
}

fn latest(end: Option<&When>, view: &View<'_>) -> String {
    let Some(end) = end else { return String::new() };
    format!("  {}\n", view.with("end-latest", [("end", moment(end, view).into())]))
}

/// What was asked of a booking's end and what became of it, and notice.
pub(super) fn of_booking(it: &Booking, view: &View<'_>) -> String {
    let mut out = String::new();
    if it.firm && !it.end_firm {
        out.push_str(&format!("  {}\n", view.get("end-not-firm")));
    }
    if let Some(asked) = &it.asked_end {
        let key = match asked.became {
            EndBecame::Asked => "end-asked",
            EndBecame::Granted => "end-granted",
            EndBecame::DidNotFit => "end-did-not-fit",
            EndBecame::Refused => "end-refused",
            EndBecame::Lapsed => "end-lapsed",
        };
        let params = [("end", until(asked.until.as_ref(), view).into())];
        out.push_str(&format!("  {}\n", view.with(key, params)));
        for words in [&asked.note, &asked.text].into_iter().filter(|words| !words.is_empty()) {
            out.push_str(&format!("    {}\n", plain(words)));
        }
        for reason in &asked.why_not {
            out.push_str(&format!("  {}\n", view.bad(&why(reason, view))));
        }
        out.push_str(&latest(asked.latest_end.as_ref(), view));
    }
    if let Some(notice) = &it.notice {
        let by = view.get(match notice.by {
            Side::Requester => "side-requester",
            Side::Owner => "side-owner",
        });
        let end = moment(&notice.until, view);
        let key = if notice.took { "notice-took" } else { "notice-given" };
        out.push_str(&format!("  {}\n", view.with(key, [("by", by.into()), ("end", end.into())])));
        if !notice.text.is_empty() {
            out.push_str(&format!("    {}\n", plain(&notice.text)));
        }
        if let Some(earliest) = &notice.earliest {
            let params = [("end", moment(earliest, view).into())];
            out.push_str(&format!("  {}\n", view.with("notice-too-early", params)));
        }
    }
    out
}
