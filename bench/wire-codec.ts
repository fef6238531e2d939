/**
 * Micro-benchmark of the wire: frames a second through the scanner and through a whole session, without sockets.
 * It prints figures and asserts nothing. Run: `node bench/wire-codec.ts`.
 */
import { FrameScanner, MORE } from "../src/adapters/postgres/codec/scanner.ts";
import { serverShapes } from "../src/adapters/postgres/codec/shapes.ts";
import { clientMessage, serverMessages } from "../test/playbooks/wire-messages.ts";
import { sessionTable, settled } from "../test/playbooks/wire-session.ts";

const ROWS = 2_000_000;
const row = serverMessages("D");
const perChunk = Math.floor(65_536 / row.length);
const chunk = Buffer.concat(Array.from({ length: perChunk }, () => row));

function report(what: string, count: number, began: number): void {
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `${what.padEnd(52)} ${Math.round(count / seconds)
      .toLocaleString("en")
      .padStart(14)} a second`,
  );
}

function scan(): void {
  const scanner = new FrameScanner(serverShapes);
  const began = performance.now();
  let frames = 0;
  while (frames < ROWS) {
    scanner.load(chunk);
    while (scanner.next() !== MORE) {
      scanner.take();
      frames += 1;
    }
  }
  report("frames scanned (64 KiB chunks of small rows)", frames, began);
}

async function rows(): Promise<void> {
  const table = sessionTable();
  table.session.fromClient(clientMessage("Q select 1"));
  await settled();
  table.taken();
  table.session.fromServer(serverMessages("T"));
  const began = performance.now();
  let frames = 0;
  while (frames < ROWS) {
    table.session.fromServer(chunk);
    table.session.core.clientOut.length = 0;
    frames += perChunk;
  }
  report("rows relayed by a session", frames, began);
}

async function statements(title: string, ask: string[], answer: string): Promise<void> {
  const table = sessionTable();
  const question = Buffer.concat(ask.map(clientMessage));
  const reply = serverMessages(answer);
  table.session.fromClient(question);
  await settled();
  table.session.fromServer(reply);
  const { core } = table.session;
  const { admissions, settled: outcomes } = table.guard;
  const COUNT = 200_000;
  const began = performance.now();
  for (let i = 0; i < COUNT; i++) {
    table.session.fromClient(question);
    core.serverOut.length = 0;
    table.session.fromServer(reply);
    core.clientOut.length = 0;
    if (i % 1000 === 0) {
      admissions.length = 0;
      outcomes.clear();
    }
  }
  report(title, COUNT, began);
}

scan();
await rows();
await statements("simple statements judged and relayed (stand-in guard)", ["Q select 1"], "T D C:SELECT_1 Z:I");
await statements("extended statements (P B D E S)", ["P |select 1", "B |", "DP ", "E ", "S"], "1 2 T D C:SELECT_1 Z:I");
