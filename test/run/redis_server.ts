/** A Redis server of this machine: on loopback, without a disk, ended by its own handle. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";

/** A server that runs. */
export interface RedisServer {
  /** `redis://127.0.0.1:PORT/0`. */
  readonly address: string;
  readonly stop: () => Promise<void>;
  /** Stops answering while connections stay open, and goes on. */
  readonly pause: () => void;
  readonly resume: () => void;
}

/** Starts Debian's `redis-server`, on a free port unless one is named. */
export async function startRedis(
  { port: wanted, options = [] }: { readonly port?: number; readonly options?: readonly string[] } = {},
): Promise<RedisServer> {
  const port = wanted ?? await freePort();
  const child = spawn(
    "redis-server",
    ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", tmpdir(), ...options],
    { stdio: "ignore" },
  );
  const ended = once(child, "exit");
  for (let tries = 0; !await answers(port); tries++) {
    if (tries === 100) {
      child.kill("SIGKILL");
      throw new Error("redis-server does not answer");
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    address: `redis://127.0.0.1:${port}/0`,
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
    },
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false)).once("connect", () => socket.end());
  });
}
