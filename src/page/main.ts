/** The inspection page: a dropped signature and a dropped certificate become claims and a verdict. Nothing is sent. */
import { ConfigurationError, MalformedError, type Refusal, toEngineError } from "../errors.ts";
import {
  decodeEnvelope,
  findAnchorFault,
  inspectEnvelope,
  type Inspection,
  readPayload,
  STRICT,
  verdict,
  type VerificationOutcome,
  verifySignature,
} from "../notary/mod.ts";
import type { Ports } from "../ports.ts";
import { createBrowserPorts } from "../runtime/browser.ts";
import { type Certificate, fingerprint, parseCertificates } from "../x509/mod.ts";
import { drawClaims } from "./claims.ts";
import { byId } from "./dom.ts";
import { MAX_FILE_BYTES, recognise } from "./recognise.ts";
import { count, shown } from "./text.ts";
import { drawUnreadable, drawValidations, drawVerdict } from "./verdict.ts";

/** Files taken at once. */
export const MAX_FILES = 20;

/** What was dropped so far. */
interface State {
  readonly envelope?: { readonly mediaType: string; readonly bytes: Uint8Array };
  readonly certificates: readonly Certificate[];
}

/** What became of an envelope. */
type Examined =
  | { readonly claims: Inspection; readonly outcome: VerificationOutcome; readonly given: ReadonlySet<string> }
  | { readonly unreadable: Refusal };

const ports: Ports = createBrowserPorts();
let state: State = { certificates: [] };
/** Counts examinations, so that a slow one never overwrites the answer to a later one. */
let latest = 0;

async function examine(
  envelopeBytes: NonNullable<State["envelope"]>,
  certificates: readonly Certificate[],
): Promise<Examined> {
  try {
    const envelope = decodeEnvelope(envelopeBytes);
    const [claims, outcome, given] = await Promise.all([
      inspectEnvelope(envelope, ports.crypto),
      // Without a registry there is no artifact to compare with: the envelope's own claim stands in, and is shown as
      // one.
      verifySignature(envelope, readPayload(envelope).targetArtifact, {
        name: certificates.length === 0 ? "this page" : "the certificate you gave",
        level: STRICT,
        // Only who gave a certificate knows what it may vouch for; the result names the instant that counted.
        trustAnchors: { ca: certificates, signingAuthority: certificates },
      }, ports),
      Promise.all(certificates.map((certificate) => fingerprint(certificate, ports.crypto))),
    ]);
    return { claims, outcome, given: new Set(given) };
  } catch (error) {
    return { unreadable: toEngineError(error, "Cannot read the envelope").refusal };
  }
}

async function show(): Promise<void> {
  if (state.envelope === undefined) return;
  const mine = ++latest;
  const { envelope, certificates } = state;
  const examined = await examine(envelope, certificates);
  if (mine !== latest) return;
  draw(examined, certificates.length);
}

function draw(examined: Examined, anchors: number): void {
  const result = byId("result");
  if ("unreadable" in examined) {
    result.replaceChildren(drawUnreadable(examined.unreadable));
  } else {
    const { claims, outcome, given } = examined;
    const found = verdict(outcome);
    result.replaceChildren(
      drawVerdict(outcome, found, anchors),
      drawValidations(outcome),
      drawClaims(claims, found === "verified", given),
    );
  }
  byId("spoken").textContent = result.querySelector("h2")?.textContent ?? "";
}

async function take(files: readonly File[]): Promise<void> {
  const refused: string[] = [];
  const certificates: Certificate[] = [];
  const names: string[] = [];
  if (files.length > MAX_FILES) refused.push(`${files.length} files at once, at most ${MAX_FILES} are taken`);
  for (const file of files.slice(0, MAX_FILES)) {
    try {
      const found = await takeFile(file);
      if (found.length > 0) names.push(file.name);
      certificates.push(...found);
    } catch (error) {
      refused.push(`“${shown(file.name)}”: ${toEngineError(error, "Cannot read the file").message}`);
    }
  }
  if (certificates.length > 0) {
    state = { ...state, certificates };
    choose("certificate", `${shown(names.join(", "))} (${count(certificates.length, "certificate")})`);
  }
  const notice = byId("notice");
  notice.textContent = refused.join("\n");
  notice.hidden = refused.length === 0;
  await show();
}

/**
 * Takes one file: an envelope into the state, certificates to the caller.
 *
 * @throws {EngineError} What it is instead, or what is wrong with it.
 */
async function takeFile(file: File): Promise<readonly Certificate[]> {
  if (file.size > MAX_FILE_BYTES) {
    throw new MalformedError("ERR_TOO_LARGE", `Cannot read it: ${file.size} bytes, at most ${MAX_FILE_BYTES}`);
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  const found = recognise(bytes);
  if (found.kind === "other") {
    const expected = "expected a signature envelope or a certificate";
    throw new MalformedError("ERR_ENVELOPE_FORMAT", `It looks like ${found.looksLike}; ${expected}`);
  }
  if (found.kind === "certificate") return await readAnchors(bytes);
  state = { ...state, envelope: { mediaType: found.mediaType, bytes } };
  choose("envelope", `${shown(file.name)} (${found.mediaType})`);
  return [];
}

/**
 * The certificates of a file, all of which may vouch for signatures.
 *
 * @throws {MalformedError} `ERR_CERTIFICATE`, `ERR_PEM`, `ERR_DER`
 * @throws {ConfigurationError} `ERR_TRUST_STORE`
 */
async function readAnchors(bytes: Uint8Array): Promise<readonly Certificate[]> {
  const certificates = parseCertificates(bytes);
  const fault = await findAnchorFault("ca", certificates, ports.crypto);
  if (fault !== undefined) throw new ConfigurationError("ERR_TRUST_STORE", `Cannot trust it: ${fault.what}`);
  return certificates;
}

function choose(well: "envelope" | "certificate", text: string): void {
  const chosen = byId(`${well}-chosen`);
  chosen.textContent = text;
  chosen.hidden = false;
  byId(`${well}-well`).classList.add("filled");
}

function listen(): void {
  for (const id of ["envelope-file", "certificate-file"]) {
    const input = byId(id) as HTMLInputElement;
    input.addEventListener("change", () => {
      const files = [...input.files ?? []];
      // Choosing the same file again must be a change again.
      input.value = "";
      void take(files);
    });
  }
  // Anywhere on the page: a file dropped beside the well must not make the browser leave.
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dragging");
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) document.body.classList.remove("dragging");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dragging");
    void take([...event.dataTransfer?.files ?? []]);
  });
}

listen();
