/**
 * A repository that is opened when it is first asked: what has to be read before that fails the question, not the
 * start.
 */
import { type Reference, repositoryName } from "./reference.ts";
import type { OpenRepository, Repository } from "./repository.ts";

/**
 * Makes a repository of one that is not there yet.
 *
 * @param open Asked at each question; it keeps what took long.
 */
export function openLater(reference: Reference, open: () => Promise<OpenRepository>): Repository {
  const repository = async () => (await open())(reference);
  return {
    name: repositoryName(reference),
    resolve: async (...asked) => await (await repository()).resolve(...asked),
    fetchManifest: async (...asked) => await (await repository()).fetchManifest(...asked),
    fetchBlob: async (...asked) => await (await repository()).fetchBlob(...asked),
    listReferrers: async (...asked) => await (await repository()).listReferrers(...asked),
  };
}
