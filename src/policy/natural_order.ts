/** The order in which Kyverno's messages list names: that of go-yaml's map keys. */

/**
 * Orders two texts as people count: `rule-2` before `rule-10`, letters after everything else.
 *
 * @returns Negative, zero or positive, as `Array.prototype.sort` takes it.
 */
export function compareNaturally(one: string, other: string): number {
  const a = [...one];
  const b = [...other];
  for (let index = 0; index < a.length && index < b.length; index++) {
    const left = a[index] as string;
    const right = b[index] as string;
    if (left === right) continue;
    const letters = [isLetter(left), isLetter(right)];
    if (letters[0] && letters[1]) return comparePoints(left, right);
    if (letters[0] || letters[1]) return letters[1] ? -1 : 1;
    return compareNumbers(a, b, index) ?? comparePoints(left, right);
  }
  return a.length - b.length;
}

function compareNumbers(a: readonly string[], b: readonly string[], index: number): number | undefined {
  // A zero inside a number counts as a digit of it, so the number's beginning is taken along.
  let prefix = "";
  if (a[index] === "0" || b[index] === "0") {
    for (let before = index - 1; before >= 0 && isDigit(a[before]); before--) {
      if (a[before] !== "0") {
        prefix = "1";
        break;
      }
    }
  }
  const left = digitsFrom(a, index);
  const right = digitsFrom(b, index);
  const difference = BigInt(prefix + left || "0") - BigInt(prefix + right || "0");
  if (difference !== 0n) return difference < 0n ? -1 : 1;
  return left.length === right.length ? undefined : left.length - right.length;
}

function digitsFrom(characters: readonly string[], index: number): string {
  let end = index;
  while (isDigit(characters[end])) end++;
  return characters.slice(index, end).join("");
}

const isLetter = (character: string): boolean => /^\p{L}$/u.test(character);
const isDigit = (character: string | undefined): boolean => character !== undefined && /^[0-9]$/.test(character);
const comparePoints = (a: string, b: string): number => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0);
