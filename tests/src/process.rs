//! What a process costs, as Linux counts it.

use std::fs;

/// Kernel ticks in a second, as `/proc` counts them on every Linux.
const TICKS_PER_SECOND: u64 = 100;

/// Milliseconds of CPU that a process has used; none where it is gone.
pub fn cpu_ms(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold spaces; after it come state, …, utime, stime.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
    Some((ticks(11)? + ticks(12)?) * 1_000 / TICKS_PER_SECOND)
}

/// Bytes of memory that a process holds; none where it is gone.
pub fn resident_bytes(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1_024)
}
