/**
 * `deno run -A --unstable-kv test/run/deno_stores.ts ADDRESS`: every case of a poisoned store, a line of JSON for each.
 */
import process from "node:process";
import { MAX_STORED_BYTES } from "../../src/cache/mod.ts";
import { openDenoStore } from "../../src/runtime/cache/open_store.ts";
import { STORE_CASES } from "./poisoned_store.ts";

const store = await openDenoStore(process.argv[2] ?? "", { maxBytes: MAX_STORED_BYTES });
for (const { name, run } of STORE_CASES) {
  try {
    await run(store);
    console.log(JSON.stringify({ name, fault: "" }));
  } catch (thrown) {
    console.log(JSON.stringify({ name, fault: String(thrown) }));
  }
}
await store.close();
