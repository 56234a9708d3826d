//! Breaks a rule in a copy of the tree and asks the simulator how many seeds it takes to
//! see that. A rule whose loss nobody sees is not held by a test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::child;
use crate::rust::cargo;

/// A rule, and the words that lose it: each text stands once in its file.
struct Mutation {
    name: &'static str,
    file: &'static str,
    words: &'static [(&'static str, &'static str)],
}

const MUTATIONS: &[Mutation] = &[
    Mutation {
        name: "accept a bad signature",
        file: "core/model/src/journal/gate.rs",
        words: &[(
            "if verify_entry(&hash, signature, device).is_err() {",
            "if verify_entry(&hash, signature, device).is_err() && hash.0[0] == 0 {",
        )],
    },
    Mutation {
        name: "forget a removal",
        file: "core/model/src/authority/engine.rs",
        words: &[(
            "Taking::Member(_, true) => status = Status::Removed,",
            "Taking::Member(_, true) => {}",
        )],
    },
    Mutation {
        name: "skip an fsync",
        file: "core/model/src/sim/world.rs",
        words: &[
            (
                "    hoods: BTreeMap<HoodHash, MemoryRows>,",
                "    hoods: BTreeMap<HoodHash, MemoryRows>,\n    durable: BTreeMap<HoodHash, MemoryRows>,",
            ),
            (
                "        rows.commit(writes);\n",
                "        self.durable.insert(*hood, rows.clone());\n        rows.commit(writes);\n",
            ),
            (
                "        self.load(node, None);\n",
                "        let it = &mut self.nodes[node];\n        let lost = std::mem::take(&mut it.stores.durable);\n        it.stores.hoods.extend(lost);\n        self.load(node, None);\n",
            ),
        ],
    },
    Mutation {
        name: "answer before the store did",
        file: "core/model/src/engine/mod.rs",
        words: &[(
            "                Err(error) => Err(commit_error(error)),\n            },\n            Err(error) => Err(error),",
            "                Err(_) => Ok((result, changes)),\n            },\n            Err(error) => Err(error),",
        )],
    },
    Mutation {
        name: "swap the tie rule",
        file: "core/model/src/booking/calendar/graph.rs",
        words: &[(
            "    (depth, !is_release, tier, *hasher.finalize().as_bytes(), act.hash)",
            "    (depth, !is_release, tier, hasher.finalize().as_bytes().map(|byte| !byte), act.hash)",
        )],
    },
    Mutation {
        name: "count an entry past closing",
        file: "core/model/src/projection/facts.rs",
        words: &[(
            "Reach::UpTo(last) => is_ancestor_or_same(tx, log, tip, &last),",
            "Reach::UpTo(last) => is_ancestor_or_same(tx, log, tip, &last).map(|_| true),",
        )],
    },
    Mutation {
        name: "book beyond the capacity",
        file: "core/model/src/booking/calendar/pass.rs",
        words: &[(
            "if peak + u64::from(what.quantity) <= u64::from(capacity) {",
            "if peak <= u64::from(capacity) {",
        )],
    },
    Mutation {
        name: "leave calendars as they were when authority changed",
        file: "core/model/src/replica/settle.rs",
        words: &[(
            "for domain in booking::domains(tx, AGAIN)? {",
            "for domain in booking::domains(tx, 0)? {",
        )],
    },
];

/// Loses each rule whose name holds `only`, and tells how many seeds it took.
pub(crate) fn run(root: &Path, only: &str, seeds: u64) -> bool {
    let copy = root.join("target/xtask/mutant");
    let mut lines = Vec::new();
    let mut all_seen = true;
    for mutation in MUTATIONS.iter().filter(|it| it.name.contains(only)) {
        crate::say(&format!("{}…", mutation.name));
        let seen = copy_tree(root, &copy)
            .and_then(|()| lose(&copy, mutation))
            .and_then(|()| seeds_until_seen(root, &copy, seeds));
        let line = match seen {
            Ok(Some((seeds, what))) => format!("| {} | {seeds} | {what} |", mutation.name),
            Ok(None) => {
                all_seen = false;
                format!("| {} | not in {seeds} | |", mutation.name)
            }
            Err(error) => {
                all_seen = false;
                format!("| {} | | {error} |", mutation.name)
            }
        };
        crate::say(&line);
        lines.push(line);
    }
    crate::say("\n| rule lost | seeds until seen | seen as |\n|---|---|---|");
    crate::say(&lines.join("\n"));
    all_seen && !lines.is_empty()
}

/// Copies what git knows of the tree, and touches only files that differ.
fn copy_tree(root: &Path, copy: &Path) -> Result<(), String> {
    let told = |error: std::io::Error| format!("copying: {error}");
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .map_err(told)?;
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        let Ok(bytes) = fs::read(root.join(name)) else { continue };
        let to: PathBuf = copy.join(name);
        if fs::read(&to).is_ok_and(|held| held == bytes) {
            continue;
        }
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(told)?;
        }
        fs::write(&to, bytes).map_err(told)?;
    }
    Ok(())
}

fn lose(copy: &Path, mutation: &Mutation) -> Result<(), String> {
    let path = copy.join(mutation.file);
    let mut text =
        fs::read_to_string(&path).map_err(|error| format!("{}: {error}", mutation.file))?;
    for (held, lost) in mutation.words {
        if text.matches(held).count() != 1 {
            return Err(format!("{} does not hold `{}` once", mutation.file, held.trim()));
        }
        text = text.replacen(held, lost, 1);
    }
    fs::write(&path, text).map_err(|error| format!("{}: {error}", mutation.file))
}

/// How many seeds went by until one failed, and what it said.
fn seeds_until_seen(root: &Path, copy: &Path, seeds: u64) -> Result<Option<(u64, String)>, String> {
    let command = |run: bool| {
        let mut words = vec!["test", "--release", "--package", "palier-model", "--all-features"];
        let manifest = copy.join("Cargo.toml");
        let manifest = manifest.to_string_lossy();
        words.extend(["--manifest-path", &manifest]);
        words.extend(["--test", "simulation"]);
        words.extend(if run { ["--", "every_seed"].as_slice() } else { &["--no-run"] });
        let mut command = cargo(&words);
        command
            .env("CARGO_TARGET_DIR", root.join("target"))
            .env("PALIER_SIM_SEEDS", seeds.to_string())
            .env("PALIER_SIM_FROM", "0")
            .env("PALIER_SIM_FAILURES", "1");
        command
    };
    let compiled = child::run(root, "mutant build", command(false), |_| {})?;
    if !compiled.succeeded {
        return Err(format!("does not compile: {}", compiled.tail()));
    }
    let ran = child::run(root, "mutant", command(true), |_| {})?;
    if ran.succeeded {
        return Ok(None);
    }
    let found = ran.lines.iter().find_map(|line| {
        let (seed, rest) = line.strip_prefix("PALIER_SIM_FROM=")?.split_once(' ')?;
        let what = rest.split_once(": ").map_or(rest, |(_, what)| what);
        let short: String = what.chars().take(110).collect();
        Some((seed.parse::<u64>().ok()? + 1, short.replace('|', "/")))
    });
    found.map(Some).ok_or_else(|| format!("failed otherwise: {}", ran.tail()))
}
