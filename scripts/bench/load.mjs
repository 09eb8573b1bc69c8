// A load generator that costs little beside the server it measures: raw keep-alive sockets to 127.0.0.1, one fixed
// request, a bounded time. Prints {"requests":…,"seconds":…,"failures":…} and ends by itself.
// Arguments: port, path, file with the JSON body, connections, seconds.
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import process from "node:process";

const [, , port, path, bodyFile, connections, seconds] = process.argv;
const body = readFileSync(bodyFile);
const request = Buffer.concat([
  Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
  ),
  body,
]);
const started = performance.now();
const end = started + Number(seconds) * 1000;
let requests = 0;
let failures = 0;
let open = 0;

/** Length of the first whole response in the buffer, or 0 while it is incomplete. */
function wholeResponse(buffer) {
  const headersEnd = buffer.indexOf("\r\n\r\n");
  if (headersEnd < 0) return 0;
  const headers = buffer.subarray(0, headersEnd).toString("latin1");
  const length = /content-length: (\d+)/i.exec(headers);
  const lastChunk = "\r\n0\r\n\r\n";
  const end = length === null ? buffer.indexOf(lastChunk, headersEnd) : 0;
  const total = length === null ? end < 0 ? Infinity : end + lastChunk.length : headersEnd + 4 + Number(length[1]);
  if (buffer.length < total) return 0;
  if (!headers.startsWith("HTTP/1.1 200")) failures += 1;
  return total;
}

function client() {
  const socket = connect(Number(port), "127.0.0.1");
  let received = Buffer.alloc(0);
  open += 1;
  socket.setNoDelay(true);
  socket.on("connect", () => socket.write(request));
  socket.on("data", (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const length = wholeResponse(received);
    if (length === 0) return;
    received = received.subarray(length);
    requests += 1;
    if (performance.now() < end) socket.write(request);
    else socket.end();
  });
  socket.on("error", () => (failures += 1));
  socket.on("close", () => {
    open -= 1;
    if (open > 0) return;
    console.log(JSON.stringify({ requests, failures, seconds: (performance.now() - started) / 1000 }));
  });
}

for (let i = 0; i < Number(connections); i += 1) client();
