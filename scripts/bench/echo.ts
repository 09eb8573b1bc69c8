/** A bare Hono route that answers the JSON it got, on the same server as the webhook. Prints its address. */
import { Hono } from "hono";
import { serveNode } from "../../src/runtime/node.ts";

const app = new Hono();
app.post("/echo", async (context) => context.json(await context.req.json()));
const { url } = await serveNode((request) => Promise.resolve(app.fetch(request)), { host: "127.0.0.1", port: 0 });
console.log(url);
