//! The same contents as automerge documents: by samod, and by automerge's own sync
//! protocol over the transport that Palier uses. Both keep everything in memory, which
//! spares them the disk.

use std::sync::Arc;
use std::time::{Duration, Instant};

use automerge::sync::{Message, State, SyncDoc};
use automerge::transaction::Transactable;
use automerge::{Automerge, AutomergeError, ObjType, ROOT, ReadDoc};
use palier_model::codec;
use palier_model::listing::{ListingContent, ListingRow};
use palier_model::rows::{MemoryRows, Table};
use palier_node::net::{FrameReader, FrameWriter, Link};
use palier_tests::neighbourhood::Outcome;
use samod::tokio_io::TcpDialer;
use samod::{BackoffConfig, Repo, Transport};

use crate::floor::Pair;

/// Messages are packed into frames of about this many bytes.
const FRAME_BYTES: usize = 128 << 10;
/// The frame after a round's last: whether anything was said in it.
const SAID: u8 = 1;
const SILENT: u8 = 0;

/// The listings of a neighbourhood.
pub fn listings(rows: &MemoryRows) -> Vec<ListingContent> {
    let read = |row: &Vec<u8>| codec::decode_prefix::<ListingRow>(row, row.len()).ok();
    rows.table(Table::Listings).filter_map(|(_, row)| Some(read(row)?.0.content)).collect()
}

/// A listing as an automerge document.
fn document(content: &ListingContent) -> Outcome<Automerge> {
    let mut doc = Automerge::new();
    doc.transact::<_, _, AutomergeError>(|tx| {
        tx.put(ROOT, "kind", content.kind.code())?;
        tx.put(ROOT, "category", content.category.code())?;
        tx.put(ROOT, "zone", content.zone.as_str())?;
        tx.put(ROOT, "capacity", i64::from(content.capacity))?;
        for (key, value) in [("title", &content.title), ("text", &content.text)] {
            let text = tx.put_object(ROOT, key, ObjType::Text)?;
            tx.splice_text(&text, 0, 0, value)?;
        }
        if let Some(domain) = content.domain {
            tx.put(ROOT, "domain", domain.0.to_vec())?;
        }
        Ok(())
    })
    .map_err(|failure| failure.error.to_string())?;
    Ok(doc)
}

/// Time until all documents of one repository are in the other, over TCP on loopback.
pub async fn samod(contents: &[ListingContent]) -> Outcome<Duration> {
    let (host, guest) = (Repo::build_tokio().load().await, Repo::build_tokio().load().await);
    let mut held = Vec::new();
    for content in contents {
        held.push(host.create(document(content)?).await?);
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let acceptor = host.make_acceptor(format!("tcp://127.0.0.1:{port}").parse()?)?;
    let accepting = tokio::spawn(async move {
        if let Ok((io, _)) = listener.accept().await {
            let _ = acceptor.accept(Transport::from_tokio_io(io));
        }
        acceptor
    });
    let begun = Instant::now();
    let dialer = TcpDialer::new_host_port("127.0.0.1".to_owned(), port);
    let link = guest.dial(BackoffConfig::default(), Arc::new(dialer))?;
    link.established().await.map_err(|_| "samod did not connect")?;
    // All are asked for at once: one after another would count round trips.
    let finding: Vec<_> = held.iter().map(|doc| guest.find(doc.document_id().clone())).collect();
    for found in finding {
        let found = found.await?.ok_or("samod did not find a document")?;
        if found.with_document(|doc| doc.length(ROOT)) == 0 {
            return Err("samod found an empty document".into());
        }
    }
    let time = begun.elapsed();
    drop(accepting.await?);
    guest.stop().await;
    host.stop().await;
    Ok(time)
}

/// Time until automerge's sync protocol has brought all documents over a link.
pub async fn automerge(contents: &[ListingContent]) -> Outcome<Duration> {
    let here: Vec<Automerge> = contents.iter().map(document).collect::<Outcome<_>>()?;
    let there: Vec<Automerge> = contents.iter().map(|_| Automerge::new()).collect();
    let pair = Pair::new().await?;
    let Pair { a, b, nets, events } = pair;
    let begun = Instant::now();
    let sending = tokio::spawn(sync(a, here));
    let (link, there) = sync(b, there).await?;
    let time = begun.elapsed();
    let (other, _) = sending.await??;
    if there.iter().any(|doc| doc.length(ROOT) == 0) {
        return Err("automerge's sync left a document empty".into());
    }
    Pair { a: other, b: link, nets, events }.close().await;
    Ok(time)
}

async fn sync(mut link: Link, docs: Vec<Automerge>) -> Outcome<(Link, Vec<Automerge>)> {
    let mut docs: Vec<(Automerge, State)> =
        docs.into_iter().map(|doc| (doc, State::new())).collect();
    loop {
        let (mine, frames) = say(&mut docs)?;
        // Both ends speak at once: whoever only spoke would wait for whoever only spoke.
        let (sent, theirs) =
            tokio::join!(send(&link.writer, frames), hear(&mut link.reader, &mut docs));
        sent?;
        let theirs = theirs?;
        if !mine && !theirs {
            return Ok((link, docs.into_iter().map(|(doc, _)| doc).collect()));
        }
    }
}

/// Everything this side has to say in this round, in frames, and whether it is anything.
fn say(docs: &mut [(Automerge, State)]) -> Outcome<(bool, Vec<Vec<u8>>)> {
    let (mut frames, mut frame) = (Vec::new(), Vec::new());
    let mut said = false;
    for (number, (doc, state)) in docs.iter_mut().enumerate() {
        let Some(message) = doc.generate_sync_message(state) else { continue };
        said = true;
        let bytes = message.encode();
        frame.extend(u32::try_from(number)?.to_le_bytes());
        frame.extend(u32::try_from(bytes.len())?.to_le_bytes());
        frame.extend(bytes);
        if frame.len() >= FRAME_BYTES {
            frames.push(std::mem::take(&mut frame));
        }
    }
    if !frame.is_empty() {
        frames.push(frame);
    }
    frames.push(vec![if said { SAID } else { SILENT }]);
    Ok((said, frames))
}

async fn send(writer: &FrameWriter, frames: Vec<Vec<u8>>) -> Outcome<()> {
    for frame in frames {
        writer.send(frame).await.map_err(|_| "the link ended")?;
    }
    Ok(())
}

/// Everything the other side has to say in this round.
async fn hear(reader: &mut FrameReader, docs: &mut [(Automerge, State)]) -> Outcome<bool> {
    loop {
        let frame = reader.recv().await.ok_or("the link ended")?;
        if let [said] = frame.as_slice() {
            return Ok(*said == SAID);
        }
        let mut rest = frame.as_slice();
        while let Some((number, after)) = rest.split_first_chunk::<4>() {
            let (length, after) = after.split_first_chunk::<4>().ok_or("a short frame")?;
            let length = usize::try_from(u32::from_le_bytes(*length))?;
            let bytes = after.get(..length).ok_or("a short frame")?;
            rest = after.get(length..).unwrap_or_default();
            let number = usize::try_from(u32::from_le_bytes(*number))?;
            let (doc, state) = docs.get_mut(number).ok_or("no such document")?;
            doc.receive_sync_message(state, Message::decode(bytes)?)?;
        }
    }
}
