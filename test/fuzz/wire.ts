/**
 * Fuzz targets of the wire: the frame scanner and the session, in both directions, from a seed. One target, the canary, must fail.
 * It does not start servers: a small model of one answers, and keeps what reached it.
 */
import { BAD, FRAME, FrameScanner, MORE } from "../../src/adapters/postgres/codec/scanner.ts";
import { clientShapes, serverShapes } from "../../src/adapters/postgres/codec/shapes.ts";
import { limits } from "../../src/base/limits.ts";
import { standInApprovals, standInExecutor } from "../playbooks/stand-in-approvals.ts";
import { FORBIDDEN, HELD } from "../playbooks/stand-in-guard.ts";
import { clientMessage, serverMessages, words } from "../playbooks/wire-messages.ts";
import { sessionTable, settled } from "../playbooks/wire-session.ts";

export type Random = () => number;

/** mulberry32: small, seeded, good enough to vary inputs. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

const below = (random: Random, bound: number): number => Math.floor(random() * bound);
const pick = <T>(random: Random, from: readonly T[]): T => from[below(random, from.length)] as T;

function chunks(random: Random, bytes: Buffer): Buffer[] {
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = Math.min(bytes.length - at, 1 + below(random, random() < 0.3 ? 3 : 200));
    out.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return out;
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

/** Frames of random legal types and sizes come out as they went in, however they are cut. */
export function scannerFindsEveryFrame(random: Random): void {
  const shapes = pick(random, [clientShapes, serverShapes]);
  const types = Array.from(shapes.peek.keys()).filter((type) => shapes.peek[type] !== 0);
  const frames = Array.from({ length: 1 + below(random, 30) }, () => {
    const type = pick(random, types);
    const least = shapes.min[type] ?? 5;
    const most = Math.min(shapes.max[type] ?? 5, least + below(random, 3000));
    const frame = Buffer.alloc(Math.max(least, most), below(random, 256));
    frame[0] = type;
    frame.writeInt32BE(frame.length - 1, 1);
    return frame;
  });
  const scanner = new FrameScanner(shapes);
  const got: Buffer[] = [];
  for (const chunk of chunks(random, Buffer.concat(frames))) {
    scanner.load(chunk);
    for (;;) {
      const step = scanner.next();
      if (step === MORE) break;
      expect(step !== BAD, scanner.problem);
      const piece = Buffer.from(scanner.buffer.subarray(scanner.from, scanner.to));
      if (step === FRAME) got.push(piece);
      else got.push(Buffer.concat([got.pop() ?? Buffer.alloc(0), piece]));
      scanner.take();
      expect(scanner.kept <= 4096 + 4 * 200 + 5 * 3000, "the scanner keeps no more than a frame and a chunk");
    }
  }
  expect(Buffer.concat(got).equals(Buffer.concat(frames)), "bytes are lost or invented");
  expect(got.length === frames.length, `${got.length} frames of ${frames.length}`);
}

/** Bytes that mean nothing, or frames with lengths that lie, on either side: no throw, bounded memory, every act settled. */
export async function junkIsSurvived(random: Random): Promise<void> {
  const table = sessionTable();
  for (let i = 0; i < 20; i++) {
    const line = pick(random, LINES);
    const bytes = random() < 0.5 ? clientMessage(line) : serverMessages(pick(random, ANSWERS));
    const junk = random() < 0.3 ? Buffer.from(Array.from({ length: 1 + below(random, 40) }, () => below(random, 256))) : Buffer.from(bytes);
    if (random() < 0.3 && junk.length > 5) junk.writeInt32BE(pick(random, [-1, 0, 3, 4, 5, 100, 0x7fff_ffff, 0x3fff_ffff, 70_000]), 1);
    if (random() < 0.2) junk[below(random, junk.length)] = below(random, 256);
    for (const chunk of chunks(random, junk)) {
      if (random() < 0.6) table.session.fromClient(chunk);
      else table.session.fromServer(chunk);
    }
    if (random() < 0.5) await settled();
    const { server } = table.taken();
    expect(!server.includes(FORBIDDEN), "a refused text reached the server");
    expect(table.session.clientWaiting <= 2 * limits.judgedFrameBytesMax, "memory is bounded");
  }
  await settled();
  table.session.lost("the run ends");
  await settled();
  for (const { id, kind } of table.guard.admissions) expect(kind !== "allow" || table.guard.settled.has(id), `${id} has no outcome`);
}

const TEXTS = [
  "select 1",
  "delete from t",
  `drop table t /* ${FORBIDDEN} */`,
  `delete from t /* ${HELD} yes */`,
  `delete from t /* ${HELD} no */`,
  `delete from t /* ${HELD} later */`,
  "boom",
  "begin",
  "commit",
  "rollback",
  "select 2; select 3",
  "prepare x as select 1",
  "execute x",
  "set search_path = a",
];
const NAMES = ["", "a", "b"];
const LINES = [
  ...TEXTS.map((text) => `Q ${text}`),
  ...TEXTS.flatMap((text) => NAMES.map((name) => `P ${name}|${text}`)),
  ...NAMES.flatMap((name) => [
    `B |${name}`,
    `B ${name}|${name}`,
    `E ${name}`,
    `E ${name}|1`,
    `DS ${name}`,
    `DP ${name}`,
    `CS ${name}`,
    `CP ${name}`,
  ]),
  "H",
  "S",
  "S",
  "F 2026",
];
const ANSWERS = [
  "T D C:SELECT_1 Z:I",
  "1 2 D C:SELECT_1 Z:I",
  "E:42601 Z:E",
  "Z:I",
  "G",
  "H d c C:COPY_1",
  "N",
  "A",
  "s",
  "3",
  "t n",
  "S:client_encoding=SJIS",
  "D",
];

/** A model of a server: answers each message as PostgreSQL would, skips to Sync after an error, and keeps the texts it was given. */
class ModelServer {
  status = "I";
  skipping = false;
  readonly texts: string[] = [];
  /** Of these, what it was told to run. */
  readonly ran: string[] = [];
  readonly #statements = new Map<string, string>();
  readonly #portals = new Map<string, string>();
  #rest: Buffer = Buffer.alloc(0);

  receive(bytes: Buffer): Buffer {
    let all = Buffer.concat([this.#rest, bytes]);
    let said = "";
    while (all.length >= 5 && all.length >= 1 + all.readInt32BE(1)) {
      const end = 1 + all.readInt32BE(1);
      said += ` ${this.#answer(String.fromCharCode(all[0] ?? 0), all.subarray(5, end))}`;
      all = all.subarray(end);
    }
    this.#rest = Buffer.from(all);
    return serverMessages(said.trim());
  }

  #answer(type: string, body: Buffer): string {
    if (type === "S") {
      this.skipping = false;
      if (this.status === "I") this.#portals.clear();
      return `Z:${this.status}`;
    }
    if (this.skipping || type === "H") return "";
    const parts = body.toString("latin1").split("\0");
    switch (type) {
      case "Q":
        return `${parts[0]
          ?.split(";")
          .map((text) => this.#run(text, true))
          .join(" ")} Z:${this.status}`;
      case "F":
        return `V Z:${this.status}`;
      case "P":
        return this.#parse(parts[0] ?? "", parts[1] ?? "");
      case "B":
        return this.#bind(parts[0] ?? "", parts[1] ?? "");
      case "E":
        return this.#execute(parts[0] ?? "");
      case "D":
        return this.#describe(body.toString("latin1", 0, 1), body.toString("latin1", 1, body.length - 1));
      case "C":
        (body[0] === 0x53 ? this.#statements : this.#portals).delete(body.toString("latin1", 1, body.length - 1));
        return "3";
      default:
        throw new Error(`the model was sent \`${type}\``);
    }
  }

  #error(code: string): string {
    this.skipping = true;
    if (this.status === "T") this.status = "E";
    return `E:${code}`;
  }

  #run(text: string, simple: boolean): string {
    this.texts.push(text);
    this.ran.push(text);
    const word = text.trim().split(" ")[0] ?? "";
    if (word === "boom" || word === "refused") {
      if (this.status === "T") this.status = "E";
      return "E:42601";
    }
    if (word === "begin" && this.status === "I") this.status = "T";
    if (word === "commit" || word === "rollback") {
      const tag = this.status === "E" ? "ROLLBACK" : word.toUpperCase();
      this.status = "I";
      return `C:${tag}`;
    }
    if (this.status === "E") return "E:25P02";
    return `${simple && word === "select" ? "T " : ""}${word === "select" ? "D C:SELECT_1" : `C:${word.toUpperCase()}`}`;
  }

  #parse(name: string, text: string): string {
    if (text.startsWith("refused") || text.startsWith("boom") || (name !== "" && this.#statements.has(name)) || this.status === "E")
      return this.#error("42601");
    this.#statements.set(name, text);
    this.texts.push(text);
    return "1";
  }

  #bind(portal: string, statement: string): string {
    const text = this.#statements.get(statement);
    if (text === undefined || (portal !== "" && this.#portals.has(portal)) || this.status === "E") return this.#error("26000");
    this.#portals.set(portal, text);
    return "2";
  }

  #execute(portal: string): string {
    const text = this.#portals.get(portal);
    if (text === undefined) return this.#error("34000");
    if (text.includes("current_schemas")) return 'D:agent,agent,["public"],null,null C:SELECT_1';
    const said = this.#run(text, false);
    return said.includes("E:") ? this.#error(said.slice(2)) : said;
  }

  #describe(kind: string, name: string): string {
    if (!(kind === "S" ? this.#statements : this.#portals).has(name)) return this.#error("26000");
    return kind === "S" ? "t T" : "T";
  }
}

/**
 * Random conversations: one ReadyForQuery for each message that asks for one, no refused text at the server, what is held run only as
 * persons agreed, every act settled once.
 */
export async function repliesNeverShift(random: Random, forbidden: string = FORBIDDEN): Promise<void> {
  const [approvals, executor] = [standInApprovals(), standInExecutor()];
  const table = sessionTable(random() < 0.7 ? { approvals, executor, settings: new Map() } : undefined);
  table.guard.slow = random() < 0.3;
  const server = new ModelServer();
  let lines: string[] = Array.from({ length: 1 + below(random, 25) }, () => pick(random, LINES));
  // A text in the middle of a failed batch is dropped, as the server does; each batch is closed so that the count is certain.
  lines = lines.flatMap((line) => (line.startsWith("Q") || line.startsWith("F") ? ["S", line] : [line])).concat("S");
  const due = lines.filter((line) => line === "S" || line.startsWith("Q") || line.startsWith("F")).length;
  const fromClient = chunks(random, Buffer.concat(lines.map(clientMessage)));
  const fromServer: Buffer[] = [];
  const said: Buffer[] = [];
  for (let turns = 0, idle = 0; idle < 12; turns++) {
    expect(turns < 5_000, "the conversation ends");
    const chunk = random() < 0.5 ? fromClient.shift() : undefined;
    if (chunk !== undefined) table.session.fromClient(chunk);
    const reply = random() < 0.5 ? fromServer.shift() : undefined;
    if (reply !== undefined) table.session.fromServer(reply);
    const taken = table.taken();
    said.push(taken.client);
    fromServer.push(...chunks(random, server.receive(taken.server)));
    // What is refused here is answered without the server: each such answer is a sign of life, too.
    const nothingSaid = taken.server.length === 0 && taken.client.length === 0;
    const quiet = fromClient.length === 0 && fromServer.length === 0 && nothingSaid && reply === undefined;
    idle = quiet ? idle + 1 : 0;
    if (quiet || random() < 0.2) await new Promise<void>((resolve) => setTimeout(resolve, table.guard.slow && quiet ? 1 : 0));
  }
  const heard = words(Buffer.concat(said));
  const story = `${lines.join(" ; ")}\nheard: ${heard.said.join(" ")}`;
  expect(table.session.core.closed === undefined, `the session was closed: ${table.session.core.closed?.because}\n${story}`);
  expect(!server.texts.some((text) => text.includes(forbidden)), `a refused text reached the server\n${story}`);
  expect(!server.ran.some((text) => text.includes(HELD)), `a held text ran at the server\n${story}`);
  const used = approvals.tickets.filter((line) => line === "end used").length;
  expect(executor.ran.length === used, `${executor.ran.length} acts ran on ${used} answers\n${story}`);
  const [word = ""] = executor.answers.split(":").slice(1);
  const told = heard.said.filter((said) => said === `C:${word}`).length;
  expect(told === used, `${used} approved acts were carried out and ${told} answered\n${story}`);
  expect(heard.said.filter((word) => word.startsWith("Z")).length === due, `${due} times ready were due\n${story}`);
  expect(heard.rest.length === 0, "half a message was left");
  table.session.lost("the run ends");
  for (const { id, kind } of table.guard.admissions)
    expect(!kind.startsWith("allow") || table.guard.settled.has(id), `${id} has no outcome\n${story}`);
}

/** Must fail: it takes an allowed text for a refused one. That it fails shows that the others would. */
export const canary = (random: Random): Promise<void> => repliesNeverShift(random, "select");
