//! Two homes behind NAT with a hub between them: relay, hole punching, a cable cut and joined.

#![cfg(target_os = "linux")]

use std::thread::sleep;
use std::time::Duration;

use palier_tests::netns::{Lab, Nat, Probe, example};

const PATIENCE: Duration = Duration::from_secs(60);

/// A hub at its public address, and what to dial it by.
fn hub(lab: &Lab) -> (Probe, String) {
    let listen = format!("/ip4/{}/tcp/4001", Lab::HUB);
    let mut hub = lab.start("hub", &example("net_probe"), &["hub", &listen]);
    let started = hub.event("started", PATIENCE);
    hub.event("listening", PATIENCE);
    (hub, format!("{listen}/p2p/{}", started["peer"].as_str().expect("peer")))
}

/// A phone with a reservation on the hub, and its address through it.
fn phone(lab: &Lab, place: &str, hub: &str) -> (Probe, String) {
    let arguments = ["phone", "/ip4/0.0.0.0/tcp/0", hub];
    let mut phone = lab.start(place, &example("net_probe"), &arguments);
    let ready = phone.event("relay_ready", PATIENCE);
    (phone, ready["addr"].as_str().expect("address").to_owned())
}

fn talk(from: &mut Probe, to: &mut Probe, text: &str) {
    from.say(&format!("send {text}"));
    to.wait("frame", PATIENCE, |event| event["event"] == "frame" && event["text"] == text);
}

#[test]
fn behind_kind_routers_a_link_begins_relayed_and_becomes_direct() {
    let Some(lab) = Lab::two_homes(Nat::Kind) else { return };
    let (_hub, hub_addr) = hub(&lab);
    let (mut a, _) = phone(&lab, "a", &hub_addr);
    let (mut b, b_addr) = phone(&lab, "b", &hub_addr);
    a.say(&format!("keep {b_addr}"));
    assert_eq!(a.event("link_up", PATIENCE)["relayed"], true);
    assert_eq!(b.event("link_up", PATIENCE)["relayed"], true);
    talk(&mut a, &mut b, "through the hub");
    assert_eq!(a.event("link_moved", PATIENCE)["relayed"], false);
    assert_eq!(b.event("link_moved", PATIENCE)["relayed"], false);
    talk(&mut b, &mut a, "directly");

    // A cable cut for a while and joined again: what was said meanwhile arrives.
    lab.cut("homea");
    a.say("gone");
    b.say("send while the cable is out");
    sleep(Duration::from_secs(3));
    lab.join("homea");
    a.say("back");
    a.wait("frame sent meanwhile", PATIENCE, |event| {
        assert_ne!(event["event"], "link_down", "a short cut ends no link");
        event["event"] == "frame" && event["text"] == "while the cable is out"
    });
    talk(&mut a, &mut b, "joined again");

    // Another network: everything begins again by itself.
    a.say("switched");
    assert_eq!(a.event("link_down", PATIENCE)["reason"], "NetworkChanged");
    a.event("link_up", PATIENCE);
    talk(&mut a, &mut b, "on another network");
}

#[test]
fn behind_unkind_routers_the_relay_goes_on_carrying() {
    let Some(lab) = Lab::two_homes(Nat::Symmetric) else { return };
    let (_hub, hub_addr) = hub(&lab);
    let (mut a, _) = phone(&lab, "a", &hub_addr);
    let (mut b, b_addr) = phone(&lab, "b", &hub_addr);
    a.say(&format!("dial {b_addr}"));
    assert_eq!(a.event("link_up", PATIENCE)["relayed"], true);
    assert_eq!(b.event("link_up", PATIENCE)["relayed"], true);
    a.say("flood 200 65536");
    assert_eq!(b.event("hole_punch", Duration::from_secs(120))["direct"], false);
    talk(&mut b, &mut a, "still relayed");
    a.say("send after the flood");
    b.wait("end of the flood", PATIENCE, |event| event["text"] == "after the flood");
    b.say("stats");
    assert_eq!(b.event("stats", PATIENCE)["read"], 201);
}

/// P12: run with `--ignored --nocapture`.
#[test]
#[ignore = "a measurement of three minutes"]
fn an_idle_phone_with_a_hub_costs_little() {
    const MINUTES: u64 = 3;
    let Some(lab) = Lab::two_homes(Nat::Kind) else { return };
    let (_hub, hub_addr) = hub(&lab);
    let (mut a, _) = phone(&lab, "a", &hub_addr);
    a.say(&format!("keep {hub_addr}"));
    a.event("link_up", PATIENCE);
    // Until AutoNAT has its verdict.
    assert_eq!(a.event("reachability", 2 * PATIENCE)["verdict"], "Private");
    sleep(Duration::from_secs(10));
    let before = lab.traffic("a");
    sleep(Duration::from_secs(60 * MINUTES));
    let bytes_a_minute = (lab.traffic("a") - before) / MINUTES;
    eprintln!("idle phone: {bytes_a_minute} bytes a minute with TCP, IP and Ethernet headers");
    assert!(bytes_a_minute <= 2_048, "{bytes_a_minute} bytes a minute");
}
