/** A network of a few URLs, for checkers: what is asked is noted, what is not there is 404. */
import { sleep } from "../../../src/runtime/web.ts";
import type { FetchInit } from "../../../src/ports.ts";
import type { CertificateRevocation } from "../../../src/revocation/mod.ts";

export interface Asked {
  readonly url: string;
  readonly init: FetchInit;
}

export type Answerer = (asked: Asked) => Response | Promise<Response>;

/** `answers` by URL: bytes, or what makes a response. */
export function network(answers: Readonly<Record<string, Uint8Array | Answerer>>) {
  const asked: Asked[] = [];
  return {
    asked,
    sleep,
    fetch: async (url: string, init: FetchInit): Promise<Response> => {
      asked.push({ url, init });
      const answer = answers[url];
      if (answer === undefined) return new Response("nothing here", { status: 404 });
      return typeof answer === "function" ? await answer({ url, init }) : new Response(answer as BodyInit);
    },
  };
}

/** The status, or the problem of the last that was asked. */
export function outcomeOf(revocation: CertificateRevocation | undefined): string {
  if (revocation === undefined) return "missing";
  if (revocation.status !== "unknown") return revocation.status;
  const last = revocation.asked.at(-1)?.answer;
  return last?.status === "unknown" ? last.problem : "unknown";
}
