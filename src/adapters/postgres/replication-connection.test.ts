import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { describe, test } from "node:test";
import { ReplicationConnection, type ReplicationFailed, type ReplicationMessage } from "./replication-connection.ts";

function frame(type: string, body: Buffer | string): Buffer {
  const bytes = Buffer.from(body);
  const head = Buffer.alloc(5);
  head.write(type, 0, "latin1");
  head.writeInt32BE(4 + bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** The server's side of a socket: says what it is told to, keeps what it hears. */
function standIn(says: readonly Buffer[], then: "stays" | "closes" = "stays") {
  const heard: Buffer[] = [];
  const socket: Duplex = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _, done) => {
      heard.push(chunk);
      done();
    },
  });
  for (const each of says) socket.push(each);
  if (then === "closes") socket.push(null);
  return { connection: new ReplicationConnection(socket, Buffer.alloc(0)), heard };
}

async function all(connection: ReplicationConnection): Promise<readonly ReplicationMessage[]> {
  const messages: ReplicationMessage[] = [];
  for await (const each of connection.command("IDENTIFY_SYSTEM")) messages.push(each);
  return messages;
}

const ready = frame("Z", "I");
const row = frame("D", Buffer.concat([Buffer.from([0, 1, 0, 0, 0, 2]), Buffer.from("ab")]));
const answer = [
  frame("T", Buffer.alloc(2)),
  row,
  frame("H", Buffer.alloc(3)),
  frame("d", "nbase.tar"),
  frame("c", ""),
  frame("C", "X\0"),
  ready,
];
const understood = [
  { kind: "row", values: ["ab"] },
  { kind: "copy_begins" },
  { kind: "copy", bytes: Buffer.from("nbase.tar") },
  { kind: "copy_ends" },
];

describe("a replication connection", () => {
  test("gives a command's answers in order, however they come cut", async () => {
    const whole = Buffer.concat(answer);
    for (const size of [1, 2, 3, 7, whole.length]) {
      const chunks = Array.from({ length: Math.ceil(whole.length / size) }, (_, at) => whole.subarray(at * size, (at + 1) * size));
      const { connection, heard } = standIn(chunks);
      assert.deepEqual(await all(connection), understood, `${size} bytes at a time`);
      assert.equal(heard[0]?.subarray(5, -1).toString(), "IDENTIFY_SYSTEM");
    }
  });

  test("tells the server's refusal with its detail, and can be asked again", async () => {
    const refused = frame("E", "SERROR\0C42704\0Mno such slot\0Dit was dropped\0\0");
    const { connection } = standIn([refused, ready, row, ready]);
    await assert.rejects(all(connection), (error: ReplicationFailed) => {
      assert.deepEqual([error.message, error.sqlstate], ["no such slot: it was dropped", "42704"]);
      return true;
    });
    assert.deepEqual(await all(connection), [{ kind: "row", values: ["ab"] }]);
  });

  test("fails by name on an end, on the last word before it, on what it does not know, and on a length that nothing has", async () => {
    const last = frame("E", "SFATAL\0C57P01\0Mterminating\0\0");
    const ends: readonly [readonly Buffer[], RegExp][] = [
      [[row], /the server closed the connection/],
      [[last], /: terminating$/],
      [[frame("G", Buffer.alloc(3))], /the server sent `G`/],
      [[Buffer.from([0x64, 0x7f, 0xff, 0xff, 0xff])], /claims 2147483648 bytes/],
      [[Buffer.from([0x64, 0, 0, 0, 1])], /claims 2 bytes/],
      [[frame("D", "x")], /row cannot be read/],
    ];
    for (const [says, expected] of ends) await assert.rejects(all(standIn(says, "closes").connection), expected);
  });

  test("closing ends what runs", async () => {
    const { connection } = standIn([row]);
    const command = connection.command("START_REPLICATION");
    assert.equal((await command.next()).done, false);
    const waiting = command.next();
    connection.close();
    await assert.rejects(waiting, /the connection was closed/);
    connection.sendCopy(Buffer.from("r"));
    connection.endCopy();
  });
});
