//! Saved means saved: the answer comes after the log's sync, a killed process loses
//! nothing that it answered for, and a full disk is an error before "saved".

#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use palier_tests::{Person, Running, binary, until};
use tempfile::TempDir;

/// How often the process is killed here; `PALIER_TEST_KILLS=200` is the whole proof.
const KILLS: usize = 20;
/// Set in CI where a skipped test would look like a passed one.
const REQUIRED: &str = "PALIER_REQUIRE_SAVED";

fn founder(root: &Path, name: &str) -> Option<Person> {
    binary()?;
    let anna = Person::init(root, name)?;
    anna.must(&["hood", "found", "Ici"]);
    Some(anna)
}

fn skipped(why: &str) {
    assert!(std::env::var_os(REQUIRED).is_none(), "{REQUIRED} is set, but: {why}");
    eprintln!("SKIPPED: {why}");
}

/// What a traced process did, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Did {
    /// Wrote into a write-ahead log.
    Wrote,
    /// Made a write-ahead log firm: the call came back.
    Synced,
    /// Said "saved".
    Answered,
}

/// Reads what `strace -f -y` wrote.
fn deeds(trace: &str) -> Vec<Did> {
    let mut syncing: BTreeSet<&str> = BTreeSet::new();
    let mut deeds = Vec::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        let is_sync = call.starts_with("fsync(") || call.starts_with("fdatasync(");
        if is_sync && call.contains("-wal>") {
            if call.contains("unfinished") {
                syncing.insert(thread);
            } else {
                deeds.push(Did::Synced);
            }
        } else if call.contains("sync resumed>") && syncing.remove(thread) {
            deeds.push(Did::Synced);
        } else if call.starts_with("pwrite64(") && call.contains("-wal>") {
            deeds.push(Did::Wrote);
        } else if call.contains("saved\\\":true") || call.contains("saved\\\": true") {
            deeds.push(Did::Answered);
        }
    }
    deeds
}

/// The same person with commands under strace; none, said loudly, where that is not to
/// be had.
fn traced(person: &Person, trace: &str) -> Option<Person> {
    let calls = "trace=fsync,fdatasync,pwrite64,write,writev,sendto,sendmsg";
    let words = ["strace", "-f", "-A", "-qq", "-y", "-s", "300", "-e", calls, "-o", trace];
    let tried = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    if tried.is_ok_and(|status| status.success()) {
        let mut traced = person.clone();
        traced.way = words.map(str::to_owned).to_vec();
        return Some(traced);
    }
    skipped("processes cannot be traced here; needs strace and the right to trace");
    None
}

#[test]
fn a_write_is_answered_after_the_sync_of_its_log() {
    let root = TempDir::new().unwrap();
    let Some(anna) = founder(root.path(), "anna") else { return };
    let file = root.path().join("trace");
    let Some(traced) = traced(&anna, file.to_str().unwrap()) else { return };
    let answer = traced.say(&["--offline", "listing", "add", "tool", "--title", "Drill"]);
    assert_eq!((answer.exit, &answer.json["saved"]), (0, &true.into()));
    let deeds = deeds(&fs::read_to_string(&file).unwrap());
    let answered = deeds.iter().position(|did| *did == Did::Answered).expect("it answered");
    let wrote = deeds[..answered].iter().rposition(|did| *did == Did::Wrote).expect("it wrote");
    // Closing the home writes the log back, which syncs it once more.
    assert!(deeds[wrote..answered].contains(&Did::Synced), "{deeds:?}");
}

/// The process that a tracer runs.
fn tracee(tracer: &Running) -> Pid {
    let id = tracer.pid();
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    Pid::from_raw(children.split_whitespace().next().unwrap().parse().unwrap())
}

#[test]
fn a_running_node_syncs_once_for_each_write_before_it_answers() {
    const WRITES: usize = 10;
    let root = TempDir::new().unwrap();
    let Some(anna) = founder(root.path(), "anna") else { return };
    let file = root.path().join("trace");
    let Some(traced) = traced(&anna, file.to_str().unwrap()) else { return };
    let running = traced.run(&[]);
    for n in 0..WRITES {
        let title = format!("Tool {n}");
        let answer = anna.must(&["listing", "add", "tool", "--title", &title]);
        assert_eq!(answer.json["saved"], true);
    }
    kill(tracee(&running), Signal::SIGKILL).unwrap();
    until("the trace is whole", || fs::read_to_string(&file).unwrap().contains("killed by"));
    drop(running);
    let deeds = deeds(&fs::read_to_string(&file).unwrap());
    let answers: Vec<usize> = (0..deeds.len()).filter(|at| deeds[*at] == Did::Answered).collect();
    assert_eq!(answers.len(), WRITES);
    // Up to the first answer there is also what the start writes.
    for pair in answers.windows(2) {
        let between = &deeds[pair[0] + 1..pair[1]];
        let synced = between.iter().filter(|did| **did == Did::Synced).count();
        assert_eq!((synced, between.last()), (1, Some(&Did::Synced)), "{between:?}");
    }
}

/// Titles of all listings, by id.
fn listed(person: &Person) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut after = String::new();
    loop {
        let mut words = vec!["listing", "list", "--limit", "1000"];
        if !after.is_empty() {
            words.extend(["--after", after.as_str()]);
        }
        let part = person.must(&words).json;
        for item in part["items"].as_array().unwrap() {
            let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
            all.insert(text("id"), text("title"));
        }
        match part["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => return all,
        }
    }
}

#[test]
fn kill_nine_in_the_middle_of_writes_loses_nothing_that_was_answered() {
    let given = std::env::var("PALIER_TEST_KILLS").ok().and_then(|it| it.parse().ok());
    let kills: usize = given.unwrap_or(KILLS);
    let root = TempDir::new().unwrap();
    let Some(anna) = founder(root.path(), "anna") else { return };
    let saved: Mutex<BTreeMap<String, String>> = Mutex::default();
    for round in 0..kills {
        let running = anna.run(&[]);
        let (stop, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
        std::thread::scope(|threads| {
            for writer in 0..2 {
                let (anna, saved, stop, answered) = (&anna, &saved, &stop, &answered);
                threads.spawn(move || {
                    for n in 0.. {
                        if stop.load(SeqCst) {
                            return;
                        }
                        let title = format!("{round} {writer} {n}");
                        let answer = anna.say(&["listing", "add", "tool", "--title", &title]);
                        if answer.exit == 0 && answer.json["saved"] == true {
                            saved.lock().unwrap().insert(answer.text("id"), title);
                            answered.fetch_add(1, SeqCst);
                        }
                    }
                });
            }
            until("something was answered", || answered.load(SeqCst) > round % 4);
            // Another moment of the writes under way each time.
            std::thread::sleep(Duration::from_millis((round * 37 % 50) as u64));
            running.kill();
            stop.store(true, SeqCst);
        });
    }
    let all = listed(&anna);
    let saved = saved.into_inner().unwrap();
    let lost: Vec<_> = saved.iter().filter(|(id, title)| all.get(*id) != Some(title)).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), saved.len());
    let doctor = anna.must(&["--offline", "doctor"]).json;
    assert_eq!(doctor["ok"], true, "{doctor}");
    eprintln!("{kills} kills, {} writes answered, {} listed, none lost", saved.len(), all.len());
}

/// A file system of 8 MiB that only the processes in a mount namespace see. It is gone
/// with the value.
struct SmallDisk {
    keeper: Child,
    dir: PathBuf,
    pid: String,
}

impl SmallDisk {
    fn at(dir: &Path) -> Option<Self> {
        fs::create_dir_all(dir).unwrap();
        let script = "mount -t tmpfs -o size=8m palier \"$1\" && echo ready && cat";
        let mut keeper = Command::new("unshare")
            .args(["-m", "sh", "-c", script, "sh"])
            .arg(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut line = String::new();
        BufReader::new(keeper.stdout.take()?).read_line(&mut line).ok()?;
        if line.trim() != "ready" {
            let _ = keeper.wait();
            skipped("no small disk can be mounted here; needs root and unshare");
            return None;
        }
        let pid = keeper.id().to_string();
        Some(Self { keeper, dir: dir.to_owned(), pid })
    }

    /// The words that put a command where the disk is seen.
    fn inside(&self) -> [&str; 6] {
        ["nsenter", "-t", &self.pid, "-m", "--wd=/", "--"]
    }

    /// A file on it, as seen from here.
    fn file(&self, name: &str) -> PathBuf {
        let dir = self.dir.strip_prefix("/").unwrap();
        Path::new("/proc").join(&self.pid).join("root").join(dir).join(name)
    }

    /// Fills it to the last byte.
    fn fill(&self) {
        let mut filler = fs::File::create(self.file("filler")).unwrap();
        for part in [64 << 10, 4 << 10, 64, 1] {
            while filler.write_all(&vec![7; part]).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.file("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

/// Writes until the disk is full: how it ended, and what was saved before.
fn write_until_refused(anna: &Person, saved: &mut Vec<String>) {
    let text = "x".repeat(3_000);
    for n in 0..200 {
        let title = format!("Tool {}", saved.len());
        let words = ["listing", "add", "tool", "--title", &title, "--text", &text];
        let answer = anna.say(&words);
        if answer.exit == 0 {
            assert_eq!(answer.json["saved"], true);
            saved.push(title);
            continue;
        }
        assert_eq!((answer.exit, answer.json["error"]["code"].as_str()), (8, Some("storage.full")));
        assert!(answer.json["saved"].is_null());
        eprintln!("refused after {n} more writes");
        return;
    }
    panic!("a full disk takes writes for ever");
}

#[test]
fn a_full_disk_is_said_before_saved_and_work_goes_on_when_there_is_room() {
    if binary().is_none() {
        return;
    }
    let root = TempDir::new().unwrap();
    let Some(disk) = SmallDisk::at(&root.path().join("disk")) else { return };
    let mut anna = Person::at(root.path(), "anna").unwrap();
    anna.home = disk.dir.join("anna");
    anna.way = disk.inside().map(str::to_owned).to_vec();
    anna.must(&["init", "--name", "anna"]);
    anna.must(&["hood", "found", "Ici"]);
    let mut saved = Vec::new();
    let assert_all_listed = |saved: &[String]| {
        let list = anna.must(&["listing", "list", "--limit", "1000"]);
        let items = list.json["items"].as_array().unwrap();
        let mut titles: Vec<_> = items.iter().filter_map(|item| item["title"].as_str()).collect();
        titles.sort_unstable();
        let mut saved: Vec<_> = saved.iter().map(String::as_str).collect();
        saved.sort_unstable();
        assert_eq!(titles, saved, "what was saved, and nothing that was refused");
    };
    // Each command by itself.
    disk.fill();
    write_until_refused(&anna, &mut saved);
    disk.make_room();
    assert_all_listed(&saved);
    anna.must(&["listing", "add", "tool", "--title", "Room again"]);
    saved.push("Room again".to_owned());

    // A node that is up while the disk fills and empties.
    let running = anna.run(&[]);
    disk.fill();
    write_until_refused(&anna, &mut saved);
    assert_all_listed(&saved);
    disk.make_room();
    anna.must(&["listing", "add", "tool", "--title", "Once more"]);
    saved.push("Once more".to_owned());
    assert_all_listed(&saved);
    drop(running);
    assert_all_listed(&saved);
    assert_eq!(anna.must(&["--offline", "doctor"]).json["ok"], true);
}
