//! How long questions take and how much memory the process had at most.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wasmtime::{Result, bail};

use crate::cases;
use crate::host::EdgeNotary;

/// The beginnings of the names of the cases that are measured, as in wasm-host/node/measure.ts.
const MEASURED: [&str; 4] = [
    "jws-rsa-2048-self",
    "cose-p-256-self",
    "ghcr.io/kyverno/test-verify-image:signed",
    "examples/signed-pod.json by examples/check-image-notary.yaml",
];

/// Asks each measured case so many times.
pub fn run(root: &Path, notary: &mut EdgeNotary, times: usize, start: Duration) -> Result<Value> {
    let table = cases::read(root)?;
    let mut first = None;
    let mut medians = Vec::new();
    for name in MEASURED {
        let Some(case) = table.iter().find(|case| {
            case["name"]
                .as_str()
                .is_some_and(|one| one.starts_with(name))
        }) else {
            bail!("no case is named {name}");
        };
        let mut taken = Vec::new();
        for _ in 0..times {
            let started = Instant::now();
            if let Some(found) = cases::check(root, notary, case)? {
                bail!("{name}: {found}, expected {}", case["expected"]);
            }
            taken.push(milliseconds(started.elapsed()));
        }
        first = first.or(taken.first().copied());
        taken.sort_by(f64::total_cmp);
        medians.push(taken[times / 2]);
    }
    Ok(json!({
        "startMilliseconds": milliseconds(start),
        "firstMilliseconds": first,
        "medianMilliseconds": medians,
        "peakBytes": peak_bytes().unwrap_or(0),
    }))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The most memory this process had; known on Linux alone.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim()
        .strip_suffix(" kB")?
        .parse::<u64>()
        .ok()
        .map(|kilobytes| kilobytes * 1024)
}
