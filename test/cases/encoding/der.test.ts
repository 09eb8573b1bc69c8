import * as asn1js from "asn1js";
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  concatBytes,
  contextTag,
  decodeHex,
  derBytes,
  derChildren,
  derContent,
  type DerNode,
  eachDerChild,
  encodeHex,
  expectTag,
  MAX_DER_BYTES,
  parsePem,
  readDer,
  readDerValues,
  readSequence,
  readSetOf,
  TAG,
  writeDer,
  writeSequence,
} from "../../../src/encoding/mod.ts";
import { MAX_DER_DEPTH } from "../../../src/encoding/der.ts";
import { EngineError } from "../../../src/errors.ts";
import { describeIf, sharedPath } from "../../run/requirements.ts";

const refused = expect.objectContaining({ code: "ERR_DER" });

/** Everything below a node, read to its end. */
function walk(node: DerNode): string {
  if ((node.tag & 0x20) === 0) return `${node.tag.toString(16)}:${encodeHex(derContent(node))}`;
  return `${node.tag.toString(16)}(${derChildren(node).map(walk).join(",")})`;
}

/** The same of the library. */
function walkOracle(block: asn1js.BaseBlock): string {
  const { tagClass, tagNumber, isConstructed } = block.idBlock;
  const tag = ((tagClass - 1) << 6) | (isConstructed ? 0x20 : 0) | tagNumber;
  const start = 1 + block.lenBlock.blockLength;
  if (!isConstructed) return `${tag.toString(16)}:${encodeHex(block.valueBeforeDecodeView.subarray(start))}`;
  const { value } = (block as asn1js.Constructed).valueBlock;
  return `${tag.toString(16)}(${value.map((inner) => walkOracle(inner as asn1js.BaseBlock)).join(",")})`;
}

describe("readDer()", () => {
  it.each([
    ["nothing", ""],
    ["an identifier alone", "30"],
    ["an indefinite length", "30800000"],
    ["a long length that a short one holds", "04817f" + "00".repeat(127)],
    ["a length with a leading zero", "0482008000".padEnd(8 + 256, "0")],
    ["a length cut short", "048201"],
    ["a length of five octets", "04850000000001"],
    ["a length of all ones", "04ff"],
    ["content cut short", "0402aa"],
    ["content longer than four gigabytes less one", "0484ffffffff"],
    ["bytes after the value", "050000"],
    ["a second value", "05000500"],
    ["a high tag number", "1f1f00"],
    ["end of contents", "0000"],
    ["a constructed octet string", "24040402aabb"],
    ["a constructed integer", "2203020101"],
    ["a primitive sequence", "1000"],
    ["a primitive set", "1100"],
  ])("refuses %s", (_, hex) => {
    expect(() => readDer(decodeHex(hex))).toThrow(refused);
  });

  it("checks what is inside when it is reached", () => {
    const sequence = readDer(decodeHex("3003040501"));
    expect(() => derChildren(sequence)).toThrow(refused);
    expect(() => derChildren(readDer(decodeHex("300130")))).toThrow(refused);
  });

  it.each([127, 128, 255, 256, 65535, 65536])("reads %d octets of content", (length) => {
    const node = readDer(writeDer(TAG.octetString, new Uint8Array(length).fill(7)));
    expect(derContent(node)).toEqual(new Uint8Array(length).fill(7));
  });

  it("refuses more bytes than its bound", () => {
    const bytes = writeDer(TAG.octetString, new Uint8Array(MAX_DER_BYTES));
    expect(() => readDer(bytes)).toThrow(expect.objectContaining({ code: "ERR_TOO_LARGE" }));
    expect(readDer(bytes, bytes.length).end).toBe(bytes.length);
  });

  it("reads exactly as deep as its bound", () => {
    const nest = (depth: number) => {
      let bytes = writeSequence();
      for (let level = 1; level < depth; level++) bytes = writeSequence(bytes);
      return bytes;
    };
    const descend = (bytes: Uint8Array) => {
      let node: DerNode | undefined = readDer(bytes);
      while (node !== undefined && node.end > node.contentStart) [node] = derChildren(node);
      return node;
    };
    expect(descend(nest(MAX_DER_DEPTH))?.depth).toBe(MAX_DER_DEPTH);
    expect(() => descend(nest(MAX_DER_DEPTH + 1))).toThrow("levels of nesting");
  });

  it("gives views of the bytes it was given", () => {
    const bytes = decodeHex("30060401aa0401bb");
    const [first] = derChildren(readDer(bytes));
    expect(derBytes(first as DerNode).buffer).toBe(bytes.buffer);
    expect(encodeHex(derBytes(first as DerNode))).toBe("0401aa");
  });

  it("answers any bytes with a value or an EngineError", () => {
    const octet = fc.oneof(fc.constantFrom(0x30, 0x31, 0x02, 0x04, 0xa0, 0x80, 0x81, 0x00, 0x01), fc.nat(255));
    fc.assert(
      fc.property(fc.array(octet, { maxLength: 24 }), (octets) => {
        try {
          walk(readDer(Uint8Array.from(octets)));
        } catch (error) {
          expect(error).toBeInstanceOf(EngineError);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it("accepts one encoding per value: what was read, written again, is the same bytes", () => {
    const write = (node: DerNode): Uint8Array =>
      writeDer(node.tag, ...((node.tag & 0x20) === 0 ? [derContent(node)] : derChildren(node).map(write)));
    const leaf = fc.tuple(fc.constantFrom(2, 4, 6, 12, 0x80), fc.uint8Array({ maxLength: 200 }))
      .map(([tag, content]) => writeDer(tag, content));
    const { tree } = fc.letrec<{ tree: Uint8Array }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.tuple(fc.constantFrom(0x30, 0x31, 0xa3), fc.array(tie("tree"), { maxLength: 3 }))
          .map(([tag, children]) => writeDer(tag, ...children)),
      ),
    }));
    fc.assert(fc.property(tree, (bytes) => {
      expect(encodeHex(write(readDer(bytes)))).toBe(encodeHex(bytes));
    }));
  });
});

describe("readDerValues()", () => {
  it("reads values one after the other", () => {
    expect(readDerValues(decodeHex("050004010a")).map(({ tag }) => tag)).toEqual([TAG.null, TAG.octetString]);
    expect(readDerValues(new Uint8Array(0))).toEqual([]);
    expect(() => readDerValues(decodeHex("050004"))).toThrow(refused);
  });
});

describe("expectations", () => {
  it("name the field and both identifiers", () => {
    expect(() => expectTag(readDer(decodeHex("0500")), TAG.integer, "serialNumber")).toThrow(
      'Cannot read DER at offset 0: "serialNumber" has identifier 0x5, expected 0x2',
    );
    expect(() => expectTag(undefined, TAG.integer, "serialNumber")).toThrow('"serialNumber" is missing');
    expect(() => readSequence(readDer(decodeHex("3100")), "tbs")).toThrow(refused);
    expect(() => derChildren(readDer(decodeHex("0500")))).toThrow(refused);
    expect(contextTag(3, "constructed")).toBe(0xa3);
    expect(contextTag(1, "primitive")).toBe(0x81);
  });

  it.each([
    ["in order", ["0401aa", "0401ab", "040100"], ["040100", "0401aa", "0401ab"]],
    ["a prefix first", ["040200aa", "040100"], ["040100", "040200aa"]],
  ])("readSetOf() wants the elements %s", (_, unsorted, sorted) => {
    const set = (elements: readonly string[]) => writeDer(TAG.set, ...elements.map(decodeHex));
    expect(readSetOf(readDer(set(sorted)), "set")).toHaveLength(sorted.length);
    expect(() => readSetOf(readDer(set(unsorted)), "set")).toThrow(refused);
  });
});

describeIf("shared", "readDer() and asn1js", () => {
  const certificates = [
    ...["der.der", "timestamp_leaf.crt", "timestamp_root.crt", "timestamp_intermediate.crt"].map((file) =>
      [file, readFile(`x509/${file}`)] as const
    ),
    ...["multi-pem.crt", "pem.crt"].flatMap((file) =>
      parsePem(readFile(`x509/${file}`, "latin1")).map(({ der, line }) => [`${file}:${line}`, der] as const)
    ),
    ["crl/delta.crl", readFile("crl/delta.crl")],
  ] as const;

  it.each(certificates)("see the same values in %s", (_, der) => {
    expect(walk(readDer(der))).toBe(walkOracle(asn1js.fromBER(der).result));
  });

  it("see the same in several certificates in one file", () => {
    const values = readDerValues(readFile("x509/multi-der.der"));
    expect(concatBytes(...values.map(derBytes))).toEqual(readFile("x509/multi-der.der"));
    expect(values).toHaveLength(2);
  });

  it("never accept a changed byte as another encoding of the same values", () => {
    const der = readFile("x509/der.der");
    fc.assert(fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = der.slice();
      changed[at] = (changed[at] as number) ^ change;
      let seen: string;
      try {
        seen = walk(readDer(changed));
      } catch (error) {
        expect(error).toBeInstanceOf(EngineError);
        return;
      }
      expect(seen).not.toBe(walk(readDer(der)));
    }));
  });
});

describe("eachDerChild()", () => {
  it("gives what derChildren() gives, one after the other", () => {
    const list = readDer(writeSequence(...[1, 2, 3].map((value) => writeDer(TAG.integer, Uint8Array.of(value)))));
    expect([...eachDerChild(list)]).toEqual(derChildren(list));
    expect([...eachDerChild(readDer(writeSequence()))]).toEqual([]);
  });

  it("refuses a value when it reaches it, and what has no values inside", () => {
    const values = eachDerChild(readDer(writeDer(TAG.sequence, Uint8Array.of(2, 1, 7, 2, 5, 0))));
    expect(values.next().value).toMatchObject({ tag: TAG.integer });
    expect(() => values.next()).toThrow(refused);
    expect(() => eachDerChild(readDer(Uint8Array.of(4, 0))).next()).toThrow(refused);
  });
});

function readFile(path: string): Uint8Array<ArrayBuffer>;
function readFile(path: string, encoding: "latin1"): string;
function readFile(path: string, encoding?: "latin1"): string | Uint8Array {
  const file = sharedPath("vectors", path);
  return encoding === undefined ? new Uint8Array(readFileSync(file)) : readFileSync(file, encoding);
}
