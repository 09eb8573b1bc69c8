/**
 * What the engine may ask of the outside world; types only.
 *
 * Each function asks for the part it uses, so a signature tells its effects: `Pick<Ports, "fetch" | "now">`. Bytes, text
 * and instants cross a port, never domain values: an adapter needs to know nothing about signatures. Adapters live in
 * `runtime/`, the two crypto providers in `crypto/`.
 */

/** One HTTP request. Redirects are never followed by the port: `oci/client.ts` follows them itself. */
export interface FetchInit {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** `manual` on every runtime but the browser, where `fetch` follows by itself and only anonymous requests are made. */
  readonly redirect: "manual" | "follow";
  readonly signal: AbortSignal;
  /** What is sent, and what is answered with status 200, is a secret, such as a token: nobody writes it down. */
  readonly confidential?: true;
  /**
   * `public` where somebody outside chose the host: a runtime that resolves names itself (Node) then looks at every
   * address, rejects with `AddressError` where one is not public, and connects to one it looked at. Others cannot.
   */
  readonly reach?: "public";
}

/** Hash algorithms of the OCI image specification and of the Notary Project. */
export type HashAlgorithm = "sha256" | "sha384" | "sha512";

/**
 * Hash algorithms a provider computes. SHA-1 only names certificates and keys where RFC 6960 asks for it; no digest,
 * signature or fingerprint is made with it.
 */
export type DigestAlgorithm = HashAlgorithm | "sha1";

/**
 * Signature algorithms a certificate or an envelope may carry. `RSASSA-PSS-*` have a salt as long as the hash;
 * `RSASSA-PKCS1-v1_5-*` occur in certificates only.
 */
export type SignatureAlgorithm =
  | "RSASSA-PSS-SHA-256"
  | "RSASSA-PSS-SHA-384"
  | "RSASSA-PSS-SHA-512"
  | "RSASSA-PKCS1-v1_5-SHA-256"
  | "RSASSA-PKCS1-v1_5-SHA-384"
  | "RSASSA-PKCS1-v1_5-SHA-512"
  | "ECDSA-SHA-256"
  | "ECDSA-SHA-384"
  | "ECDSA-SHA-512";

/** Named curves (SEC 2 names in brackets: secp256r1, secp384r1, secp521r1). */
export type Curve = "P-256" | "P-384" | "P-521";

/** A public key as the provider takes it. Providers may keep an imported key per object, so pass the same object again. */
export interface PublicKey {
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly type: "RSA" | "EC";
  /** Set exactly when `type` is `EC`. */
  readonly curve?: Curve;
  /** Bits of the modulus, or of the curve's field. */
  readonly sizeBits: number;
}

/** Cryptographic primitives: keys as SPKI DER, ECDSA signatures as r‖s of twice the field's length. */
export interface CryptoProvider {
  readonly name: string;
  digest(algorithm: DigestAlgorithm, data: Uint8Array): Promise<Uint8Array>;
  /**
   * @returns Whether the signature fits. `false` is an answer about the signature only.
   * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE` when this runtime lacks the algorithm: never "invalid".
   */
  verify(
    algorithm: SignatureAlgorithm,
    key: PublicKey,
    signature: Uint8Array,
    data: Uint8Array,
  ): Promise<boolean>;
}

/** Keys that may sign envelopes, as notation and its plugin protocol name them. */
export type KeySpec = "RSA-2048" | "RSA-3072" | "RSA-4096" | "EC-256" | "EC-384" | "EC-521";

/** What a signing key is, and the certificates that vouch for it. */
export interface SigningKey {
  readonly keySpec: KeySpec;
  /** DER of each certificate, leaf first, root last. */
  readonly certificateChain: readonly Uint8Array[];
}

/**
 * A key that signs without being seen: on this machine, in a key service, behind HTTP. The same two questions as the
 * raw signature generators of notation's plugin protocol are asked.
 */
export interface SignatureProvider {
  /** Told once per signature, before {@link sign}. */
  describeKey(options: { readonly signal: AbortSignal }): Promise<SigningKey>;
  /**
   * @param payload The bytes to sign, not their digest. The key decides how: RSA by RSASSA-PSS with a salt as long as the
   * hash, EC by ECDSA; SHA-256 for `RSA-2048` and `EC-256`, SHA-384 for `RSA-3072` and `EC-384`, SHA-512 for the others.
   * @returns RSA: the signature as is; ECDSA: r‖s, each as long as the curve's field.
   */
  sign(payload: Uint8Array, options: { readonly signal: AbortSignal }): Promise<Uint8Array>;
}

/**
 * What proves to a registry who asks. `source` says where it was found, in words safe to print that fit into "asked with
 * …": `"auths" of Docker's configuration "config.json"`.
 */
export type Credential = { readonly source: string } & CredentialProof;

/** What is shown to the registry. */
export type CredentialProof =
  | { readonly type: "basic"; readonly username: string; readonly secret: string }
  /** Exchanged for tokens at the registry's token endpoint (OAuth2, RFC 6749, section 6). */
  | { readonly type: "identityToken"; readonly token: string; readonly username?: string }
  /** Sent as bearer token as it is. */
  | { readonly type: "registryToken"; readonly token: string }
  /** Nothing; `source` says why: `Secret "apps/regcred": there is none`. */
  | { readonly type: "anonymous" };

/** What credentials are wanted for. */
export interface CredentialQuestion {
  /** Registry host with port where it has one, lower case: `ghcr.io`, `127.0.0.1:5000`; Docker Hub is `docker.io`. */
  readonly host: string;
  /** Path of the repository: `kyverno/test-verify-image`. */
  readonly repository: string;
}

/**
 * Credentials for a repository; `undefined` means anonymous. It is asked before each request to a registry that is known
 * to want to know who asks, so what takes long is to be kept by the source.
 *
 * @throws {EngineError} When the credentials that there are cannot be had: the request then fails with it.
 */
export type CredentialSource = (
  asked: CredentialQuestion,
  options: CredentialOptions,
) => Promise<Credential | undefined>;

/** What bounds the search for credentials. */
export interface CredentialOptions {
  readonly signal: AbortSignal;
  /** Takes one request off those the decision may make: called before each that a source makes, and its answer after it. */
  readonly budget?: { readonly take: (action: string, signal: AbortSignal) => Promise<() => void> };
}

/** Bytes kept under a name for a while. What was kept may be gone at any time; what was never kept is never given. */
export interface Cache {
  /** @returns `undefined` when there is nothing under the key any more. */
  readonly get: (key: string) => Promise<Uint8Array | undefined>;
  /** @param lifetimeSeconds After it the bytes are not given any more; more than 0. */
  readonly set: (key: string, bytes: Uint8Array, lifetimeSeconds: number) => Promise<void>;
}

/**
 * A place outside of this process that keeps bytes, such as Redis: anybody may have written what it gives, and it may be
 * slow, gone or wrong. `cache/mod.ts` makes of it a {@link Cache} that can be used.
 */
export interface OutsideStore extends Cache {
  /** How messages and log lines call it; never with a secret. */
  readonly name: string;
  /** Resolves once nothing of it keeps the process any more. */
  readonly close: () => Promise<void>;
}

/** What an {@link OutsideStore} is opened with. */
export interface StoreOptions {
  /** What has more bytes is as good as not there: no more of it is read. */
  readonly maxBytes: number;
  /** Where the store asks for a password that its address does not say. */
  readonly password?: string;
}

/** Which objects of a Kubernetes API server are meant. */
export interface ClusterKind {
  /** `v1`, `apps/v1`. */
  readonly apiVersion: string;
  /** `ConfigMap`. */
  readonly kind: string;
}

/** What a Kubernetes API server may be asked: objects as JSON, read only. */
export interface Cluster {
  /**
   * @param object `namespace` is `""` for cluster-scoped objects.
   * @returns The object; `undefined` when the server says that there is none.
   * @throws {UnavailableError} `ERR_CLUSTER` when the server cannot be asked, `ERR_DEADLINE` when the signal aborts.
   * @throws {ConfigurationError} `ERR_CLUSTER_FORBIDDEN` when it does not answer this account, `ERR_CLUSTER_PATH` for a
   * name, path or selector that Kubernetes does not have, `ERR_TOO_LARGE` for more than can be read.
   */
  readonly get: (
    object: ClusterKind & { readonly namespace: string; readonly name: string },
    options: { readonly signal: AbortSignal },
  ) => Promise<unknown>;
  /**
   * @param objects `namespace` is `""` for all namespaces; `labelSelector` as the API takes it (`app=web,tier!=db`).
   * @returns The objects, every page of them, bounded.
   * @throws As {@link get}.
   */
  readonly list: (
    objects: ClusterKind & { readonly namespace: string; readonly labelSelector?: string },
    options: { readonly signal: AbortSignal },
  ) => Promise<readonly unknown[]>;
  /**
   * @param path Of the API: `/api/v1/namespaces/default/secrets/keys`.
   * @returns The JSON at a path; `undefined` for 404.
   * @throws As {@link get}.
   */
  readonly read: (path: string, options: { readonly signal: AbortSignal }) => Promise<unknown>;
}

/** An object as Kubernetes has it, with the members that say which it is. */
export interface ClusterObject extends ClusterKind {
  /** `namespace` is absent for cluster-scoped objects. */
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** What may be written to a Kubernetes API server; whoever only asks has {@link Cluster} and not this. */
export interface ClusterWriter {
  /**
   * Makes the object what is given, whether or not there is one already.
   *
   * @param object JSON; its other members are written as they are.
   * @throws {UnavailableError} `ERR_CLUSTER` when the server cannot be asked, `ERR_DEADLINE` when the signal aborts.
   * @throws {ConfigurationError} `ERR_CLUSTER_FORBIDDEN` when this account may not, `ERR_CLUSTER_KIND` when the server has
   * no such kind, `ERR_CLUSTER_PATH` for a name that Kubernetes does not have, `ERR_TOO_LARGE` for more than it keeps.
   */
  readonly apply: (object: ClusterObject, options: { readonly signal: AbortSignal }) => Promise<void>;
}

/** Everything the engine may ask for. */
export interface Ports {
  readonly fetch: (url: string, init: FetchInit) => Promise<Response>;
  readonly now: () => Date;
  /** Resolves after that many milliseconds; rejects with the signal's reason when it aborts first. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly crypto: CryptoProvider;
  readonly credentials: CredentialSource;
  /** One structured log line; never a secret. */
  readonly log: (line: LogLine) => void;
}

/** A structured log line: flat, JSON-able, without secrets. */
export interface LogLine {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
  readonly [field: string]: string | number | boolean | undefined;
}

/**
 * Takes one report, a Kubernetes object as JSON; resolves when it is kept.
 *
 * @throws {EngineError} When it cannot be kept. Whoever gives it may stop waiting: then the signal aborts.
 */
export type ReportSink = (
  report: Readonly<Record<string, unknown>>,
  options: { readonly signal: AbortSignal },
) => Promise<void>;

/** Bytes that are read piece by piece, wherever they are. */
export interface ByteRanges {
  readonly size: number;
  /** Up to `length` bytes from `offset`: fewer only where they end. */
  readonly read: (offset: number, length: number) => Promise<Uint8Array>;
}

/** Files, which the commands and layouts of Node and Deno use. */
export interface Files {
  /** @throws {ConfigurationError} `ERR_FILE` when it cannot be read or has more than `maxBytes`. */
  readonly read: (path: string, maxBytes: number) => Promise<Uint8Array>;
  /** A file to be read in pieces, which may be larger than memory. @throws {ConfigurationError} `ERR_FILE` */
  readonly ranges: (path: string) => Promise<ByteRanges>;
  /** File names below a folder, relative to it, with `/`, sorted; folders themselves are left out. */
  readonly list: (folder: string) => Promise<readonly string[]>;
  readonly kind: (path: string) => Promise<"file" | "folder" | "other" | undefined>;
  /**
   * What stands in a folder, by name, sorted; nothing below it. A link is a link, wherever it leads.
   *
   * @returns `undefined` when there is no such folder.
   * @throws {ConfigurationError} `ERR_FILE` when it cannot be read, or has too many entries.
   */
  readonly entries: (folder: string) => Promise<readonly FolderEntry[] | undefined>;
}

/** One entry of a folder. */
export interface FolderEntry {
  readonly name: string;
  readonly kind: "file" | "folder" | "link" | "other";
}

/** An HTTP application: a request in, an answer out; it never throws. */
export type Handler = (request: Request) => Response | Promise<Response>;

export interface ServeOptions {
  /** An address or a name of this machine, such as `127.0.0.1`. */
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** PEM texts; without them the listener speaks plain HTTP. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

/** A server that listens. */
export interface Listener {
  /** Where it is reached, such as `https://127.0.0.1:8443`; no slash at the end. */
  readonly url: string;
  /** Takes no new connection, lets requests under way finish for a bounded time, then ends the rest. */
  readonly close: () => Promise<void>;
}

/**
 * Starts a server.
 *
 * @throws {ConfigurationError} `ERR_CONFIG` when the address is taken or not of this machine, or TLS cannot be set up.
 */
export type Serve = (handler: Handler, options: ServeOptions) => Promise<Listener>;

/** Whom a TLS client believes, and how it proves who it is; all PEM. */
export interface ClientTls {
  /** The CAs that may vouch for the server; those the runtime trusts when left out. */
  readonly certificateAuthorities?: string;
  /** Whether the CAs that the runtime trusts count beside them; Deno counts them in any case. */
  readonly besideDefaults?: boolean;
  readonly clientCertificate?: { readonly certificate: string; readonly key: string };
  /** The name in the server's certificate, where it is not the one in the URL. */
  readonly serverName?: string;
}

/** The process a command runs in, on Node and Deno. */
export interface Host {
  /** Name and version, such as `node 20.20.2`. */
  readonly runtime: string;
  readonly ports: Ports;
  readonly files: Files;
  readonly serve: Serve;
  /**
   * Makes a `fetch` with trust and a client certificate of its own.
   *
   * @throws {ConfigurationError} `ERR_CONFIG` when certificates or key cannot be used, or this runtime has no such way.
   */
  readonly openTls: (tls: ClientTls) => Ports["fetch"];
  /**
   * The credentials in one file of the form of Docker's `config.json`, and those of the programs it names.
   *
   * @param where How messages name the file; safe to print.
   */
  readonly registryConfig: (path: string, where: string) => CredentialSource;
  /**
   * Opens a store by its address: `redis://HOST:PORT/DATABASE`, `kv:PATH`.
   *
   * @throws {ConfigurationError} `ERR_CONFIG` when this runtime has no such store, or the address is none.
   */
  readonly openStore: (address: string, options: StoreOptions) => Promise<OutsideStore>;
  /** What was written after the program's name. */
  readonly argv: readonly string[];
  /** An environment variable. */
  readonly variable: (name: string) => string | undefined;
  /** Where this user's programs keep their configuration, such as `/home/ada/.config`; `undefined` when there is no such place. */
  readonly configFolder: () => string | undefined;
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
  readonly writeOut: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** All of standard input. @throws {ConfigurationError} `ERR_FILE` when it has more than `maxBytes`. */
  readonly readInput: (maxBytes: number) => Promise<Uint8Array>;
  /** A signal that aborts at the first Ctrl-C or SIGTERM; the second ends the process. Without this call the first does. */
  readonly interruption: () => AbortSignal;
  /**
   * Writes a file, whole.
   *
   * @param options With `isPrivate` it is for this user alone, also where it was another's to read before.
   * @throws {ConfigurationError} `ERR_FILE` when it cannot be written, or exists and is not to be replaced.
   */
  readonly writeFile: (
    path: string,
    bytes: Uint8Array,
    options: { readonly replace: boolean; readonly isPrivate?: boolean },
  ) => Promise<void>;
  /**
   * Writes to the end of a file, which is made where there is none, for this user alone.
   *
   * @throws {ConfigurationError} `ERR_FILE` when it cannot be written.
   */
  readonly appendFile: (path: string, bytes: Uint8Array) => Promise<void>;
  /** Sets the status the process ends with, once nothing is left to do. */
  readonly exitWith: (status: number) => void;
  /** The folder of this package, where `package.json` is; the same built and unbuilt. */
  readonly packageFolder: () => Promise<string>;
  /** The built inspection page: file name → bytes; empty when it was not built. */
  readonly page: () => Promise<ReadonlyMap<string, Uint8Array>>;
}
