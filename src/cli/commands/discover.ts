/** `discover`: everything that refers to an artifact, and to what refers to it. */
import { printable } from "../../encoding/mod.ts";
import { type EngineError, toEngineError } from "../../errors.ts";
import { SIGNATURE_ARTIFACT_TYPE } from "../../notary/mod.ts";
import { type Descriptor, repositoryName } from "../../oci/mod.ts";
import type { Host } from "../../ports.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { ORAS_CREDENTIAL_FLAGS } from "../credentials.ts";
import { count, text, toggle, usage } from "../flags.ts";
import { usageLine } from "../help.ts";
import { missingLayoutPart } from "../layouts.ts";
import { collectReferrers, type ReferrersSource } from "../referrer_walk.ts";
import { artifactsOf, checkPlatformFlags, coverageOf, headingOf, PLATFORM_FLAGS } from "../platforms.ts";
import {
  MAX_PRINTED_REFERENCE,
  missingPart,
  openRegistries,
  readReference,
  REGISTRY_FLAGS,
  startCall,
  tagOrDigest,
} from "../registry.ts";
import { PLAIN } from "../render/colours.ts";
import {
  type AnnotationStyle,
  type ReferrerTree,
  renderReferrerJson,
  renderReferrerTable,
  renderReferrerTree,
} from "../render/referrers.ts";
import { MAX_PRINTED_MESSAGE, report, type Wording } from "../report.ts";

const NAME = "discover";
const USE = "[flags] <name>{:<tag>|@<digest>}";

type Format = "tree" | "json" | "table";

/** `edge-notary discover`. */
export const discover = defineCommand({
  name: NAME,
  use: USE,
  short: "Discover referrers of a manifest in a registry",
  long: "Discover referrers of a manifest in a registry",
  examples: [
    {
      what: "Discover referrers in a tree view",
      line: "edge-notary discover ghcr.io/kyverno/test-verify-image:signed",
    },
    {
      what: "The tree without annotations and with the tag, as oras printed it before 1.0",
      line: "edge-notary discover -o tree ghcr.io/kyverno/test-verify-image:signed",
    },
    {
      what: "Discover only direct referrers, displayed in JSON view",
      line: "edge-notary discover --format json --depth 1 ghcr.io/kyverno/test-verify-image:signed",
    },
    {
      what: "Discover referrers of one type",
      line: "edge-notary discover --artifact-type sbom/cyclone-dx ghcr.io/kyverno/test-verify-image:signed",
    },
  ],
  flags: {
    ...REGISTRY_FLAGS,
    ...ORAS_CREDENTIAL_FLAGS,
    "artifact-type": text("show only referrers of this type, at every level", ""),
    depth: count("level of referrers to display, if unused shows referrers of all levels", undefined),
    "distribution-spec": text(
      "use only one way to find referrers: 'v1.1-referrers-api', 'v1.1-referrers-tag'",
      undefined,
    ),
    format: text("output format: 'tree', 'json', 'table'", "tree"),
    "no-tty": toggle("disable colors"),
    ...PLATFORM_FLAGS,
    output: text(
      "the same as --format, but 'tree' is that of oras before 1.0: the reference as typed, no annotations",
      undefined,
      {
        short: "o",
      },
    ),
    verbose: toggle("show annotations of referrers", {
      short: "v",
      initial: true,
      deprecated: "and will be removed in a future release.",
    }),
  },
  work: async ({ flags, given, operands }, context) => {
    const { host } = context;
    const typed = operands[0];
    if (typed === undefined || operands.length !== 1) return reportCount(operands.length, host);
    if (given.has("format") && given.has("output")) throw usage("--format, --output cannot be used at the same time");
    if (flags.depth !== undefined && flags.depth < 1) throw usage("depth value should be at least 1");
    const format = readFormat(flags.output ?? flags.format);
    if (format === "table") host.writeError('Format "table" is deprecated and will be removed in a future release.\n');
    const isLayout = flags["oci-layout"];
    const way = readWay(flags["distribution-spec"]);
    checkPlatformFlags(flags, format === "tree");
    const call = startCall(flags.timeout, host.ports);
    const open = await openRegistries(flags, host);
    try {
      const reference = readReference(typed, isLayout);
      const source: ReferrersSource = {
        repository: open(reference),
        artifactType: flags["artifact-type"] === "" ? undefined : flags["artifact-type"],
        way,
        depth: format === "table" ? 1 : flags.depth ?? Number.POSITIVE_INFINITY,
        call,
      };
      const resolved = await source.repository.resolve(tagOrDigest(reference), call);
      const style = annotationStyle(flags.output, flags.verbose, given.has("verbose"));
      const palette = flags["no-tty"] ? PLAIN : context.palette;
      const path = repositoryName(reference);
      const shown: { readonly descriptor: Descriptor; readonly signatures: number }[] = [];
      for (const descriptor of await artifactsOf(source.repository, resolved, flags, call)) {
        const tree = await collectReferrers(descriptor, source);
        const seed = flags.output === "tree" && shown.length === 0;
        host.writeOut(
          headingOf(descriptor, shown.length) + render(tree, { format, typed, path, seed, style, palette }),
        );
        const signatures = tree.referrers.filter((one) => one.descriptor.artifactType === SIGNATURE_ARTIFACT_TYPE);
        shown.push({ descriptor, signatures: signatures.length });
      }
      // With another type alone nothing is known of signatures.
      if ([undefined, SIGNATURE_ARTIFACT_TYPE].includes(source.artifactType)) host.writeOut(coverageOf(shown));
      return 0;
    } catch (thrown) {
      return reportFailure(host, { typed, isLayout }, toEngineError(thrown, "Cannot discover referrers"));
    }
  },
});

interface RenderOptions {
  readonly format: Format;
  readonly typed: string;
  readonly path: string;
  /** Whether the root line is the reference as typed. */
  readonly seed: boolean;
  readonly style: AnnotationStyle;
  readonly palette: CommandContext["palette"];
}

function render(tree: ReferrerTree, { format, typed, path, seed, style, palette }: RenderOptions): string {
  switch (format) {
    case "json":
      return renderReferrerJson(tree, path);
    case "table":
      return renderReferrerTable(tree, typed, style !== "hidden");
    case "tree": {
      const root = seed ? printable(typed, MAX_PRINTED_REFERENCE) : `${path}@${tree.descriptor.digest}`;
      return renderReferrerTree(tree, { root, annotations: style, palette });
    }
  }
}

/** `-o tree` is the older form: no annotations unless asked for, and then without a title. */
function annotationStyle(output: string | undefined, verbose: boolean, asked: boolean): AnnotationStyle {
  if (output === "tree") return asked && verbose ? "bare" : "hidden";
  return verbose ? "titled" : "hidden";
}

function readFormat(format: string): Format {
  if (format === "go-template" || format.startsWith("go-template=")) {
    throw usage('format "go-template" is not available: use --format json with a JSON processor');
  }
  if (format === "tree" || format === "json" || format === "table") return format;
  throw usage(`invalid format type: "${printable(format)}", supported types: table, json, tree`);
}

function readWay(value: string | undefined): ReferrersSource["way"] {
  switch (value) {
    case undefined:
      return undefined;
    case "v1.1-referrers-api":
      return "referrers-api";
    case "v1.1-referrers-tag":
      return "referrers-tag";
    default:
      throw usage(
        `invalid argument "${
          printable(value)
        }" for "--distribution-spec" flag: unknown distribution specification flag: ` +
          `${printable(value)}, available options: v1.1-referrers-tag, v1.1-referrers-api`,
      );
  }
}

function reportCount(found: number, host: Host): number {
  report(host, usage(`requires exactly 1 argument but got ${found}`).refusal, {
    line: `Error: "edge-notary ${NAME}" requires exactly 1 argument but got ${found}`,
    advice: [
      `Usage: ${usageLine({ name: NAME, use: USE })}`,
      "Please specify exactly 1 argument as the target artifact to discover referrers from. " +
      `Run "edge-notary ${NAME} -h" for more options and examples`,
    ],
    reason: false,
  });
  return 1;
}

/** Reports what oras has words for in its words. */
function reportFailure(
  host: Host,
  { typed, isLayout }: { readonly typed: string; readonly isLayout: boolean },
  error: EngineError,
): number {
  const shown = printable(typed, MAX_PRINTED_REFERENCE);
  switch (error.code) {
    case "ERR_REFERENCE":
      report(host, error.refusal, isLayout ? layoutWording(typed) : referenceWording(typed));
      return 1;
    // The message begins with the sentence of oras.
    case "ERR_PLATFORM":
      report(host, error.refusal, {
        line: `Error${isLayout ? "" : " response from registry"}: ${printable(error.message, MAX_PRINTED_MESSAGE)}`,
        reason: false,
      });
      return 1;
    case "ERR_REGISTRY_NOT_FOUND":
      report(host, error.refusal, {
        line: isLayout ? "Error: not found" : `Error response from registry: ${shown}: not found`,
      });
      return 1;
    default:
      report(host, error.refusal);
      return 1;
  }
}

/** The sentences of oras for a reference that is incomplete, and for one that is wrong. */
function referenceWording(typed: string): Wording {
  const shown = printable(typed, MAX_PRINTED_REFERENCE);
  const missing = missingPart(typed);
  if (missing === "tag or digest") return missingTag(shown);
  return {
    line: `Error: "${shown}": invalid reference${missing === undefined ? "" : `: missing ${missing}`}`,
    advice: ["Please make sure the provided reference is in the form of <registry>/<repo>[:tag|@digest]"],
    reason: missing === undefined,
  };
}

function missingTag(shown: string): Wording {
  return {
    line: `Error: "${shown}": no tag or digest specified`,
    advice: [
      `Usage: ${usageLine({ name: NAME, use: USE })}`,
      'Please specify a reference in the form of "<name>:<tag>" or "<name>@<digest>". ' +
      `Run "edge-notary ${NAME} -h" for more options and examples`,
    ],
    reason: false,
  };
}

/** The same for the path of an image layout. */
function layoutWording(typed: string): Wording {
  const shown = printable(typed, MAX_PRINTED_REFERENCE);
  switch (missingLayoutPart(typed)) {
    case "tag or digest":
      return missingTag(shown);
    case "path of an image layout":
      return { line: `Error: found empty file path in "${shown}"`, advice: ["invalid reference"], reason: false };
    case undefined:
      return { line: `Error: "${shown}": invalid reference` };
  }
}
