//! The pen of a member who signs what no honest device writes.

use std::collections::BTreeSet;

use palier_model::codec;
use palier_model::journal::{
    Author, Class, Descriptor, Entry, HEADER_VERSION, Header, LogStart, Owner, Period, Ref, Run,
    Tip, entry, kind, log_row, logs_of_document, sign_entry, since,
};
use palier_model::keys::{DocId, EntryHash, GroupId, HoodHash, LogId, MemberId};
use palier_model::projection::DealKeys;
use palier_model::rows::{MemoryRows, Rows, Tx};
use palier_model::seal::{DealKey, open_record, seal_record};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;

use crate::mutate::{below, edge, mutate, one_of};

const ALL: usize = 1 << 20;
const PAYLOAD_BYTES: usize = 65_536;

/// An entry somebody wrote.
struct Template {
    class: Class,
    kind: u16,
    payload: Vec<u8>,
}

pub(crate) struct Pen {
    author: Author,
    hood: HoodHash,
    templates: Vec<Template>,
    starts: Vec<LogStart>,
    plaintexts: Vec<Vec<u8>>,
    deals: Vec<DealKey>,
    pub(crate) ids: Vec<[u8; 32]>,
    pub(crate) logs: Vec<LogId>,
}

impl Pen {
    /// Knows all that a device holds and can read.
    pub(crate) fn new(rows: &MemoryRows, author: Author, hood: HoodHash) -> Self {
        let tx = Tx::new(rows);
        let mut pen = Self {
            author,
            hood,
            templates: Vec::new(),
            starts: Vec::new(),
            plaintexts: Vec::new(),
            deals: Vec::new(),
            ids: Vec::new(),
            logs: Vec::new(),
        };
        let mut ids = BTreeSet::new();
        for (_, key) in tx.rows_with_prefix::<DealKeys>(&[], ALL).expect("rows") {
            pen.deals.push(DealKey::from_bytes(key));
        }
        for (_, hash) in since(&tx, 0, ALL).expect("rows") {
            let it = entry(&tx, &hash).expect("rows").expect("held");
            let log = it.header.log_id();
            let row = log_row(&tx, &log).expect("rows").expect("held");
            ids.extend([hash.0, log.0, row.document.0, row.start.device.0, row.start.act.0]);
            if let Owner::Member(member) = row.start.descriptor.owner {
                ids.insert(member.0);
            }
            if it.header.seq == 0 {
                pen.starts.push(row.start.clone());
                if row.start.device == pen.author.device {
                    pen.logs.push(log);
                }
            }
            if it.header.kind == kind::sealed::RECORD {
                let core = it.header.core_bytes();
                let opened =
                    pen.deals.iter().find_map(|key| open_record(key, &core, &it.payload).ok());
                pen.plaintexts.extend(opened.map(|plain| plain.to_vec()));
            }
            let class = row.start.descriptor.class;
            pen.templates.push(Template { class, kind: it.header.kind, payload: it.payload });
        }
        pen.ids = ids.into_iter().collect();
        pen
    }

    pub(crate) fn author(&self) -> &Author {
        &self.author
    }

    /// A run as bytes: signed, and after the first door open to doubt in every part.
    pub(crate) fn run(&self, rng: &mut ChaCha20Rng, rows: &dyn Rows) -> Vec<u8> {
        let tx = Tx::new(rows);
        let mut entries = Vec::new();
        let (mut log, mut class, mut tip) = match below(rng, 8) {
            0 => self.opening(rng, &mut entries),
            _ => self.known(rng, &tx),
        };
        let count = match below(rng, 60) {
            0 => 70,
            1 => 600,
            n => 1 + n / 20,
        };
        for n in 0..count {
            let signed = n + 1 == count && below(rng, 40) > 0 || below(rng, 3) > 0;
            let it = self.entry(rng, &tx, log, class, tip, signed);
            tip = Tip { seq: it.header.seq, hash: it.hash() };
            log = it.header.log_id();
            entries.push(it);
            if below(rng, 50) == 0 {
                (_, class, _) = self.known(rng, &tx);
            }
        }
        let mut bytes = Run { entries }.to_bytes();
        if below(rng, 16) == 0 {
            self.pack(rng, &mut bytes);
        }
        bytes
    }

    /// One of this member's logs, and where it ends (or once ended).
    fn known(&self, rng: &mut ChaCha20Rng, tx: &Tx<'_>) -> (LogId, Class, Tip) {
        let log = *one_of(rng, &self.logs).expect("a log");
        let row = log_row(tx, &log).expect("rows").expect("held");
        let mut tip = *one_of(rng, &row.tips).expect("a tip");
        if below(rng, 10) == 0 {
            // A fork from the beginning, or from nowhere.
            tip = Tip { seq: 0, hash: EntryHash(log.0) };
        }
        (log, row.start.descriptor.class, tip)
    }

    /// Entry 0 of a new log that an honest device would not open so.
    fn opening(&self, rng: &mut ChaCha20Rng, entries: &mut Vec<Entry>) -> (LogId, Class, Tip) {
        let mut start = one_of(rng, &self.starts).expect("a log").clone();
        start.device = self.author.device;
        start.act = self.author.act;
        start.incarnation = self.author.incarnation;
        let member = |rng: &mut ChaCha20Rng| MemberId(*one_of(rng, &self.ids).expect("ids"));
        for _ in 0..1 + below(rng, 2) {
            match below(rng, 9) {
                0 => start.incarnation = edge(rng) as u32,
                1 => start.act = EntryHash(*one_of(rng, &self.ids).expect("ids")),
                2 => start.descriptor.class = *one_of(rng, &Class::ALL).expect("classes"),
                3 => {
                    start.descriptor.owner = match below(rng, 3) {
                        0 => Owner::Hood,
                        1 => Owner::Group(GroupId(*one_of(rng, &self.ids).expect("ids"))),
                        _ => Owner::Member(member(rng)),
                    }
                }
                4 => {
                    start.descriptor.period = match below(rng, 4) {
                        0 => Period::Ever,
                        1 => Period::Object([below(rng, 256) as u8; 16]),
                        2 => Period::Year(edge(rng) as i16),
                        _ => Period::Quarter(edge(rng) as i16, edge(rng) as u8),
                    }
                }
                5 => start.continues = Some(self.reference(rng)),
                6 => start.certificate = self.author.certificate,
                7 => start.descriptor.hood = self.hood,
                _ => {
                    let mut number = [0; 16];
                    rng.fill_bytes(&mut number);
                    let owner = start.descriptor.owner;
                    start.descriptor = Descriptor::object(self.hood, owner, number);
                }
            }
        }
        let class = start.descriptor.class;
        let mut payload = codec::encode(&start);
        if below(rng, 4) == 0 {
            mutate(rng, &mut payload, &self.ids, &[], 2_000);
        }
        let header =
            Header::new(LogId::ZERO, 0, EntryHash::ZERO, Vec::new(), kind::LOG_START, &payload);
        let hash = header.hash();
        let signature = Some(sign_entry(&hash, &self.author.signing));
        entries.push(Entry { header, payload, signature });
        (LogId(hash.0), class, Tip { seq: 0, hash })
    }

    fn reference(&self, rng: &mut ChaCha20Rng) -> Ref {
        let id = |rng: &mut ChaCha20Rng| *one_of(rng, &self.ids).expect("ids");
        let (document, log) = (DocId(id(rng)), LogId(id(rng)));
        Ref { document, log, seq: edge(rng), hash: EntryHash(id(rng)) }
    }

    fn entry(
        &self,
        rng: &mut ChaCha20Rng,
        tx: &Tx<'_>,
        log: LogId,
        class: Class,
        after: Tip,
        signed: bool,
    ) -> Entry {
        let same: Vec<&Template> = self.templates.iter().filter(|it| it.class == class).collect();
        let any: Vec<&Template> = self.templates.iter().collect();
        let of = if below(rng, 8) == 0 || same.is_empty() { &any } else { &same };
        let template = one_of(rng, of).expect("entries");
        let kind = match below(rng, 12) {
            0 => edge(rng) as u16,
            1 => one_of(rng, &self.templates).expect("entries").kind,
            _ => template.kind,
        };
        let causes = self.causes(rng, tx, &log);
        let seq = if below(rng, 30) == 0 { edge(rng) } else { after.seq.wrapping_add(1) };
        let previous = match below(rng, 30) {
            0 => EntryHash(*one_of(rng, &self.ids).expect("ids")),
            _ => after.hash,
        };
        let mut header = Header::new(log, seq, previous, causes, kind, &[]);
        if below(rng, 40) == 0 {
            header.causes.reverse();
        }
        let payload = if kind == kind::sealed::RECORD && below(rng, 4) > 0 {
            self.sealed(rng, &header)
        } else {
            let mut payload = template.payload.clone();
            let other = &one_of(rng, &self.templates).expect("entries").payload;
            if below(rng, 10) > 0 {
                mutate(rng, &mut payload, &self.ids, other, PAYLOAD_BYTES);
            }
            payload
        };
        header.version = HEADER_VERSION;
        header.payload_len = payload.len() as u32;
        header.payload_hash = *blake3::hash(&payload).as_bytes();
        let key = &self.author.signing;
        let signature = signed.then(|| sign_entry(&header.hash(), key));
        Entry { header, payload, signature }
    }

    /// A record sealed as it should be, with a plaintext that is not.
    fn sealed(&self, rng: &mut ChaCha20Rng, header: &Header) -> Vec<u8> {
        let mut plain = one_of(rng, &self.plaintexts).cloned().unwrap_or_default();
        let other = one_of(rng, &self.plaintexts).cloned().unwrap_or_default();
        mutate(rng, &mut plain, &self.ids, &other, 65_000);
        let Some(deal) = one_of(rng, &self.deals) else { return plain };
        seal_record(deal, &header.core_bytes(), &plain, rng).unwrap_or(plain)
    }

    fn causes(&self, rng: &mut ChaCha20Rng, tx: &Tx<'_>, log: &LogId) -> Vec<EntryHash> {
        let count = match below(rng, 12) {
            0 => 64,
            1 => 65,
            2 => below(rng, 8),
            3..=6 => return Vec::new(),
            _ => {
                // The heads of its own document: what an honest device names.
                let row = log_row(tx, log).expect("rows");
                let logs = row.map(|row| logs_of_document(tx, &row.document).expect("rows"));
                let rows = logs.unwrap_or_default().into_iter();
                let rows = rows.filter(|other| other != log);
                let rows = rows.filter_map(|other| log_row(tx, &other).expect("rows"));
                return rows.filter_map(|row| Some(row.tips.first()?.hash)).take(64).collect();
            }
        };
        let id = |rng: &mut ChaCha20Rng| match below(rng, 3) {
            0 => {
                let mut unknown = [0; 32];
                rng.fill_bytes(&mut unknown);
                EntryHash(unknown)
            }
            _ => EntryHash(*one_of(rng, &self.ids).expect("ids")),
        };
        (0..count).map(|_| id(rng)).collect()
    }

    /// Changes the layout of a run, unpacked and packed again.
    fn pack(&self, rng: &mut ChaCha20Rng, bytes: &mut Vec<u8>) {
        let mut body = match bytes.get(1) {
            Some(1) => miniz_oxide::inflate::decompress_to_vec_with_limit(&bytes[2..], 1 << 20)
                .unwrap_or_default(),
            _ => bytes[2..].to_vec(),
        };
        match below(rng, 6) {
            // Much out of little.
            0 => body = vec![0; below(rng, 4 << 20)],
            1 => body.extend(vec![below(rng, 256) as u8; below(rng, 2 << 20)]),
            _ => mutate(rng, &mut body, &self.ids, &[], 1 << 20),
        }
        let packed = miniz_oxide::deflate::compress_to_vec(&body, 1);
        *bytes = match below(rng, 8) {
            0 => [&[edge(rng) as u8, 1], packed.as_slice()].concat(),
            1 | 2 if body.len() < 200_000 => [&[1, 0], body.as_slice()].concat(),
            _ => [&[1, 1], packed.as_slice()].concat(),
        };
    }
}
