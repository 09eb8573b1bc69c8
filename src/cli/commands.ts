/** The table of commands, in the order of the help. */
import type { Command } from "./command.ts";
import { blobInspect } from "./commands/blob_inspect.ts";
import { blobSign } from "./commands/blob_sign.ts";
import { blobVerify } from "./commands/blob_verify.ts";
import { discover } from "./commands/discover.ts";
import { inspect } from "./commands/inspect.ts";
import { list } from "./commands/list.ts";
import { serve } from "./commands/serve.ts";
import { sign } from "./commands/sign.ts";
import { verify } from "./commands/verify.ts";
import { version } from "./commands/version.ts";

/** Every command there is. */
export const COMMANDS: readonly Command[] = [
  blobInspect,
  blobSign,
  blobVerify,
  discover,
  inspect,
  list,
  serve,
  sign,
  verify,
  version,
];
