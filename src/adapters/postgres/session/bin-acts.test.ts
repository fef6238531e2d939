import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { clientMessage, message, serverMessages, words } from "../../../../test/playbooks/wire-messages.ts";
import { sessionTable, settled, type Table } from "../../../../test/playbooks/wire-session.ts";
import type { BinPort, BinWanted } from "./bin-port.ts";

/** A stand-in for the bin: it gives numbered tickets, or none, and keeps what it was asked and told. */
interface StandInBin extends BinPort {
  readonly wanted: BinWanted[];
  readonly told: { readonly tickets: readonly string[]; readonly end: string }[];
  refuses: string | undefined;
  /** Answers come when this is called. */
  answer: () => void;
  waits: boolean;
}

function standInBin(): StandInBin {
  const bin: StandInBin = {
    wanted: [],
    told: [],
    refuses: undefined,
    waits: false,
    answer: () => {},
    async issue(wanted) {
      bin.wanted.push(...wanted);
      const from = bin.wanted.length - wanted.length;
      if (bin.waits) await new Promise<void>((resolve) => (bin.answer = resolve));
      const { refuses } = bin;
      return wanted.map((_, i) => (refuses === undefined ? { ticket: `ticket_${from + i}` } : { because: refuses }));
    },
    dropDatabase: async () => ({ kind: "unavailable", because: "a stand-in has none" }),
    lookAtDatabase: async () => ({ kind: "unavailable", because: "a stand-in has none" }),
    ended: (tickets, end) => void bin.told.push({ tickets: [...tickets], end }),
  };
  return bin;
}

function scene(): { readonly table: Table; readonly bin: StandInBin } {
  const bin = standInBin();
  const table = sessionTable(undefined, bin);
  table.guard.obligations = [{ kind: "bin" }];
  return { table, bin };
}

async function says(table: Table, ...lines: readonly string[]): Promise<readonly string[]> {
  table.session.fromClient(Buffer.concat(lines.map(clientMessage)));
  await settled();
  const { server, client } = table.taken();
  assert.equal(client.length, 0, words(client).said.join(" "));
  return texts(server);
}

async function hears(table: Table, ...answers: readonly (string | Buffer)[]): Promise<Buffer> {
  for (const answer of answers) table.session.fromServer(typeof answer === "string" ? serverMessages(answer) : Buffer.from(answer));
  await settled();
  return table.taken().client;
}

/** Each message that reached the server: its type and its printable text. */
function texts(bytes: Buffer): readonly string[] {
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += 1 + bytes.readInt32BE(at + 1)) {
    const body = bytes.subarray(at + 5, at + 1 + bytes.readInt32BE(at + 1)).toString("utf8");
    found.push(`${String.fromCharCode(bytes[at] ?? 0)} ${body.replaceAll(/\0+/g, "|").replaceAll(/\s+/g, " ")}`);
  }
  return found;
}

const error = (fields: Record<string, string>): Buffer =>
  message("E", ...Object.entries({ S: "ERROR", V: "ERROR", C: "2BP01", ...fields }).map(([letter, value]) => `${letter}${value}`), [0]);

describe("a simple query that goes into the bin", () => {
  test("is sent as a call, and answered with the tag of its own", async () => {
    const { table, bin } = scene();
    assert.deepEqual(await says(table, "Q DROP TABLE t CASCADE"), ["Q CALL holdfast_bin.carry_out('ticket_0')|"]);
    assert.deepEqual(
      bin.wanted.map(({ text, role, serverProcess, tag }) => [text, role, serverProcess, tag]),
      [["DROP TABLE t CASCADE", "agent", 4711, "DROP TABLE"]],
    );
    assert.deepEqual(words(await hears(table, "N C:CALL Z:I")).said, ["N", "C:DROP_TABLE", "Z:I"]);
    assert.deepEqual(bin.told, [{ tickets: ["ticket_0"], end: "committed" }]);
    assert.deepEqual(
      [...table.guard.settled.values()].map(({ status }) => status),
      ["succeeded"],
    );
  });

  test("keeps every other statement of its text as it was", async () => {
    const { table, bin } = scene();
    const text = "insert into a values ('é'); DROP TABLE t; insert into b values (1) -- and so on";
    const sent = await says(table, `Q ${text}`);
    assert.deepEqual(sent, [
      "Q insert into a values ('é'); CALL holdfast_bin.carry_out('ticket_0'); insert into b values (1) -- and so on|",
    ]);
    assert.deepEqual(
      bin.wanted.map(({ text: each }) => each.trim()),
      ["DROP TABLE t"],
    );
    assert.deepEqual(words(await hears(table, "C:INSERT_0_1 C:CALL C:INSERT_0_1 Z:I")).said, [
      "C:INSERT_0_1",
      "C:DROP_TABLE",
      "C:INSERT_0_1",
      "Z:I",
    ]);
  });

  test("has a ticket for each of its statements", async () => {
    const { table, bin } = scene();
    await says(table, "Q DROP TABLE a; DROP TABLE b");
    assert.equal(bin.wanted.length, 2);
    assert.deepEqual(words(await hears(table, "C:CALL C:CALL Z:I")).said, ["C:DROP_TABLE", "C:DROP_TABLE", "Z:I"]);
    assert.deepEqual(bin.told, [{ tickets: ["ticket_0", "ticket_1"], end: "committed" }]);
  });

  test("stands under limits on rows in a block of ours, and is told when the meter has agreed", async () => {
    const { table } = scene();
    table.guard.obligations = [{ kind: "rows_changed_max", rows: 10 }, { kind: "bin" }];
    const sent = await says(table, "Q DROP TABLE t");
    assert.deepEqual(sent, ["Q BEGIN|", "Q CALL holdfast_bin.carry_out('ticket_0')|"]);
    assert.deepEqual(words(await hears(table, "C:BEGIN Z:T", "C:CALL Z:T")).said, []);
    assert.match(texts(table.taken().server).join(), /^$/);
  });

  test("in a block is told to the bin when the block has ended, however it does", async () => {
    for (const [line, end] of [
      ["COMMIT", "committed"],
      ["ROLLBACK", "rolled_back"],
    ] as const) {
      const { table, bin } = scene();
      await says(table, "Q BEGIN");
      await hears(table, "C:BEGIN Z:T");
      await says(table, "Q DROP TABLE t");
      await hears(table, "C:CALL Z:T");
      assert.deepEqual(bin.told, []);
      await says(table, `Q ${line}`);
      await hears(table, `C:${line} Z:I`);
      assert.deepEqual(bin.told, [{ tickets: ["ticket_0"], end }]);
    }
  });

  test("is not sent before its ticket is there, and nothing behind it is", async () => {
    const { table, bin } = scene();
    bin.waits = true;
    assert.deepEqual(await says(table, "Q DROP TABLE t", "Q select 1"), []);
    bin.answer();
    await settled();
    assert.deepEqual(texts(table.taken().server), ["Q CALL holdfast_bin.carry_out('ticket_0')|"]);
  });

  test("is refused by name where there is no ticket, and nothing is sent", async () => {
    const { table, bin } = scene();
    bin.refuses = "the server's connection was lost";
    table.session.fromClient(clientMessage("Q insert into a values (1); DROP TABLE t"));
    await settled();
    const { server, client } = table.taken();
    assert.equal(server.length, 0);
    assert.deepEqual(words(client).said, ["E:42501", "Z:I"]);
    assert.match(client.toString("utf8"), /cannot be put into the bin: the server's connection was lost/);
    assert.deepEqual(
      [...table.guard.settled.values()].map(({ status }) => status),
      ["failed"],
    );
  });

  test("is refused behind what moves names in the same text: the ticket would hold others", async () => {
    const { table, bin } = scene();
    table.guard.admit = ((admit) => async (action, can) => {
      const admission = await admit(action, can);
      if (admission.kind !== "allow") return admission;
      const [set, ...rest] = admission.statements;
      const [drop] = rest;
      assert(set !== undefined && drop !== undefined);
      const effects = drop.effects.map((effect) => ({ ...effect, operation: "execute" as const, detail: "set_context" }));
      return { ...admission, statements: [{ ...set, effects }, ...rest] };
    })(table.guard.admit.bind(table.guard));
    table.session.fromClient(clientMessage("Q SET search_path = other; DROP TABLE t"));
    await settled();
    assert.deepEqual([words(table.taken().client).said, bin.wanted], [["E:42501", "Z:I"], []]);
  });

  test("a ticket that could end its literal is no ticket", async () => {
    const { table, bin } = scene();
    bin.issue = async (wanted) => wanted.map(() => ({ ticket: "x'); DROP TABLE u; --" }));
    table.session.fromClient(clientMessage("Q DROP TABLE t"));
    await settled();
    const { server, client } = table.taken();
    assert.deepEqual([server.length, words(client).said], [0, ["E:42501", "Z:I"]]);
  });

  test("a client that goes before the ticket comes leaves nothing behind", async () => {
    const { table, bin } = scene();
    bin.waits = true;
    await says(table, "Q DROP TABLE t");
    table.session.lost("the client was lost", true);
    bin.answer();
    await settled();
    assert.equal(table.taken().server.length, 0);
    assert.deepEqual(
      [...table.guard.settled.values()].map(({ status }) => status),
      ["failed"],
    );
    assert.deepEqual(bin.told, []);
  });
});

describe("what the server says of it", () => {
  const context = 'SQL statement "DROP TABLE t"\nPL/pgSQL function holdfast_bin.carry_out(text) line 9 at EXECUTE';

  test("is told without the call's own lines", async () => {
    const { table } = scene();
    await says(table, "Q DROP TABLE t");
    const told = (await hears(table, error({ M: "cannot drop table t", D: "view v depends on it", W: context }), "Z:I")).toString("utf8");
    assert.match(told, /Mcannot drop table t\0Dview v depends on it\0/);
    assert.doesNotMatch(told, /holdfast_bin|SQL statement|W/);
  });

  test("keeps the lines of what the statement itself ran", async () => {
    const { table } = scene();
    await says(table, "Q DROP TABLE t");
    const above = "PL/pgSQL function watching() line 3 at RAISE";
    const notice = message("N", "SNOTICE", "VNOTICE", "C00000", "Mseen", `W${above}\n${context}`, [0]);
    assert.match((await hears(table, notice)).toString("utf8"), /WPL\/pgSQL function watching\(\) line 3 at RAISE\0\0$/);
  });

  test("is a refusal where the bin cannot keep it", async () => {
    const { table } = scene();
    await says(table, "Q DROP TABLE t");
    const told = await hears(table, error({ C: "HF002", M: "extension x would go along", W: context }), "Z:I");
    assert.deepEqual(words(told).said, ["E:42501", "Z:I"]);
    assert.match(
      told.toString("utf8"),
      /Mholdfast: what it removes cannot be put into the bin: extension x would go along\0Dcode: obligation_unfulfilled/,
    );
  });

  test("has positions of the client's text, in front of the call and behind it", async () => {
    const text = "insert into ä values (1); DROP TABLE t; insert into nowhere values (2)";
    const behind = [...text].join("").indexOf("nowhere") + 1;
    const { table } = scene();
    const [sent = ""] = await says(table, `Q ${text}`);
    const position = [...sent.slice(2)].join("").indexOf("nowhere") + 1;
    assert.notEqual(position, behind);
    const failed = error({ C: "42P01", M: "no such relation", P: String(position) });
    assert.match((await hears(table, "C:INSERT_0_1 C:CALL", failed)).toString("utf8"), new RegExp(`P${behind}\\0`));
    const other = scene();
    await says(other.table, `Q ${text}`);
    assert.match((await hears(other.table, error({ P: "13" }))).toString("utf8"), /P13\0/);
  });

  test("comes in pieces and is told whole", async () => {
    const { table } = scene();
    await says(table, "Q DROP TABLE t");
    const bytes = Buffer.concat([error({ M: "no", W: context }), serverMessages("Z:I")]);
    const told = await hears(table, ...Array.from(bytes, (byte) => Buffer.from([byte])));
    assert.deepEqual(words(told).said, ["E:2BP01", "Z:I"]);
  });
});

describe("the extended protocol", () => {
  test("has the call under the statement's name, and describes the statement", async () => {
    const { table } = scene();
    const sent = await says(table, "P s|DROP TABLE t", "DS s", "B |s", "DP ", "E ", "S");
    assert.deepEqual(
      sent.map((one) => one.slice(0, 1)),
      ["P", "D", "B", "D", "E", "S"],
    );
    assert.match(sent[0] ?? "", /CALL holdfast_bin.carry_out\(\$1\)/);
    assert.match(sent[2] ?? "", /ticket_0/);
    const described = message("t", [0, 1], [0, 0, 0, 25]);
    const told = await hears(table, "1", described, "n 2 n C:CALL Z:I");
    assert.deepEqual(words(told).said, ["1", "t", "n", "2", "n", "C:DROP_TABLE", "Z:I"]);
    assert(told.includes(message("t", [0, 0])), "no parameter that the client did not give");
  });

  test("takes a ticket of its own for each execution of a statement", async () => {
    const { table, bin } = scene();
    await says(table, "P s|DROP TABLE IF EXISTS t", "S");
    await hears(table, "1 Z:I");
    for (const [i] of [0, 1].entries()) {
      assert.match((await says(table, "B |s", "E ", "S"))[0] ?? "", new RegExp(`ticket_${i}\\b`));
      assert.deepEqual(words(await hears(table, "2 C:CALL Z:I")).said, ["2", "C:DROP_TABLE", "Z:I"]);
    }
    assert.deepEqual(
      bin.told.map(({ tickets }) => tickets),
      [["ticket_0"], ["ticket_1"]],
    );
    assert.equal(new Set(bin.wanted.map(({ action }) => action)).size, 2, "and two acts");
    assert.deepEqual(
      [...table.guard.settled.values()].map(({ status }) => status),
      ["succeeded", "succeeded"],
    );
  });

  test("two executions in one batch are two acts, the second judged behind the first", async () => {
    const { table, bin } = scene();
    await says(table, "P s|DROP TABLE IF EXISTS t", "B a|s", "E a", "B b|s", "E b", "S");
    await hears(table, "1 2 C:CALL");
    assert.equal(bin.wanted.length, 2);
    await hears(table, "2 C:CALL Z:I");
    assert.deepEqual(bin.told, [{ tickets: ["ticket_0", "ticket_1"], end: "committed" }]);
    assert.equal(new Set(bin.wanted.map(({ action }) => action)).size, 2);
    assert.deepEqual(
      [...table.guard.settled.values()].map(({ status }) => status),
      ["succeeded", "succeeded"],
    );
  });

  test("a portal that was bound before the schema changed is to be bound again", async () => {
    const { table } = scene();
    await says(table, "P s|DROP TABLE IF EXISTS t", "B a|s", "B b|s", "E a", "E b", "S");
    table.session.fromServer(serverMessages("1 2 2 C:CALL"));
    await settled();
    const { server, client } = table.taken();
    assert.deepEqual(words(client).said, ["1", "2", "2", "C:DROP_TABLE"]);
    assert.deepEqual(
      texts(server).map((one) => one.slice(0, 1)),
      ["P", "H", "S"],
      "the batch fails",
    );
    assert.deepEqual(words(await hears(table, "E:42601 Z:I")).said, ["E:42501", "Z:I"]);
  });

  test("a portal that nobody executes has an outcome all the same", async () => {
    const { table, bin } = scene();
    await says(table, "P |DROP TABLE t", "B |", "S");
    await hears(table, "1 2 Z:I");
    assert.deepEqual(
      [...table.guard.settled.values()].map(({ status }) => status),
      ["failed"],
    );
    assert.deepEqual(bin.told, []);
  });

  test("a Bind with parameters is refused as the server would", async () => {
    const { table } = scene();
    await says(table, "P s|DROP TABLE t", "S");
    await hears(table, "1 Z:I");
    table.session.fromClient(Buffer.concat([message("B", "", "s", [0, 0, 0, 1, 0, 0, 0, 1, 0x31, 0, 0]), clientMessage("S")]));
    await settled();
    assert.deepEqual(words(table.taken().client).said, ["E:08P01", "Z:I"]);
  });

  test("is refused by name without a ticket", async () => {
    const { table, bin } = scene();
    bin.refuses = "no bin";
    table.session.fromClient(Buffer.concat(["P |DROP TABLE t", "B |", "E ", "S"].map(clientMessage)));
    await settled();
    const sent = texts(table.taken().server);
    assert(!sent.some((one) => one.startsWith("E") || one.startsWith("B")), sent.join());
    assert.deepEqual(words(await hears(table, "1 E:42601 Z:I")).said, ["1", "E:42501", "Z:I"]);
    assert.deepEqual(
      [...table.guard.settled.values()].map(({ status }) => status),
      ["failed"],
    );
  });
});
