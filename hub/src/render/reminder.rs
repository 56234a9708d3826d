//! Prose about what is due.

use super::style::{View, plain};
use super::when::moment;
use crate::answer::{Answer, List, Reminder, ReminderKind, When};

/// What to show of a reminder, in the person's language.
fn title(it: &Reminder, view: &View<'_>) -> String {
    let said = |when: &Option<When>| when.as_ref().map(|at| moment(at, view)).unwrap_or_default();
    let with = |key: &str, when: &Option<When>| {
        let params = [("title", it.listing_title.as_str().into()), ("when", said(when).into())];
        view.with(key, params)
    };
    match it.kind {
        ReminderKind::StartsSoon => with("reminder-starts-soon", &it.start),
        ReminderKind::HandOver => with("reminder-hand-over", &it.start),
        ReminderKind::ReturnDue => with("reminder-return-due", &it.end),
        ReminderKind::Overdue => with("reminder-overdue", &it.end),
        ReminderKind::NoticeEnds => with("reminder-notice-ends", &it.end),
        ReminderKind::Question => with("reminder-question", &None),
        ReminderKind::EndQuestion => with("reminder-end-question", &None),
        ReminderKind::OfferRunsOut => with("reminder-offer-runs-out", &None),
        ReminderKind::HelpSoon => with("reminder-help-soon", &it.start),
        ReminderKind::HelpDone => with("reminder-help-done", &None),
    }
}

/// The answer with what is said in the person's language, as scripts read it.
pub fn worded(answer: &Answer, view: &View<'_>) -> Option<Answer> {
    let Answer::Reminders(list) = answer else { return None };
    let of = |it: &Reminder| Reminder { title: title(it, view), ..it.clone() };
    let items = list.items.iter().map(of).collect();
    Some(Answer::Reminders(List { items, next: list.next.clone() }))
}

pub(super) fn reminders(items: &[Reminder], view: &View<'_>) -> String {
    if items.is_empty() {
        return view.get("reminders-none");
    }
    let line = |it: &Reminder| format!("{}: {}", moment(&it.at, view), plain(&title(it, view)));
    items.iter().map(line).collect::<Vec<_>>().join("\n")
}
