//! Runs wasm-host/cases.json through the component; ends with 0 only when every answer is as expected.
//!
//!     npm run wasm -- rust
//!
//! `--times N` measures instead, and prints one line of JSON.

mod cases;
mod host;
mod layouts;
mod measure;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use wasmtime::Result;

/// The checkout's folder: paths in the table of cases are below it.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn run() -> Result<bool> {
    let root = root();
    let layouts = layouts::Layouts::open(&root.join("test/fixtures"))?;
    let started = Instant::now();
    let fetch = Box::new(move |request: &host::Request, _left| Ok(layouts.answer(request)));
    let mut notary = host::EdgeNotary::open(&root.join("dist/edge-notary.wasm"), fetch)?;
    let mut arguments = std::env::args()
        .skip_while(|argument| argument != "--times")
        .skip(1);
    if let Some(times) = arguments.next() {
        println!(
            "{}",
            measure::run(&root, &mut notary, times.parse()?, started.elapsed())?
        );
        return Ok(true);
    }
    let (passed, failed) = cases::run(&root, &mut notary)?;
    println!("rust: {passed} passed, {failed} failed");
    Ok(passed > 0 && failed == 0)
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("Cannot run the cases: {error:?}");
            ExitCode::FAILURE
        }
    }
}
