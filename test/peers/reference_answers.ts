/**
 * What the reference implementation says of the rows of our tables: its verifier of envelopes, its rules for chains.
 */
import { peerPaths } from "../../scripts/peers.ts";
import type { Trust } from "../../src/notary/mod.ts";
import type { Descriptor } from "../../src/oci/mod.ts";
import { CHAIN_ROWS } from "../cases/x509/chain_rows.ts";
import { COSE_ROWS, JWS_ROWS, type Row } from "../cases/notary/envelope/rows.ts";
import { artifact, ROW_TRUST, storedOf, TIMELESS_REFUSALS } from "../cases/notary/verify/refusals.ts";
import { mustRun } from "./tools.ts";

/** Its sentence about a row, `null` where it accepts. */
export type Answers = Readonly<Record<string, string | null>>;

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

async function ask(command: "judge" | "chain", questions: readonly { readonly name: string }[]): Promise<Answers> {
  const input = questions.map((question) => `${JSON.stringify(question)}\n`).join("");
  const said = await mustRun(peerPaths().corebench, [command], { input });
  const answers = said.trim().split("\n").map((line) => JSON.parse(line) as { name: string; error: string });
  // Where bytes end depends on the length of signatures, which differs.
  const settled = (error: string) => error === "" ? null : error.replace(/at index \d+$/, "at index N");
  return Object.fromEntries(answers.map(({ name, error }) => [name, settled(error)]));
}

interface Stored {
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly trust: Trust;
  readonly target: Descriptor;
}

const question = ({ name, mediaType, bytes, trust: { trustAnchors }, target }: Stored) => ({
  name,
  mediaType,
  envelope: base64(bytes),
  trustAnchors: {
    ca: trustAnchors.ca.map(({ der }) => base64(der)),
    signingAuthority: trustAnchors.signingAuthority.map(({ der }) => base64(der)),
  },
  artifact: { mediaType: target.mediaType, digest: target.digest, size: target.size },
});

/** Asks its verifier about the rows of one format. */
export function askAboutRows(mediaType: string, rows: readonly Row[]): Promise<Answers> {
  return ask(
    "judge",
    rows.map(([name, , make]) => question({ name, mediaType, bytes: make(), trust: ROW_TRUST, target: artifact })),
  );
}

/** Asks its verifier about the refusals that depend neither on the clock nor on others. */
export function askAboutRefusals(): Promise<Answers> {
  const questions = TIMELESS_REFUSALS.map(({ name, envelope, trust, target = artifact }) => {
    const stored = storedOf.get(envelope());
    if (stored === undefined) throw new Error(`Asking about "${name}": its bytes are not known`);
    return question({ name, ...stored, trust, target });
  });
  return ask("judge", questions);
}

/** Asks its rules for code signing chains about the rows of chains. */
export function askAboutChains(): Promise<Answers> {
  return ask("chain", CHAIN_ROWS.map(({ name, make }) => ({ name, chain: make().map(base64) })));
}

/** Everything above, as it is recorded in `test/vectors`. */
export async function askAboutEverything() {
  return {
    envelopes: {
      "application/jose+json": await askAboutRows("application/jose+json", JWS_ROWS),
      "application/cose": await askAboutRows("application/cose", COSE_ROWS),
    },
    refusals: await askAboutRefusals(),
    chains: await askAboutChains(),
  };
}
