"""OCI image layouts answering as registries do: what `fetch` lends when the cases are run."""

import json
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

INDEX = "application/vnd.oci.image.index.v1+json"
REF_NAME = "org.opencontainers.image.ref.name"


class Layouts:
    """The fixtures' repositories, whatever the host that is asked."""

    def __init__(self, fixtures: Path) -> None:
        repositories = json.loads((fixtures / "repositories.json").read_text())
        self._folders = {one["name"].split("/", 1)[1]: fixtures / "layouts" / one["layout"] for one in repositories}

    def answer(self, method: str, url: str) -> tuple[int, list[tuple[str, str]], bytes]:
        """Status, headers and body of a request."""
        parts = urlsplit(url)
        path = [unquote(part) for part in parts.path.split("/")]
        folder = self._folders.get("/".join(path[2:-2]))
        if folder is None or path[:2] != ["", "v2"]:
            return 404, [], b""
        kind, name = path[-2:]
        if kind == "referrers":
            wanted = parse_qs(parts.query).get("artifactType", [None])[0]
            status, media_type, body = 200, INDEX, self._referrers(folder, name, wanted)
        elif kind == "blobs":
            status, media_type, body = self._blob(folder, name, "application/octet-stream")
        else:
            listed = json.loads((folder / "index.json").read_text())["manifests"]
            digest = next((one["digest"] for one in listed if one.get("annotations", {}).get(REF_NAME) == name), name)
            types = {one["digest"]: one["mediaType"] for one in listed}
            status, media_type, body = self._blob(folder, digest, types.get(digest))
        headers = [("content-type", media_type), ("content-length", str(len(body)))]
        return status, headers, b"" if method == "head" else body

    @staticmethod
    def _blob(folder: Path, digest: str, media_type: str | None) -> tuple[int, str, bytes]:
        algorithm, _, digits = digest.partition(":")
        file = folder / "blobs" / algorithm / digits
        if not digits.isalnum() or not file.is_file():
            return 404, "application/json", b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}'
        body = file.read_bytes()
        return 200, media_type or json.loads(body)["mediaType"], body

    @staticmethod
    def _referrers(folder: Path, subject: str, wanted: str | None) -> bytes:
        referrers = []
        for one in json.loads((folder / "index.json").read_text())["manifests"]:
            manifest = json.loads((folder / "blobs" / one["digest"].replace(":", "/")).read_text())
            artifact_type = manifest.get("artifactType") or manifest.get("config", {}).get("mediaType")
            if manifest.get("subject", {}).get("digest") == subject and wanted in (None, artifact_type):
                descriptor = {key: one[key] for key in ("mediaType", "digest", "size")}
                referrers.append(descriptor | {"artifactType": artifact_type})
        return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": referrers}).encode()
