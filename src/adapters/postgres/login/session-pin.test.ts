import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Conversation, disturb, lie, play, typedLengths } from "../../../../test/playbooks/conversation.ts";
import type { SessionLimits } from "../../../model/session-limits.ts";
import { toClient } from "../codec/auth-messages.ts";
import { type PinCommand, SessionPin } from "./session-pin.ts";

const noLimits: SessionLimits = { statementMsMax: null, transactionMsMax: null, idleInTransactionMsMax: null, sessionMsMax: null };
type Talk = Conversation<SessionPin, PinCommand>;

function row(...values: readonly (string | null)[]): Buffer {
  const fields = values.map((value) => {
    const text = Buffer.from(value ?? "");
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === null ? -1 : text.length);
    return Buffer.concat([length, text]);
  });
  const body = Buffer.concat(fields);
  const head = Buffer.from("D\0\0\0\0\0\0", "latin1");
  head.writeInt32BE(6 + body.length, 1);
  head.writeInt16BE(values.length, 5);
  return Buffer.concat([head, body]);
}

const described = Buffer.from("T\0\0\0\x06\0\0", "latin1");
const complete = Buffer.from("C\0\0\0\x08SET\0", "latin1");
const answer = (...frames: readonly Buffer[]) => Buffer.concat([complete, described, ...frames, complete, toClient.readyForQuery()]);
const good = ["4711", "owner", "owner", '["pg_catalog","Odd \\" name"]', "f", "UTF8", "on"] as const;

function talk(
  settings: readonly (readonly [string, string])[] = [],
  limits = noLimits,
  version = "180004",
  facts: readonly (string | null)[] = good,
): Talk {
  return {
    machine: () => new SessionPin({ limits, settings: new Map(settings), parameters: new Map([["client_encoding", "SQL_ASCII"]]) }),
    turns: [
      (_said, m) => [m.start()],
      () => answer(toClient.parameterStatus("client_encoding", "UTF8"), row(version)),
      () => answer(row(...facts)),
    ],
  };
}
const succeeded = (command: PinCommand) => command.kind === "pinned";
const pinned = (conversation: Talk) => {
  const last = play(conversation).at(-1);
  assert.ok(last?.kind === "pinned", JSON.stringify(last));
  return last;
};
const failed = (conversation: Talk) => {
  const last = play(conversation).at(-1);
  assert.ok(last?.kind === "failed", JSON.stringify(last));
  return last;
};

describe("pinning", () => {
  test("gives the server's facts and keeps its parameters up to date", () => {
    const { facts, pinSql, pinnedSettings } = pinned(talk());
    assert.deepEqual(
      [facts.process, facts.role, facts.sessionRole, facts.superuser, facts.versionNumber],
      [4711, "owner", "owner", false, 180_004],
    );
    assert.deepEqual(facts.searchPath, ["pg_catalog", 'Odd " name']);
    assert.equal(facts.parameters.get("client_encoding"), "UTF8");
    assert.equal(pinSql, "SET client_encoding = UTF8; SET standard_conforming_strings = on");
    assert.deepEqual(Array.from(pinnedSettings), ["client_encoding", "standard_conforming_strings"]);
  });

  test("survives every split, truncation and lying length", () => {
    disturb(talk(), succeeded);
    lie(talk(), (_turn, bytes) => typedLengths(bytes), succeeded);
  });

  test("sets the limits, and the client's lower wish over them, transaction_timeout from 17 on", () => {
    const limits = { statementMsMax: 1000, transactionMsMax: 2000, idleInTransactionMsMax: 3000, sessionMsMax: 4000 };
    const sql = (version: string) => pinned(talk([["statement_timeout", "500"]], limits, version)).pinSql;
    assert.match(sql("180004"), /\$v\$statement_timeout\$v\$, \$v\$500\$v\$/);
    assert.match(sql("170000"), /transaction_timeout\$v\$, \$v\$2000\$v\$/);
    assert.doesNotMatch(sql("160004"), /\$v\$transaction_timeout/);
    assert.equal(pinned(talk([], limits)).pinnedSettings.size, 5);
  });

  test("a value cannot leave its quotes", () => {
    const values = ["$v$, true); DROP TABLE t; --", "a'b\\", "$vv$$v$", "ends with $", "$v"];
    const { pinSql } = pinned(talk(values.map((value, i) => [`s${i}`, value])));
    for (const value of values) {
      const quoted = /\(\$v\$s\d\$v\$, (\$v+\$)/g;
      assert.ok(
        Array.from(pinSql.matchAll(quoted)).some(
          ([, tag = ""]) => !value.includes(tag.slice(0, -1)) && pinSql.includes(`${tag}${value}${tag}`),
        ),
        value,
      );
    }
  });

  test("a server that did not take the pins is left", () => {
    assert.match(failed(talk([], noLimits, "180004", [...good.slice(0, 5), "SJIS", "on"])).because, /did not keep/);
    assert.match(failed(talk([], noLimits, "180004", [...good.slice(0, 5), "UTF8", "off"])).because, /did not keep/);
  });

  test("answers that make no sense are not believed", () => {
    assert.match(failed(talk([], noLimits, "eighteen")).because, /version/);
    assert.match(failed(talk([], noLimits, "180004", ["x", ...good.slice(1)])).because, /not understood/);
    assert.match(failed(talk([], noLimits, "180004", ["1", "a", "a", '{"a":1}', "f", "UTF8", "on"])).because, /not understood/);
    assert.match(failed(talk([], noLimits, "180004", ["1", "a", "a", "[1", "f", "UTF8", "on"])).because, /malformed/);
    assert.match(failed(talk([], noLimits, "180004", ["1", null, "a", "[]", "f", "UTF8", "on"])).because, /not understood/);
  });

  test("superuser or not known counts as superuser", () => {
    for (const value of ["t", null])
      assert.equal(pinned(talk([], noLimits, "180004", ["1", "a", "a", "[]", value, "UTF8", "on"])).facts.superuser, true);
  });

  test("an error about the client's settings reaches it, one before that does not", () => {
    const error = toClient.error({ severity: "ERROR", sqlstate: "22023", message: "invalid value" });
    const [start, version] = talk().turns;
    const refused = (turns: Talk["turns"]) => failed({ machine: talk().machine, turns });
    if (start === undefined || version === undefined) throw new Error("unreachable");
    const broken = () => Buffer.concat([error, toClient.readyForQuery()]);
    assert.deepEqual(
      [refused([start, version, broken]).sqlstate, refused([start, version, broken]).message],
      ["22023", "the session could not be set up: invalid value"],
    );
    assert.equal(refused([start, broken]).sqlstate, "08006");
  });

  test("a server that offers COPY, or anything else, is left", () => {
    const [start] = talk().turns;
    if (start === undefined) throw new Error("unreachable");
    for (const type of ["G", "H", "R", "K", "d", "1"]) {
      const frame = Buffer.from(`${type}\0\0\0\x04`, "latin1");
      assert.match(failed({ machine: talk().machine, turns: [start, () => frame] }).because, /while its session was pinned/);
    }
  });
});
