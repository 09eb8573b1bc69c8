/**
 * The files of an image layout in a tar archive, as `oras backup`, `docker save` and skopeo's `oci-archive:` write it.
 *
 * An archive that is not compressed is only indexed, and what is asked for is read where it lies, so that one of many
 * gigabytes takes no memory. One compressed by gzip has to be gone through once: small files are kept, layers are not.
 */
import { printable, type TarEntry, type TarInput, walkTar } from "../encoding/mod.ts";
import { ConfigurationError, MalformedError } from "../errors.ts";
import type { ByteRanges } from "../ports.ts";

/** Most bytes one file of a compressed archive may have to be kept; bigger ones are layers, which nobody reads. */
export const MAX_KEPT_FILE_BYTES = 10_000_000;

/** Most bytes kept of all files of a compressed archive. */
export const MAX_KEPT_ARCHIVE_BYTES = 128 * 1024 * 1024;

/** Most bytes a compressed archive may become; a bomb of a few megabytes would go on for days. */
export const MAX_INFLATED_BYTES = 2 * 1024 * 1024 * 1024;

/** Bytes asked for at once. */
const WINDOW_BYTES = 64 * 1024;

/** A layout's files, wherever they are. */
export interface LayoutFiles {
  /** Sorted. */
  readonly paths: readonly string[];
  /** @throws {ConfigurationError} `ERR_FILE` beyond `maxBytes`. */
  read(path: string, maxBytes: number): Promise<Uint8Array | undefined>;
}

/** Bounds of compressed archives; tests set smaller ones. */
export interface ArchiveLimits {
  readonly maxInflatedBytes: number;
  readonly maxKeptBytes: number;
}

const LIMITS: ArchiveLimits = { maxInflatedBytes: MAX_INFLATED_BYTES, maxKeptBytes: MAX_KEPT_ARCHIVE_BYTES };

/** Bytes at hand, to be read in pieces as those of a file are. */
export function rangesOf(bytes: Uint8Array): ByteRanges {
  return {
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  };
}

/**
 * Opens an archive: tar, or tar compressed by gzip.
 *
 * Of entries with one name the last counts, as with oras. An archive with a link, a device, or a name that is absolute
 * or leads out of the folder is refused whole: no layout has any, and what unpacks it elsewhere might follow them.
 *
 * @throws {MalformedError} `ERR_ARCHIVE`
 */
export async function openArchive(archive: ByteRanges, limits: ArchiveLimits = LIMITS): Promise<LayoutFiles> {
  const head = await archive.read(0, 6);
  const begins = (...octets: readonly number[]) => octets.every((octet, at) => head[at] === octet);
  if (begins(0x1f, 0x8b)) return await openInflated(archive, limits);
  const other = begins(0x28, 0xb5, 0x2f, 0xfd)
    ? "zstd"
    : begins(0x42, 0x5a, 0x68)
    ? "bzip2"
    : begins(0xfd, 0x37, 0x7a, 0x58, 0x5a)
    ? "xz"
    : undefined;
  if (other !== undefined) {
    throw unusable(
      `it is compressed by ${other}, expected tar as it is or compressed by gzip: unpack it with ${other}`,
    );
  }
  const entries = await index(rangesInput(archive), () => undefined);
  return {
    paths: [...entries.keys()].sort(),
    read: async (path, maxBytes) => {
      const entry = entries.get(path);
      if (entry === undefined) return undefined;
      requireSize(path, entry.sizeBytes, maxBytes);
      const bytes = await archive.read(entry.offset, entry.sizeBytes);
      if (bytes.length < entry.sizeBytes) throw unusable(`"${printable(path)}" is not all there any more`);
      return bytes;
    },
  };
}

async function openInflated(archive: ByteRanges, limits: ArchiveLimits): Promise<LayoutFiles> {
  const kept = new Map<string, Uint8Array>();
  let keptBytes = 0;
  const input = inflatedInput(archive, limits.maxInflatedBytes);
  let entries: ReadonlyMap<string, TarEntry>;
  try {
    entries = await index(input, async (name, { sizeBytes }, read) => {
      keptBytes -= kept.get(name)?.length ?? 0;
      kept.delete(name);
      if (sizeBytes > MAX_KEPT_FILE_BYTES) return;
      keptBytes += sizeBytes;
      if (keptBytes > limits.maxKeptBytes) {
        throw unusable(
          `it is compressed, and its files of at most ${MAX_KEPT_FILE_BYTES} bytes have more than ` +
            `${limits.maxKeptBytes}: unpack it with gunzip`,
        );
      }
      // A copy: what was inflated with it is let go.
      kept.set(name, (await read()).slice());
    });
  } finally {
    await input.close();
  }
  return {
    paths: [...entries.keys()].sort(),
    read: (path, maxBytes) => {
      const entry = entries.get(path);
      if (entry === undefined) return Promise.resolve(undefined);
      // `async`, so that a refusal is a rejection.
      return Promise.resolve().then(() => {
        requireSize(path, entry.sizeBytes, Math.min(maxBytes, MAX_KEPT_FILE_BYTES));
        return kept.get(path);
      });
    },
  };
}

/** The files of an archive by their name, each name as a layout writes it. */
async function index(
  input: TarInput,
  visit: (name: string, entry: TarEntry, read: () => Promise<Uint8Array>) => void | Promise<void>,
): Promise<ReadonlyMap<string, TarEntry>> {
  const entries = new Map<string, TarEntry>();
  let fault: string | undefined;
  await walkTar(input, async (entry, read) => {
    const { name, kind } = entry;
    const shown = `"${printable(name, 200)}"`;
    const elements = name.split("/").filter((element) => element !== "" && element !== ".");
    if (name.startsWith("/")) fault ??= `${shown} is an absolute name, expected one within the archive`;
    else if (elements.includes("..")) fault ??= `${shown} leads out of the archive, expected a name within it`;
    else if (kind === "link") fault ??= `${shown} is a link, expected files and folders only`;
    else if (kind === "other") fault ??= `${shown} is neither file nor folder, expected these only`;
    else if (kind === "file") {
      const path = elements.join("/");
      entries.set(path, entry);
      await visit(path, entry, read);
    }
  });
  // An old "docker save" has links, and more to say about.
  if (fault !== undefined && (entries.has("oci-layout") || !entries.has("manifest.json"))) throw unusable(fault);
  return entries;
}

/** Reads what lies there, a window at a time, and passes over the rest without reading it. */
function rangesInput(ranges: ByteRanges): TarInput {
  let position = 0;
  let window: { readonly from: number; readonly bytes: Uint8Array } = { from: 0, bytes: new Uint8Array() };
  return {
    read: async (length) => {
      if (position < window.from || position + length > window.from + window.bytes.length) {
        window = { from: position, bytes: await ranges.read(position, Math.max(length, WINDOW_BYTES)) };
      }
      const start = position - window.from;
      const bytes = window.bytes.subarray(start, start + length);
      position += bytes.length;
      return bytes;
    },
    skip: (length) => {
      const passed = Math.min(length, Math.max(0, ranges.size - position));
      position += passed;
      return Promise.resolve(passed);
    },
  };
}

/** Reads what gzip made smaller, from the beginning to the end. */
function inflatedInput(ranges: ByteRanges, maxBytes: number): TarInput & { readonly close: () => Promise<void> } {
  let offset = 0;
  const packed = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const bytes = await ranges.read(offset, WINDOW_BYTES);
      if (bytes.length === 0) return controller.close();
      offset += bytes.length;
      controller.enqueue(new Uint8Array(bytes));
    },
  });
  const reader = packed.pipeThrough(new DecompressionStream("gzip")).getReader();
  let rest: Uint8Array = new Uint8Array();
  let inflated = 0;
  const more = async (): Promise<boolean> => {
    let next: Awaited<ReturnType<typeof reader.read>>;
    try {
      next = await reader.read();
    } catch (cause) {
      throw unusable("it is compressed by gzip and cannot be read to its end: it is cut short or damaged", cause);
    }
    if (next.done) return false;
    inflated += next.value.length;
    if (inflated > maxBytes) {
      throw unusable(`it is compressed and becomes more than ${maxBytes} bytes: unpack it with gunzip`);
    }
    rest = next.value;
    return true;
  };
  const take = async (length: number, use: (bytes: Uint8Array) => void): Promise<number> => {
    let taken = 0;
    while (taken < length && (rest.length > 0 || await more())) {
      const part = rest.subarray(0, length - taken);
      use(part);
      taken += part.length;
      rest = rest.subarray(part.length);
    }
    return taken;
  };
  return {
    read: async (length) => {
      const parts: Uint8Array[] = [];
      const taken = await take(length, (part) => void parts.push(part));
      const bytes = new Uint8Array(taken);
      let at = 0;
      for (const part of parts) {
        bytes.set(part, at);
        at += part.length;
      }
      return bytes;
    },
    skip: (length) => take(length, () => {}),
    close: () => reader.cancel().catch(() => {}),
  };
}

function requireSize(path: string, size: number, maxBytes: number): void {
  if (size <= maxBytes) return;
  throw new ConfigurationError(
    "ERR_FILE",
    `Cannot read "${printable(path)}": ${size} bytes, expected at most ${maxBytes}`,
  );
}

function unusable(reason: string, cause?: unknown): MalformedError {
  return new MalformedError("ERR_ARCHIVE", `Cannot read archive: ${reason}`, { cause });
}
