/** An authority whose OCSP responses and CRLs the real openssl makes, and a place on loopback to serve them from. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatPem } from "../../src/encoding/mod.ts";
import type { Key } from "../run/certificate_maker.ts";
import { mustRun } from "./tools.ts";

/** One certificate the authority knows of; a serial number that no line has is unknown to it. */
export interface Line {
  readonly serialNumber: readonly number[];
  /** Valid when left out. */
  readonly revokedAt?: Date;
  /** As openssl calls it: `keyCompromise`, `certificateHold`, `removeFromCRL` … */
  readonly reason?: string;
}

export interface OcspOptions {
  readonly lines: readonly Line[];
  /** Who signs in the authority's place. */
  readonly signer?: { readonly certificate: Uint8Array; readonly key: Key };
  /** Says until when the response may be believed; left out, the response does not say it. */
  readonly minutes?: number;
  /** More flags of `openssl ocsp`. */
  readonly flags?: readonly string[];
}

export interface CrlOptions {
  readonly lines: readonly Line[];
  readonly number?: number;
  /** Lines of openssl's configuration. */
  readonly extensions?: readonly string[];
  readonly thisUpdate?: Date;
  readonly nextUpdate?: Date;
}

export interface OpensslAuthority {
  /** @param request DER. @returns DER. */
  readonly ocsp: (request: Uint8Array, options: OcspOptions) => Promise<Uint8Array>;
  /** @returns DER. */
  readonly crl: (options: CrlOptions) => Promise<Uint8Array>;
}

const digits = (at: Date) => `${at.toISOString().replace(/[-:T]|\.\d+/g, "")}`;
/** As openssl's database has it. */
const shortDigits = (at: Date) => digits(at).slice(2);
const pemOf = (key: Key) => key.privateKey.export({ type: "pkcs8", format: "pem" });

function database(lines: readonly Line[]): string {
  return lines.map(({ serialNumber, revokedAt, reason }) => {
    const serial = Buffer.from(serialNumber).toString("hex").toUpperCase();
    const since = revokedAt === undefined ? "" : shortDigits(revokedAt) + (reason === undefined ? "" : `,${reason}`);
    return [revokedAt === undefined ? "V" : "R", "490101000000Z", since, serial, "unknown", `/CN=${serial}`].join("\t");
  }).map((line) => `${line}\n`).join("");
}

/** @param folder Made, and kept to: every question gets a folder of its own in it. */
export function createAuthority(folder: string, certificate: Uint8Array, key: Key): OpensslAuthority {
  let count = 0;
  const open = (lines: readonly Line[]) => {
    const own = join(folder, String(++count));
    mkdirSync(own, { recursive: true });
    const write = (name: string, content: string | Uint8Array | Buffer) => {
      writeFileSync(join(own, name), content);
      return join(own, name);
    };
    write("index", database(lines));
    write("index.attr", "unique_subject = no\n");
    write("ca.pem", formatPem("CERTIFICATE", certificate));
    write("ca.key", pemOf(key));
    return { path: (name: string) => join(own, name), write };
  };
  return {
    async ocsp(request, { lines, signer, minutes, flags = [] }) {
      const { path, write } = open(lines);
      const by = signer === undefined ? [path("ca.pem"), path("ca.key")] : [
        write("signer.pem", formatPem("CERTIFICATE", signer.certificate)),
        write("signer.key", pemOf(signer.key)),
      ];
      const end = minutes === undefined ? [] : ["-nmin", String(minutes)];
      await mustRun("openssl", [
        ...["ocsp", "-index", path("index"), "-CA", path("ca.pem")],
        ...["-rsigner", by[0] as string, "-rkey", by[1] as string],
        ...["-reqin", write("request", request), "-respout", path("response"), ...end, ...flags],
      ]);
      return new Uint8Array(readFileSync(path("response")));
    },
    async crl({ lines, number = 5, extensions = [], thisUpdate, nextUpdate }) {
      const { path, write } = open(lines);
      write("number", `${number.toString(16).padStart(2, "0")}\n`);
      const config = write(
        "ca.cnf",
        [
          "[ca]",
          "default_ca = authority",
          "[authority]",
          `database = ${path("index")}`,
          `crlnumber = ${path("number")}`,
          `certificate = ${path("ca.pem")}`,
          `private_key = ${path("ca.key")}`,
          "default_md = sha256",
          "default_crl_days = 1",
          "crl_extensions = extensions",
          "[extensions]",
          ...extensions,
          "",
        ].join("\n"),
      );
      await mustRun("openssl", [
        ...["ca", "-gencrl", "-config", config, "-out", path("crl.pem")],
        ...(thisUpdate === undefined ? [] : ["-crl_lastupdate", digits(thisUpdate)]),
        ...(nextUpdate === undefined ? [] : ["-crl_nextupdate", digits(nextUpdate)]),
      ]);
      await mustRun("openssl", ["crl", "-in", path("crl.pem"), "-outform", "DER", "-out", path("crl")]);
      return new Uint8Array(readFileSync(path("crl")));
    },
  };
}

/** Answers what is asked at one path; `question` is an OCSP request, empty for a CRL. */
export type Handler = (question: Uint8Array, response: ServerResponse) => Promise<Uint8Array | undefined>;

export interface Place {
  /** `http://127.0.0.1:PORT` */
  readonly base: string;
  readonly port: number;
  /** Serves what is below a path; any other path is 404. */
  readonly serve: (path: string, handler: Handler) => void;
  /** What went wrong here, so that nobody takes it for a scene. */
  readonly failures: readonly unknown[];
  /** Ends every connection, too. */
  readonly close: () => Promise<void>;
}

/** Opens a place on loopback. */
export async function openPlace(): Promise<Place> {
  const handlers = new Map<string, Handler>();
  const failures: unknown[] = [];
  const server: Server = createServer((request, response) => {
    answer(request, response, handlers).catch((error: unknown) => {
      failures.push(error);
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  return {
    base: `http://127.0.0.1:${port}`,
    port,
    failures,
    serve: (path, handler) => void handlers.set(path, handler),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handlers: ReadonlyMap<string, Handler>,
): Promise<void> {
  const url = request.url ?? "";
  const path = [...handlers.keys()].find((known) => url === known || url.startsWith(`${known}/`));
  const handler = path === undefined ? undefined : handlers.get(path);
  if (path === undefined || handler === undefined) {
    response.writeHead(404).end("nothing here");
    return;
  }
  const parts: Uint8Array[] = [];
  for await (const part of request) parts.push(part as Uint8Array);
  // By GET an OCSP request is the rest of the path, base64 (RFC 6960, appendix A.1).
  const question = request.method === "POST"
    ? Buffer.concat(parts)
    : Buffer.from(decodeURIComponent(url.slice(path.length + 1)), "base64");
  const bytes = await handler(new Uint8Array(question), response);
  if (bytes !== undefined) response.writeHead(200).end(bytes);
}
