//! The table every host runs, and how a case is asked.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use wasmtime::Result;

use crate::host::verifier::{Phase, PolicyFile, SignedArtifact, Subject, Trust, Verdict};
use crate::host::{Descriptor, EdgeNotary, Envelope, Refusal};

const CASE_LIMIT: Duration = Duration::from_secs(20);

/// Runs every case; says which are not as expected. Gives the numbers of those that passed and failed.
pub fn run(root: &Path, notary: &mut EdgeNotary) -> Result<(usize, usize)> {
    let (mut passed, mut failed) = (0, 0);
    for case in read(root)? {
        match check(root, notary, &case)? {
            None => passed += 1,
            Some(found) => {
                failed += 1;
                eprintln!(
                    "{}: {found}, expected {}",
                    text(&case["name"]),
                    case["expected"]
                );
            }
        }
    }
    Ok((passed, failed))
}

/// The rows of the table.
pub fn read(root: &Path) -> Result<Vec<Value>> {
    let tables: Value = serde_json::from_slice(&fs::read(root.join("wasm-host/cases.json"))?)?;
    Ok(tables
        .as_object()
        .into_iter()
        .flat_map(|tables| tables.values())
        .flat_map(list)
        .cloned()
        .collect())
}

/// Asks one case. Gives what was found where it is not as expected.
pub fn check(root: &Path, notary: &mut EdgeNotary, case: &Value) -> Result<Option<String>> {
    notary.set_now(case["at"].as_u64().unwrap_or(0));
    let (verdict, code) = ask(root, notary, case)?;
    let expected = &case["expected"];
    let is_expected = expected["verdict"] == verdict && expected["code"] == code;
    Ok((!is_expected).then(|| format!("{verdict} {code}")))
}

/// What a case comes to: a verdict, and the code of the refusal.
fn ask(root: &Path, notary: &mut EdgeNotary, case: &Value) -> Result<(&'static str, String)> {
    let code = |refusal: Option<Refusal>| refusal.map_or(String::new(), |refusal| refusal.code);
    let read = |name: &Value| fs::read(root.join(text(name)));
    if case["review"].is_string() {
        let source = text(&case["policy"]).to_owned();
        let policies = [PolicyFile {
            text: fs::read_to_string(root.join(&source))?,
            source,
        }];
        let review = fs::read_to_string(root.join(text(&case["review"])))?;
        return Ok(
            match notary.evaluate(&policies, &review, Phase::Mutate, CASE_LIMIT)? {
                Err(refusal) => ("not asked", refusal.code),
                Ok(decision) => {
                    let verdict = if decision.allowed {
                        "allowed"
                    } else {
                        "refused"
                    };
                    (
                        verdict,
                        code(decision.images.into_iter().find_map(|image| image.refusal)),
                    )
                }
            },
        );
    }
    let subject = if case["reference"].is_string() {
        Subject::Reference(text(&case["reference"]).to_owned())
    } else {
        let artifact = &case["artifact"];
        Subject::Envelope(SignedArtifact {
            envelope: Envelope {
                media_type: text(&case["mediaType"]).to_owned(),
                content: read(&case["file"])?,
            },
            artifact: Descriptor {
                media_type: text(&artifact["mediaType"]).to_owned(),
                digest: text(&artifact["digest"]).to_owned(),
                size: artifact["size"].as_u64().unwrap_or(0),
            },
            repository: None,
        })
    };
    let trust = Trust::Certificates(list(&case["trust"]).map(read).collect::<Result<_, _>>()?);
    Ok(match notary.verify(&subject, &trust, CASE_LIMIT)? {
        Err(refusal) => ("not asked", refusal.code),
        Ok(found) => (name_of(found.verdict), code(found.refusal)),
    })
}

fn name_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Verified => "verified",
        Verdict::Failed => "failed",
        Verdict::Inconclusive => "inconclusive",
        Verdict::Skipped => "skipped",
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
