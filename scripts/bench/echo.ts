/** A bare Hono route that answers the body it got, on the same server as the webhook. Prints its port. */
import { Hono } from "hono";
import { serveNode } from "../../src/runtime/node.ts";

const app = new Hono();
app.post("/echo", async ({ req }) => {
  const body = await req.arrayBuffer();
  return new Response(body, {
    headers: { "content-type": "application/json", "content-length": String(body.byteLength) },
  });
});
const { url } = await serveNode((request) => Promise.resolve(app.fetch(request)), { host: "127.0.0.1", port: 0 });
console.log(url);
