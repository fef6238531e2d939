/**
 * A client that logs in properly and then sends one query at a time and drops its result unread: the least a client can cost.
 * It parses nothing but the end of the answer.
 */
import type { Socket } from "node:net";
import pg from "pg";
import type { Path } from "./stack/open-stack.ts";

export interface RawClient {
  /** Sends a simple query; resolves with the bytes of the answer when the server is ready again. Rejects on an error response. */
  run(sql: string): Promise<number>;
  end(): void;
}

const ERROR = 0x45;

export async function rawClient(path: Path, database: string): Promise<RawClient> {
  const client = new pg.Client({ host: "127.0.0.1", port: path.port, user: path.user, password: path.password, database });
  client.on("error", () => undefined);
  await client.connect();
  // The driver did the login; from here on its socket is ours.
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  stream.removeAllListeners("data");
  return {
    run: (sql) => exchange(stream, sql),
    end: () => stream.destroy(),
  };
}

function exchange(stream: Socket, sql: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    let tail: Buffer = Buffer.alloc(0);
    const data = (chunk: Buffer): void => {
      if (bytes === 0 && chunk[0] === ERROR) fail(new Error(`the server refused: ${chunk.toString("latin1")}`));
      bytes += chunk.length;
      tail = chunk.length >= 6 ? chunk.subarray(-6) : Buffer.concat([tail, chunk]).subarray(-6);
      // ReadyForQuery, idle: the last message of every answer.
      if (tail.toString("latin1") === "Z\0\0\0\x05I") done();
    };
    const closed = (): void => fail(new Error("the connection was lost"));
    const stop = (): void => {
      stream.off("data", data);
      stream.off("close", closed);
    };
    const done = (): void => {
      stop();
      resolve(bytes);
    };
    const fail = (error: Error): void => {
      stop();
      reject(error);
    };
    stream.on("data", data);
    stream.on("close", closed);
    const text = Buffer.from(`${sql}\0`);
    const head = Buffer.alloc(5);
    head[0] = 0x51;
    head.writeInt32BE(4 + text.length, 1);
    stream.write(Buffer.concat([head, text]));
  });
}
