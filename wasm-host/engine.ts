/** What the engine inside of the component lacks of the Web's standards and the sources use. */

/**
 * Adds `URL.canParse`, which is younger than the engine (WHATWG URL, "URL class"), and intervals that never pass: the
 * engine has no timers, and what is watched for a stall, a body on its way, is lent whole.
 */
export function completeEngine(): void {
  Object.assign(globalThis, { setInterval: () => 0, clearInterval: () => {} });
  URL.canParse ??= (url, base) => {
    try {
      return new URL(url, base) !== undefined;
    } catch {
      return false;
    }
  };
}
