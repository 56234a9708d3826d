//! Prose about what was handed over.

use super::people::qr;
use super::style::{View, plain, short};
use super::when::moment;
use crate::answer::{QrChecked, QrShown, QrStep};

fn step(step: QrStep, view: &View<'_>) -> String {
    view.get(match step {
        QrStep::Handover => "qr-handover",
        QrStep::Return => "qr-return",
    })
}

pub(super) fn shown(it: &QrShown, view: &View<'_>) -> String {
    let code = qr(&it.code).map(|code| format!("{code}\n")).unwrap_or_default();
    let until = moment(&it.expires, view);
    let params = [("step", step(it.step, view).into()), ("until", until.into())];
    format!("{code}{}\n\n{}", plain(&it.code), view.with("qr-shown", params))
}

pub(super) fn checked(it: &QrChecked, view: &View<'_>) -> String {
    let params = [
        ("step", step(it.step, view).into()),
        ("title", plain(&it.title).into()),
        ("booking", short(&it.booking).into()),
        ("holder", short(&it.holder).into()),
        ("at", moment(&it.at, view).into()),
    ];
    view.with("qr-valid", params)
}
