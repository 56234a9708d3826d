//! Prose about neighbourhoods, members and devices.

use super::style::{View, paragraphs, plain, short};
use super::table::table;
use super::when::moment;
use crate::answer::{
    Device, DeviceLink, DeviceStatus, Hood, Invitation, JoinStatus, Joined, LinkStatus, List,
    Member, MemberStatus, Profile, Recovered, Sheet,
};
use crate::errors::CliError;

fn status(status: MemberStatus, view: &View<'_>) -> String {
    view.get(match status {
        MemberStatus::Member => "member-member",
        MemberStatus::AwaitingApproval => "member-awaiting",
        MemberStatus::Refused => "member-refused",
        MemberStatus::Left => "member-left",
        MemberStatus::Removed => "member-removed",
    })
}

/// Roles in words; one that this version does not know is shown as it is.
fn roles(roles: &[String], view: &View<'_>) -> String {
    let name = |role: &String| {
        let known = ["coordinator", "hub", "founder"].contains(&role.as_str());
        if known { view.get(&format!("role-{role}")) } else { plain(role) }
    };
    roles.iter().map(name).collect::<Vec<_>>().join(", ")
}

pub(super) fn hoods(hoods: &[Hood], view: &View<'_>) -> String {
    if hoods.is_empty() {
        return view.get("hoods-none");
    }
    let headings = ["col-id", "col-name", "col-members", "col-status"];
    let headings: Vec<String> = headings.iter().map(|key| view.get(key)).collect();
    let row = |hood: &Hood| {
        vec![
            short(&hood.id),
            plain(&hood.name),
            hood.members.to_string(),
            status(hood.status, view),
        ]
    };
    table(&headings, &hoods.iter().map(row).collect::<Vec<_>>())
}

pub(super) fn hood(it: &Hood, view: &View<'_>) -> String {
    let mut out = format!("{} {}\n", view.strong(&plain(&it.name)), view.faint(&short(&it.id)));
    out.push_str(&view.field("col-status", &status(it.status, view)));
    out.push_str(&view.field("col-roles", &roles(&it.roles, view)));
    out.push_str(&format!("  {}\n", view.with("hood-members", [("n", it.members.into())])));
    out.push_str(&format!("  {}\n", view.with("hood-hubs", [("n", it.hubs.len().into())])));
    out.push_str(&view.field("field-zone", &plain(&it.zone)));
    out.trim_end().to_owned()
}

pub(super) fn invitation(it: &Invitation, view: &View<'_>) -> String {
    let params = [("n", it.uses_left.into()), ("until", moment(&it.expires, view).into())];
    let how = view.with(if it.approval { "invite-approval" } else { "invite-open" }, params);
    match &it.link {
        Some(link) => format!("{}\n\n{how}", plain(link)),
        None => format!("{} {how}", short(&it.id)),
    }
}

pub(super) fn invitations(all: &[Invitation], view: &View<'_>) -> String {
    if all.is_empty() {
        return view.get("invites-none");
    }
    all.iter().map(|it| invitation(it, view)).collect::<Vec<_>>().join("\n")
}

pub(super) fn joined(it: &Joined, view: &View<'_>) -> String {
    let text = view.get(match it.status {
        JoinStatus::Joined => "join-joined",
        JoinStatus::AwaitingApproval => "join-awaiting",
        JoinStatus::Refused => "join-refused",
    });
    match &it.reason {
        None => text,
        Some(reason) => {
            let why = CliError::new(reason);
            format!("{text}\n{}\n{}", why.message(view.texts), why.hint(view.texts))
        }
    }
}

/// The sheet: the code to print, and what to do with it.
pub(super) fn sheet(it: &Sheet, view: &View<'_>) -> String {
    let code = qr(&it.link).map(|code| format!("{code}\n")).unwrap_or_default();
    format!("{code}{}\n\n{}", plain(&it.link), view.get("sheet"))
}

pub(super) fn members(list: &List<Member>, view: &View<'_>) -> String {
    let headings = ["col-id", "col-name", "col-roles", "col-status"];
    let headings: Vec<String> = headings.iter().map(|key| view.get(key)).collect();
    let row = |member: &Member| {
        vec![
            short(&member.id),
            plain(&member.name),
            roles(&member.roles, view),
            status(member.status, view),
        ]
    };
    let rows: Vec<_> = list.items.iter().map(row).collect();
    super::sharing::with_next(table(&headings, &rows), list.next.as_deref(), view)
}

pub(super) fn member(it: &Member, view: &View<'_>) -> String {
    let mut out = format!("{} {}\n", view.strong(&plain(&it.name)), view.faint(&short(&it.id)));
    out.push_str(&view.field("col-status", &status(it.status, view)));
    out.push_str(&view.field("col-roles", &roles(&it.roles, view)));
    let given = |value: &Option<String>| value.as_deref().map(plain).unwrap_or_default();
    out.push_str(&view.field("field-lives", &given(&it.lives)));
    out.push_str(&view.field("field-building", &given(&it.building)));
    out.push_str(&view.field("field-landlord", &given(&it.landlord)));
    let since = it.since.as_ref().map(|when| moment(when, view)).unwrap_or_default();
    out.push_str(&view.field("field-since", &since));
    if let Some(thanks) = it.thanks.filter(|n| *n > 0) {
        let params = [("n", thanks.into())];
        out.push_str(&format!("  {}\n", view.with("member-thanks", params)));
    }
    for (device, entries) in &it.accepted_up_to {
        let params = [("device", short(device).into()), ("n", (*entries).into())];
        out.push_str(&format!("  {}\n", view.with("member-device", params)));
    }
    out.trim_end().to_owned()
}

pub(super) fn devices(devices: &[Device], view: &View<'_>) -> String {
    let headings = ["col-id", "col-status", "col-this"];
    let headings: Vec<String> = headings.iter().map(|key| view.get(key)).collect();
    let row = |device: &Device| {
        let status = view.get(match device.status {
            DeviceStatus::Active => "device-active",
            DeviceStatus::Pending => "device-pending",
            DeviceStatus::Revoked => "device-revoked",
        });
        vec![short(&device.id), status, if device.this { "•".into() } else { String::new() }]
    };
    table(&headings, &devices.iter().map(row).collect::<Vec<_>>())
}

pub(super) fn device_link(it: &DeviceLink, view: &View<'_>) -> String {
    match (it.status, &it.code, &it.link) {
        (LinkStatus::Linked, ..) => view.get("link-done"),
        (LinkStatus::Confirmed, ..) => view.get("link-confirmed"),
        (_, Some(code), _) => {
            let typed: String = code.chars().filter(char::is_ascii_digit).collect();
            view.with("link-compare", [("code", plain(code).into()), ("typed", typed.into())])
        }
        (_, None, Some(link)) => {
            let code = qr(link).map(|code| format!("{code}\n")).unwrap_or_default();
            format!("{code}{}\n\n{}", plain(link), view.get("link-offered"))
        }
        (_, None, None) => view.get("link-offered"),
    }
}

/// The link as a code to photograph, two modules a character. Its own colours, so that
/// it reads on a dark terminal too; none without a terminal.
pub(super) fn qr(text: &str) -> Option<String> {
    use std::io::IsTerminal as _;
    if !std::io::stdout().is_terminal() {
        return None;
    }
    let code = qrcode::QrCode::new(text.as_bytes()).ok()?;
    let picture = code
        .render::<qrcode::render::unicode::Dense1x2>()
        .dark_color(qrcode::render::unicode::Dense1x2::Light)
        .light_color(qrcode::render::unicode::Dense1x2::Dark)
        .build();
    Some(picture)
}

pub(super) fn recovered(it: &Recovered, view: &View<'_>) -> String {
    let params = [("member", short(&it.member).into()), ("n", it.hoods.len().into())];
    view.with("recovered", params)
}

pub(super) fn profile(it: &Profile, view: &View<'_>) -> String {
    let mut out = format!("{} {}\n", view.strong(&plain(&it.name)), view.faint(&short(&it.member)));
    let languages = it.languages.iter().map(|tag| plain(tag)).collect::<Vec<_>>().join(", ");
    out.push_str(&view.field("field-languages", &languages));
    let building = it.building.as_deref().map(plain).unwrap_or_default();
    out.push_str(&view.field("field-building", &building));
    out.push_str(&paragraphs(&it.about));
    out.trim_end().to_owned()
}
