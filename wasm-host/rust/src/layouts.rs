//! OCI image layouts answering as registries do: what `fetch` lends when the cases are run.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use wasmtime::Result;

use crate::host::{Header, Request, Response};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// The fixtures' repositories, whatever the host that is asked.
pub struct Layouts {
    folders: HashMap<String, PathBuf>,
}

impl Layouts {
    pub fn open(fixtures: &Path) -> Result<Self> {
        let repositories = read_json(&fixtures.join("repositories.json"))?;
        let folders = repositories
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| {
                let (_, path) = one["name"].as_str()?.split_once('/')?;
                Some((
                    path.to_owned(),
                    fixtures.join("layouts").join(one["layout"].as_str()?),
                ))
            });
        Ok(Self {
            folders: folders.collect(),
        })
    }

    pub fn answer(&self, request: &Request) -> Response {
        let found = self.find(&request.url);
        let (status, media_type, body) = found.map_or_else(
            || {
                (
                    404,
                    "application/json".to_owned(),
                    br#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#.to_vec(),
                )
            },
            |(media_type, body)| (200, media_type, body),
        );
        let header = |name: &str, value: String| Header {
            name: name.to_owned(),
            value,
        };
        let headers = vec![
            header("content-type", media_type),
            header("content-length", body.len().to_string()),
        ];
        let is_head = matches!(request.method, crate::host::Method::Head);
        Response {
            status,
            headers,
            body: if is_head { Vec::new() } else { body },
        }
    }

    /// The media type and the bytes of `https://HOST/v2/REPOSITORY/{manifests,blobs,referrers}/NAME`.
    fn find(&self, url: &str) -> Option<(String, Vec<u8>)> {
        let (url, query) = url.split_once('?').unwrap_or((url, ""));
        let (_, path) = url.split_once("/v2/")?;
        let (path, name) = path.rsplit_once('/')?;
        let (repository, kind) = path.rsplit_once('/')?;
        let folder = self.folders.get(repository)?;
        let listed = read_json(&folder.join("index.json")).ok()?;
        let listed = listed["manifests"].as_array()?;
        match kind {
            "referrers" => Some((INDEX.to_owned(), referrers(folder, listed, name, query))),
            "blobs" => Some(("application/octet-stream".to_owned(), blob(folder, name)?)),
            _ => {
                let tagged = listed
                    .iter()
                    .find(|one| one["annotations"][REF_NAME] == name);
                let digest = tagged
                    .and_then(|one| one["digest"].as_str())
                    .unwrap_or(name);
                let body = blob(folder, digest)?;
                let entry = listed.iter().find(|one| one["digest"] == digest);
                let media_type = entry
                    .and_then(|one| one["mediaType"].as_str())
                    .map(str::to_owned);
                let own = || {
                    serde_json::from_slice::<Value>(&body).ok()?["mediaType"]
                        .as_str()
                        .map(str::to_owned)
                };
                Some((media_type.or_else(own)?, body))
            }
        }
    }
}

fn referrers(folder: &Path, listed: &[Value], subject: &str, query: &str) -> Vec<u8> {
    let wanted = query
        .strip_prefix("artifactType=")
        .map(|value| value.replace("%2F", "/").replace("%2B", "+"));
    let manifests: Vec<Value> = listed
        .iter()
        .filter_map(|one| {
            let manifest: Value = serde_json::from_slice(&blob(folder, one["digest"].as_str()?)?).ok()?;
            let own = manifest["artifactType"].as_str().filter(|name| !name.is_empty());
            let artifact_type = own.or_else(|| manifest["config"]["mediaType"].as_str());
            let matches = manifest["subject"]["digest"] == subject
                && wanted.as_deref().is_none_or(|wanted| artifact_type == Some(wanted));
            matches.then(|| {
                let (media_type, digest, size) = (&one["mediaType"], &one["digest"], &one["size"]);
                json!({ "mediaType": media_type, "digest": digest, "size": size, "artifactType": artifact_type })
            })
        })
        .collect();
    json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests })
        .to_string()
        .into_bytes()
}

/// A blob by its digest; nothing for a name that is none.
fn blob(folder: &Path, digest: &str) -> Option<Vec<u8>> {
    let (algorithm, digits) = digest.split_once(':')?;
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    fs::read(folder.join("blobs").join(algorithm).join(digits)).ok()
}

fn read_json(path: &Path) -> Result<Value> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}
