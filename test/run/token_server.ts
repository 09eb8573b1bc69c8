/**
 * A token server as distribution wants one, on loopback: answers GET with user and password, and POST with identity
 * tokens, and signs what whoever asks may do. Distribution believes it by the certificate in its `rootcertbundle`.
 *
 * Spec: distribution, "Token Authentication Implementation" and "OAuth2 Token Authentication".
 */
import { createPrivateKey, randomUUID, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";

const KEYS = resolve("test/fixtures/keys");
/** The certificate distribution is given. */
export const TOKEN_CERTIFICATE = `${KEYS}/p-256-self.crt.pem`;
const key = createPrivateKey(readFileSync(`${KEYS}/p-256-self.test-only.key.pem`));
const certificate = readFileSync(TOKEN_CERTIFICATE, "utf8").replace(/-----[A-Z ]+-----|\s/g, "");

export const ISSUER = "edge-notary tests";
export const SERVICE = "loopback registry";

/** Who may do what: user → password, identity token, and repository → actions. `""` is anybody. */
export type Users = Readonly<
  Record<string, {
    readonly password?: string;
    readonly identityToken?: string;
    readonly may: Readonly<Record<string, readonly string[]>>;
  }>
>;

/** A token that was asked for. */
export interface Issued {
  readonly method: string;
  readonly user: string;
  readonly scopes: readonly string[];
}

export interface TokenServer {
  readonly realm: string;
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly issued: Issued[];
  /** Seconds a token is good for, as it says itself; negative for one that ended before. */
  life: number;
  close(): Promise<void>;
}

/** Starts a server. What it says of a token's life in the answer, `expires_in`, is 300 s whatever the token says. */
export async function startTokenServer(users: Users): Promise<TokenServer> {
  const issued: Issued[] = [];
  const server = createServer(async (request, response) => {
    const asked = await readQuestion(request, users);
    if (asked === undefined) {
      response.writeHead(401, { "content-type": "application/json" });
      return void response.end('{"errors":[{"code":"UNAUTHORIZED","message":"unknown user"}]}');
    }
    issued.push(asked);
    const token = makeToken(asked, users, state.life);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ token, access_token: token, expires_in: 300 }));
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const state: TokenServer = {
    realm: `http://${host}/token`,
    host,
    issued,
    life: 300,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
  return state;
}

async function readQuestion(request: IncomingMessage, users: Users): Promise<Issued | undefined> {
  const { method = "" } = request;
  if (method === "POST") {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const form = new URLSearchParams(body);
    const token = form.get("refresh_token");
    const found = Object.entries(users).find(([, { identityToken }]) => identityToken === token && token !== null);
    return found === undefined ? undefined : { method, user: found[0], scopes: (form.get("scope") ?? "").split(" ") };
  }
  const { searchParams } = new URL(request.url ?? "/", "http://localhost");
  const [, encoded = ""] = (request.headers.authorization ?? "").split(" ");
  const [, user = "", password = ""] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, "base64").toString()) ?? [];
  if (user !== "" && users[user]?.password !== password) return undefined;
  return { method, user, scopes: searchParams.getAll("scope").flatMap((scope) => scope.split(" ")) };
}

/** A JWT that names what of the scopes its user may do. */
function makeToken({ user, scopes }: Issued, users: Users, life: number): string {
  const access = scopes.map((scope) => {
    const [type = "", name = "", actions = ""] = scope.split(":");
    const may = users[user]?.may[name] ?? [];
    return { type, name, actions: actions.split(",").filter((action) => may.includes(action)) };
  });
  const now = Math.floor(Date.now() / 1000);
  const times = { iat: now - 600, nbf: now - 600, exp: now + life };
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const header = part({ typ: "JWT", alg: "ES256", x5c: [certificate] });
  const claims = part({ iss: ISSUER, sub: user, aud: SERVICE, jti: randomUUID(), access, ...times });
  const signature = sign("sha256", Buffer.from(`${header}.${claims}`), { key, dsaEncoding: "ieee-p1363" });
  return `${header}.${claims}.${signature.toString("base64url")}`;
}
