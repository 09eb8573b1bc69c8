/** Ports that answer from a recording and ask nobody. */
import { printable } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import type { Credential, CredentialProof, Ports } from "../ports.ts";
import { errorOf } from "./failure.ts";
import { answerOf, questionOf, type RecordablePorts } from "./recorder.ts";
import { credentialKey, questionKey, type RecordedAnswer, type Recording } from "./recording.ts";

/**
 * Makes ports of a recording: its clock stands at the recorded instant, each question gets the answers it got then, in
 * their order, and the last of them again when it is asked more often.
 *
 * @returns Ports whose `fetch` rejects with `ERR_NOT_RECORDED` for what was not asked then.
 */
export function openReplay(recording: Recording, { crypto }: Pick<Ports, "crypto">): RecordablePorts {
  const waiting = new Map<string, RecordedAnswer[]>();
  for (const answer of recording.answers) {
    const key = questionKey(answer);
    const list = waiting.get(key);
    if (list === undefined) waiting.set(key, [answer]);
    else list.push(answer);
  }
  const credentials = new Map(recording.credentials.map((one) => [credentialKey(one), one]));
  return {
    async fetch(url, init) {
      init.signal.throwIfAborted();
      const question = await questionOf(url, init, crypto);
      const list = waiting.get(questionKey(question)) ?? [];
      const answer = list.length > 1 ? list.shift() : list[0];
      if (answer === undefined) {
        throw new ConfigurationError(
          "ERR_NOT_RECORDED",
          `Cannot ask ${init.method} "${printable(url, 300)}": the recording has no answer to it`,
        );
      }
      if ("failure" in answer) throw errorOf(answer.failure);
      return answerOf(answer, "body" in answer ? answer.body : errorOf(answer.brokenOff), init);
    },
    now: () => recording.time,
    credentials: (asked) => {
      const known = credentials.get(credentialKey(asked));
      return Promise.resolve(known === undefined ? undefined : { source: known.source, ...standIn(known.type) });
    },
  };
}

/** What stands for a secret: it is sent to nobody. */
function standIn(type: Credential["type"]): CredentialProof {
  switch (type) {
    case "basic":
      return { type, username: "recorded", secret: "recorded" };
    case "identityToken":
    case "registryToken":
      return { type, token: "recorded" };
    case "anonymous":
      return { type };
  }
}
