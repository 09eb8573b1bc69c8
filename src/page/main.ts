/** The inspection page: a dropped signature and a dropped certificate become claims and a verdict. Nothing is sent. */
import { type Refusal, toEngineError } from "../errors.ts";
import {
  decodeEnvelope,
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
  | { readonly claims: Inspection; readonly outcome: VerificationOutcome; readonly trusted: ReadonlySet<string> }
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
    const [claims, outcome, trusted] = await Promise.all([
      inspectEnvelope(envelope, ports.crypto),
      // Without a registry there is no artifact to compare with: the envelope's own claim stands in, and is shown as one.
      verifySignature(envelope, readPayload(envelope).targetArtifact, {
        name: "the certificate you gave",
        level: STRICT,
        trustAnchors: { ca: certificates, signingAuthority: [] },
      }, ports),
      Promise.all(certificates.map((certificate) => fingerprint(certificate, ports.crypto))),
    ]);
    return { claims, outcome, trusted: new Set(trusted) };
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
  const drawn = "unreadable" in examined ? [drawUnreadable(examined.unreadable)] : [
    drawVerdict(examined.outcome, verdict(examined.outcome), certificates.length),
    drawValidations(examined.outcome),
    ...drawClaims(examined.claims, examined.trusted),
  ];
  byId("result").replaceChildren(...drawn);
}

async function take(files: readonly File[]): Promise<void> {
  const refused: string[] = [];
  if (files.length > MAX_FILES) refused.push(`${files.length} files at once, at most ${MAX_FILES}`);
  for (const file of files.slice(0, MAX_FILES)) {
    const reason = await takeFile(file).catch((error: unknown) => toEngineError(error, "Cannot read the file").message);
    if (reason !== undefined) refused.push(`“${shown(file.name)}”: ${shown(reason)}`);
  }
  const notice = byId("notice");
  notice.textContent = refused.join("\n");
  notice.hidden = refused.length === 0;
  await show();
}

/** Takes one file into the state, or says why not. */
async function takeFile(file: File): Promise<string | undefined> {
  if (file.size > MAX_FILE_BYTES) return `${file.size} bytes, at most ${MAX_FILE_BYTES}`;
  const bytes = new Uint8Array(await file.arrayBuffer());
  const found = recognise(bytes);
  if (found.kind === "other") return `it looks like ${found.looksLike}; expected a signature envelope or a certificate`;
  if (found.kind === "envelope") {
    state = { ...state, envelope: { mediaType: found.mediaType, bytes } };
    choose("envelope", `${shown(file.name)} (${found.mediaType})`);
    return undefined;
  }
  const certificates = parseCertificates(bytes);
  state = { ...state, certificates };
  choose("certificate", `${shown(file.name)} (${count(certificates.length, "certificate")})`);
  return undefined;
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
