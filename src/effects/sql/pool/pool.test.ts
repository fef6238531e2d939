/** The pool with hostile and ordinary texts: what breaks a worker is refused, and the next text is judged as if nothing had been. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { builtinCatalogue } from "../../../catalogue/builtin/builtin.ts";
import { limits } from "../../../base/limits.ts";
import type { SqlContext, SqlPayload } from "../../../model/action.ts";
import { createSqlAnalyser } from "./pool.ts";

const context: SqlContext = {
  role: "app",
  sessionRole: "app",
  searchPath: ["pg_catalog", "public"],
  temporary: [],
  catalogueVersion: 0,
  pendingDdl: [],
};
const payload = (text: string, over: Partial<SqlContext> = {}): SqlPayload => ({
  kind: "sql",
  text,
  door: "simple",
  context: { ...context, ...over },
});
const harmless = payload("SELECT relname FROM pg_class");

describe("the pool", () => {
  const pool = createSqlAnalyser({ workers: 1, analysisMsMax: 1_500 });
  pool.publish(builtinCatalogue());
  after(() => pool.close());

  async function demandUsable(): Promise<void> {
    const answer = await pool.analyse(harmless);
    assert.equal(answer.kind, "understood");
  }

  async function demandRefused(text: string, code: string): Promise<void> {
    const answer = await pool.analyse(payload(text));
    assert.equal(answer.kind === "refused" ? answer.code : answer.kind, code);
    await demandUsable();
  }

  test("judges a text in a worker", demandUsable);
  test("refuses what does not parse", () => demandRefused("SELEC 1", "not_parsed"));
  test("refuses a NUL", () => demandRefused("SELECT 1\0; DROP TABLE x", "not_parsed"));
  test("refuses half a surrogate pair", () => demandRefused("SELECT '\ud800'", "not_parsed"));
  test("refuses a text beyond the limit", () => demandRefused(`SELECT '${"x".repeat(limits.sqlTextBytesMax)}'`, "too_large"));
  test("refuses text that overflows the parser, again and again", async () => {
    for (let round = 0; round < 4; round += 1) await demandRefused(`SELECT ${"1+".repeat(250_000)}1`, "analysis_unavailable");
  });
  test("refuses a text that takes too long", () =>
    demandRefused(`${"/*".repeat(60_000)}${"*/".repeat(60_000)} SELECT 1`, "analysis_unavailable"));
  test("answers what stood behind a text that broke the worker", async () => {
    const answers = await Promise.all([payload(`SELECT ${"1+".repeat(250_000)}1`), harmless, harmless].map((one) => pool.analyse(one)));
    assert.deepEqual(
      answers.map((answer) => answer.kind),
      ["refused", "understood", "understood"],
    );
  });
  test("refuses a catalogue version it was not given", async () => {
    const answer = await pool.analyse(payload("SELECT 1", { catalogueVersion: 99 }));
    assert.equal(answer.kind === "refused" ? answer.code : answer.kind, "analysis_unavailable");
  });
  test("knows a session's uncommitted DDL", async () => {
    const answer = await pool.analyse(payload("DELETE FROM made WHERE id = 1", { pendingDdl: ["CREATE TABLE made (id int PRIMARY KEY)"] }));
    assert.equal(answer.kind, "understood");
    if (answer.kind === "understood")
      assert.deepEqual(
        answer.statements[0]?.effects.map((effect) => effect.extent),
        [{ kind: "at_most", count: 1 }],
      );
  });
});

test("a closed pool refuses", async () => {
  const pool = createSqlAnalyser({ workers: 1 });
  await pool.close();
  const answer = await pool.analyse(harmless);
  assert.equal(answer.kind === "refused" ? answer.code : answer.kind, "analysis_unavailable");
});
