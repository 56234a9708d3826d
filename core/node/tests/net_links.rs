//! Links between two nodes: frames, back-pressure, ends.

mod net_common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use net_common::{Node, PATIENCE, hub, pair, phone, until, within};
use palier_node::net::{
    DialFailure, DownReason, Goodbye, MAX_FRAME_BYTES, Multiaddr, NetError, NetEvent, PeerId,
    TrySendError,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_frames_each_way_arrive_whole_and_in_order() {
    const FRAMES: u32 = 10_000;
    let (a, at_a, b, at_b) = pair().await;
    let mut work = tokio::task::JoinSet::new();
    for link in [at_a, at_b] {
        let (mut reader, writer) = (link.reader, link.writer);
        work.spawn(async move {
            for n in 0..FRAMES {
                let mut frame = n.to_le_bytes().to_vec();
                frame.resize(4 + (n as usize * 7) % 300, 0xA5);
                writer.send(frame).await.expect("open");
            }
            writer.closed().await;
        });
        work.spawn(async move {
            for n in 0..FRAMES {
                let frame = reader.recv().await.expect("open");
                assert_eq!(frame[..4], n.to_le_bytes());
                assert_eq!(frame.len(), (4 + (n as usize * 7) % 300).max(4));
            }
            // The reader stays until the other direction is through as well.
            assert_eq!(reader.recv().await, None);
        });
    }
    within("all frames", async {
        until("counted", || {
            [&a, &b].iter().all(|node| {
                let stats = node.net.stats();
                stats.frames_in == u64::from(FRAMES) && stats.frames_out == u64::from(FRAMES)
            })
        })
        .await;
    })
    .await;
    let (one, two) = (a.net.stats(), b.net.stats());
    assert_eq!((one.bytes_in, one.bytes_out), (two.bytes_out, two.bytes_in));
    a.net.shutdown().await;
    within("tasks", work.join_all()).await;
    b.net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_pauses_holds_back_its_own_peer_and_nobody_else() {
    let (a, to_b, mut b, from_a) = pair().await;
    let mut c = Node::start(phone()).await;
    c.net.dial(b.addr.clone()).await.expect("dial");
    let (mut at_c, mut from_c) = (c.link().await, b.link().await);

    let mut taken = 0usize;
    // b does not read from a: a's writer must come to a stop, and soon.
    loop {
        match timeout(Duration::from_secs(2), to_b.writer.send(vec![7; MAX_FRAME_BYTES])).await {
            Ok(sent) => sent.expect("open"),
            Err(_) => break,
        }
        taken += 1;
        assert!(taken < 20, "{taken} frames of 512 KiB were taken for a reader that reads none");
    }
    assert_eq!(to_b.writer.try_send(vec![1]), Err(TrySendError::Full));
    // Meanwhile the other link of the same node goes on.
    for n in 0..200u32 {
        at_c.writer.send(n.to_le_bytes().to_vec()).await.expect("open");
        let got = within("frame beside a stalled link", from_c.reader.recv()).await;
        assert_eq!(got.as_deref(), Some(&n.to_le_bytes()[..]));
        from_c.writer.send(vec![9]).await.expect("open");
        assert_eq!(within("answer", at_c.reader.recv()).await, Some(vec![9]));
    }
    // And the stalled one goes on as soon as somebody reads.
    let mut reader = from_a.reader;
    for _ in 0..taken {
        let frame = within("stalled frame", reader.recv()).await.expect("open");
        assert_eq!(frame.len(), MAX_FRAME_BYTES);
    }
    for node in [a, b, c] {
        node.net.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_dialling_at_once_end_with_one_and_the_same_link() {
    for _ in 0..10 {
        let mut a = Node::start(phone()).await;
        let mut b = Node::start(phone()).await;
        let (one, two) = tokio::join!(a.net.dial(b.addr.clone()), b.net.dial(a.addr.clone()));
        one.expect("dial");
        two.expect("dial");
        let (at_a, mut at_b) = (a.link().await, b.link().await);
        assert_ne!(at_a.initiator, at_b.initiator);
        at_a.writer.send(b"same".to_vec()).await.expect("open");
        assert_eq!(within("frame", at_b.reader.recv()).await, Some(b"same".to_vec()));
        // Nothing more comes: neither a second link nor an end of the first.
        let quiet = timeout(Duration::from_millis(300), async {
            tokio::select! { event = a.events.recv() => event, event = b.events.recv() => event }
        });
        if let Ok(event) = quiet.await {
            panic!("after the link stood: {event:?}");
        }
        assert_eq!((a.net.links(), b.net.links()), (1, 1));
        a.net.shutdown().await;
        b.net.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dial_to_a_linked_peer_changes_nothing_and_a_closed_link_can_be_made_again() {
    let (mut a, at_a, mut b, at_b) = pair().await;
    b.net.dial(a.addr.clone()).await.expect("no error");
    a.net.close(at_a.id, Goodbye::Done).await;
    assert_eq!(a.down(at_a.id).await, DownReason::ClosedHere(Goodbye::Done));
    assert_eq!(b.down(at_b.id).await, DownReason::ClosedThere(Goodbye::Done));
    // Either side may make the next one, over the connection that is still there.
    for round in 0..4 {
        let dialer = if round % 2 == 0 { &b } else { &a };
        let target = if round % 2 == 0 { a.addr.clone() } else { b.addr.clone() };
        dialer.net.dial(target).await.expect("dial");
        let (at_a, at_b) = (a.link().await, b.link().await);
        assert_ne!(at_a.initiator, at_b.initiator);
        b.net.close(at_b.id, Goodbye::NoMeeting).await;
        assert_eq!(a.down(at_a.id).await, DownReason::ClosedThere(Goodbye::NoMeeting));
        assert_eq!(b.down(at_b.id).await, DownReason::ClosedHere(Goodbye::NoMeeting));
    }
    a.net.shutdown().await;
    b.net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_before_closing_still_arrives() {
    let (a, at_a, mut b, mut at_b) = pair().await;
    for n in 0..50u8 {
        at_a.writer.send(vec![n; 100]).await.expect("open");
    }
    a.net.close(at_a.id, Goodbye::BadFrame).await;
    for n in 0..50u8 {
        assert_eq!(within("frame", at_b.reader.recv()).await, Some(vec![n; 100]));
    }
    assert_eq!(within("end", at_b.reader.recv()).await, None);
    assert_eq!(b.down(at_b.id).await, DownReason::ClosedThere(Goodbye::BadFrame));
    assert!(at_b.writer.send(vec![1]).await.is_err());
    a.net.shutdown().await;
    b.net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letting_go_of_a_link_ends_it_on_both_sides() {
    let (mut a, at_a, mut b, at_b) = pair().await;
    let (a_link, b_link) = (at_a.id, at_b.id);
    drop(at_a);
    assert_eq!(a.down(a_link).await, DownReason::ClosedHere(Goodbye::Done));
    assert_eq!(b.down(b_link).await, DownReason::ClosedThere(Goodbye::Done));
    a.net.shutdown().await;
    b.net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_oversized_frame_ends_the_link_politely_and_the_node_lives() {
    let mut small = phone();
    small.limits.max_frame_bytes = 1_000;
    let mut a = Node::start(small).await;
    let mut b = Node::start(phone()).await;
    b.net.dial(a.addr.clone()).await.expect("dial");
    let (mut at_a, at_b) = (a.link().await, b.link().await);
    at_b.writer.send(vec![1; 1_000]).await.expect("open");
    assert_eq!(within("frame", at_a.reader.recv()).await.map(|frame| frame.len()), Some(1_000));
    at_b.writer.send(vec![2; 1_001]).await.expect("open");
    assert_eq!(a.down(at_a.id).await, DownReason::ClosedHere(Goodbye::OversizedFrame));
    assert_eq!(b.down(at_b.id).await, DownReason::ClosedThere(Goodbye::OversizedFrame));
    // The sender's own bound: never written at all.
    b.net.dial(a.addr.clone()).await.expect("dial");
    let (mut at_a, at_b) = (a.link().await, b.link().await);
    assert!(at_b.writer.send(vec![0; MAX_FRAME_BYTES + 1]).await.is_err());
    at_b.writer.send(vec![3]).await.expect("still open");
    assert_eq!(within("frame", at_a.reader.recv()).await, Some(vec![3]));
    a.net.shutdown().await;
    b.net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_vanishes_is_noticed_and_a_kept_one_is_linked_again() {
    let (a, at_a, mut b, at_b) = pair().await;
    drop(at_a);
    b.down(at_b.id).await;
    a.net.shutdown().await;

    // The same key at the same port, stopped and started: the kept link comes back by itself.
    let mut config = phone();
    let hub_key = config.keypair.clone();
    let hub = Node::start(config.clone()).await;
    let addr = hub.addr.clone();
    b.net.keep(hub.id(), vec![addr.clone()]).await.expect("keep");
    let first = b.link().await;
    hub.net.shutdown().await;
    assert!(matches!(
        b.down(first.id).await,
        DownReason::Lost | DownReason::ClosedThere(Goodbye::Done)
    ));
    config.keypair = hub_key;
    config.listen = vec![palier_node::net::without_peer(&addr)];
    let mut hub = Node::start(config).await;
    let (mut at_b, at_hub) = (b.link().await, hub.link().await);
    at_hub.writer.send(b"again".to_vec()).await.expect("open");
    assert_eq!(within("frame", at_b.reader.recv()).await, Some(b"again".to_vec()));
    b.net.shutdown().await;
    hub.net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dials_that_lead_nowhere_say_why() {
    let mut a = Node::start(phone()).await;
    let b = Node::start(phone()).await;
    let bare = palier_node::net::without_peer(&b.addr);
    assert!(matches!(a.net.dial(bare.clone()).await, Err(NetError::NoPeer(_))));
    assert!(matches!(a.net.dial(a.addr.clone()).await, Err(NetError::Myself(_))));
    let nobody = PeerId::random();
    assert!(matches!(a.net.dial_peer(nobody, vec![]).await, Err(NetError::NoAddress)));
    let failed = |node: &'static str| {
        move |event| match event {
            NetEvent::DialFailed { reason, .. } => Some((node, reason)),
            _ => None,
        }
    };
    a.net.dial(bare.with_p2p(nobody).expect("address")).await.expect("begun");
    assert_eq!(a.wait("failure", failed("other")).await.1, DialFailure::WrongPeer);
    let closed: Multiaddr = format!("/ip4/127.0.0.1/tcp/1/p2p/{nobody}").parse().expect("address");
    a.net.dial(closed).await.expect("begun");
    assert_eq!(a.wait("failure", failed("closed")).await.1, DialFailure::Unreachable);
    a.net.shutdown().await;
    b.net.shutdown().await;
    assert!(matches!(a.net.dial(b.addr).await, Err(NetError::Stopped)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_bytes_and_silent_strangers_on_the_port_do_no_harm() {
    let mut a = Node::start(phone()).await;
    let port = a.addr.iter().find_map(|part| match part {
        palier_node::net::Protocol::Tcp(port) => Some(port),
        _ => None,
    });
    let port = port.expect("tcp");
    let mut silent = Vec::new();
    for n in 0..20u8 {
        let mut socket = TcpStream::connect(("127.0.0.1", port)).await.expect("connect");
        let noise: Vec<u8> = (0..4_000u32).map(|i| (i * 31 + u32::from(n) * 97) as u8).collect();
        let _ = socket.write_all(&noise).await;
        let mut rest = Vec::new();
        let _ = timeout(PATIENCE, socket.read_to_end(&mut rest)).await.expect("hung up on");
        if n < 10 {
            silent.push(TcpStream::connect(("127.0.0.1", port)).await.expect("connect"));
        }
    }
    let mut b = Node::start(phone()).await;
    b.net.dial(a.addr.clone()).await.expect("dial");
    let (mut at_a, at_b) = (a.link().await, b.link().await);
    at_b.writer.send(b"alive".to_vec()).await.expect("open");
    assert_eq!(within("frame", at_a.reader.recv()).await, Some(b"alive".to_vec()));
    a.net.shutdown().await;
    b.net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_node_says_busy_and_keeps_those_it_has() {
    let mut config = phone();
    config.limits.inbound_links = 2;
    let mut a = Node::start(config).await;
    let mut kept = Vec::new();
    for _ in 0..2 {
        let mut b = Node::start(phone()).await;
        b.net.dial(a.addr.clone()).await.expect("dial");
        kept.push((b.link().await, a.link().await, b));
    }
    let mut third = Node::start(phone()).await;
    third.net.dial(a.addr.clone()).await.expect("dial");
    let reason = third
        .wait("failure", |event| match event {
            NetEvent::DialFailed { reason, .. } => Some(reason),
            _ => None,
        })
        .await;
    assert_eq!(reason, DialFailure::Busy);
    for (at_b, at_a, _) in &mut kept {
        at_b.writer.send(vec![1]).await.expect("open");
        assert_eq!(within("frame", at_a.reader.recv()).await, Some(vec![1]));
    }
    // Who is dialled by the full node itself still gets a link.
    a.net.dial(third.addr.clone()).await.expect("dial");
    third.link().await;
    third.net.shutdown().await;
    a.net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_holds_two_hundred_links_at_once() {
    const PHONES: usize = 200;
    let mut hub = Node::start(hub()).await;
    let addr = hub.addr.clone();
    let mut phones = tokio::task::JoinSet::new();
    for _ in 0..PHONES {
        let addr = addr.clone();
        phones.spawn(async move {
            let mut config = phone();
            config.listen.clear();
            let mut phone = Node::start(config).await;
            phone.net.dial(addr).await.expect("dial");
            let mut link = phone.link().await;
            link.writer.send(b"here".to_vec()).await.expect("open");
            assert_eq!(within("echo", link.reader.recv()).await, Some(b"here".to_vec()));
            (phone, link)
        });
    }
    let mut links = Vec::new();
    while links.len() < PHONES {
        let mut link = hub.link().await;
        let frame = within("frame", link.reader.recv()).await.expect("open");
        link.writer.send(frame).await.expect("open");
        links.push(link);
    }
    let phones = within("phones", phones.join_all()).await;
    assert_eq!(hub.net.links(), PHONES);
    for (phone, _) in &phones {
        phone.net.shutdown().await;
    }
    within("hub", hub.net.shutdown()).await;
}

/// Passes connections on, and counts them.
async fn counting(to: std::net::SocketAddr) -> (Multiaddr, std::sync::Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let port = listener.local_addr().expect("bound").port();
    let count = std::sync::Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((mut here, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                if let Ok(mut there) = TcpStream::connect(to).await {
                    let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
                }
            });
        }
    });
    (format!("/ip4/127.0.0.1/tcp/{port}").parse().expect("address"), count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_asked_for_again_while_being_dialled_is_not_dialled_twice() {
    let mut a = Node::start(phone()).await;
    let mut b = Node::start(phone()).await;
    let port = b.addr.iter().find_map(|part| match part {
        libp2p::multiaddr::Protocol::Tcp(port) => Some(port),
        _ => None,
    });
    let to = ([127, 0, 0, 1], port.expect("a port")).into();
    let (addr, connections) = counting(to).await;
    let addr = addr.with_p2p(b.id()).expect("address");
    a.net.keep(b.id(), vec![addr.clone()]).await.expect("kept");
    for _ in 0..5 {
        a.net.dial_peer(b.id(), vec![addr.clone()]).await.expect("dialled");
        a.net.keep(b.id(), vec![addr.clone()]).await.expect("kept");
    }
    let (at_a, at_b) = (a.link().await, b.link().await);
    // What was begun besides would have come before these.
    for n in 0..20_u8 {
        at_a.writer.send(vec![n]).await.expect("open");
    }
    let mut reader = at_b.reader;
    for n in 0..20_u8 {
        assert_eq!(within("a frame", reader.recv()).await, Some(vec![n]));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    a.net.shutdown().await;
    b.net.shutdown().await;
}
