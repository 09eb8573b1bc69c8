/** The table of commands, in the order of the help. */
import type { Command } from "./command.ts";
import { discover } from "./commands/discover.ts";
import { inspect } from "./commands/inspect.ts";
import { list } from "./commands/list.ts";
import { serve } from "./commands/serve.ts";
import { verify } from "./commands/verify.ts";
import { version } from "./commands/version.ts";

/** Every command there is. */
export const COMMANDS: readonly Command[] = [discover, inspect, list, serve, verify, version];
