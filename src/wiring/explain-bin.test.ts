import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { compilePolicy } from "../config/compile-policy.ts";
import { resolvePolicy } from "../config/policy-document.ts";
import { presetEntries } from "../config/presets.ts";
import { type Explainer, openExplainer } from "./explainer.ts";

const schema = `
  CREATE TABLE a (id serial PRIMARY KEY, note text);
  CREATE TABLE b (id int REFERENCES a);
  CREATE TABLE log (at timestamptz);
  CREATE VIEW v AS SELECT * FROM a;
  CREATE INDEX i ON a (note);
  CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION noting() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO log VALUES (now()); RETURN NULL; END';
  CREATE TABLE watched (id int);
  CREATE TRIGGER noted BEFORE TRUNCATE ON watched EXECUTE FUNCTION noting();
  CREATE FUNCTION away() RETURNS void LANGUAGE plpgsql AS 'BEGIN DROP TABLE a; END';
`;

/** What guarded-writes answers in staging, at a target that keeps a bin. */
const answers: readonly (readonly [sql: string, answer: "bin" | "unfit" | "allow" | "deny"])[] = [
  ["DROP TABLE a, b", "bin"],
  ["DROP TABLE IF EXISTS nothing_there", "bin"],
  ["DROP TABLE a CASCADE", "bin"],
  ["DROP VIEW v", "bin"],
  ["DROP INDEX i", "bin"],
  ["DROP FUNCTION f(int)", "bin"],
  ["DROP SCHEMA public CASCADE", "bin"],
  ["DROP DATABASE shop", "bin"],
  ["TRUNCATE a RESTART IDENTITY CASCADE", "bin"],
  ["ALTER TABLE a DROP COLUMN note", "bin"],
  ["ALTER TABLE a DROP COLUMN note, DROP COLUMN IF EXISTS gone CASCADE", "bin"],
  ["BEGIN; DROP TABLE b; CREATE TABLE b (id int); COMMIT", "bin"],
  ["CREATE TABLE c (id int); DROP TABLE a; INSERT INTO b VALUES (1)", "bin"],
  ["CREATE TEMP TABLE t (id int); DROP TABLE pg_temp.t", "allow"],
  ["CREATE TEMP TABLE t (id int); DROP TABLE pg_temp.t, a", "unfit"],
  ["DO $$ BEGIN DROP TABLE a; END $$", "unfit"],
  ["SELECT away()", "unfit"],
  ["DROP TABLE b; SELECT away()", "unfit"],
  ["DROP INDEX CONCURRENTLY i", "unfit"],
  ["DROP EXTENSION plpgsql", "unfit"],
  ["ALTER TABLE a DROP COLUMN note, ADD COLUMN other int", "unfit"],
  ["TRUNCATE watched", "unfit"],
  ["DROP TABLE a; DROP ROLE someone", "deny"],
];

interface Answer {
  readonly decision: string;
  readonly bin?: true;
  readonly reason: { readonly message: string };
}

describe("what goes into a bin, by the analysis and a preset", () => {
  let kept: Explainer;
  let without: Explainer;

  before(async () => {
    const known = new Map(presetEntries());
    const entry = known.get("guarded-writes");
    assert(entry !== undefined);
    const environment = "staging";
    const policy = compilePolicy(resolvePolicy("guarded-writes", entry, known).document, { environment });
    kept = await openExplainer({ environment, policy, schema: [schema], bin: true });
    without = await openExplainer({ environment, policy, schema: [schema] });
  });
  after(async () => {
    await kept?.close();
    await without?.close();
  });

  for (const [sql, answer] of answers) {
    test(`${sql}: ${answer}`, async () => {
      assert.deepEqual(kept.notUnderstood, []);
      const line = JSON.stringify({ sql });
      const { decision, bin, reason } = JSON.parse(await kept.explain(line)) as Answer;
      const expected = { bin: "allow", unfit: "hold", allow: "allow", deny: "deny" }[answer];
      assert.deepEqual([decision, bin === true], [expected, answer === "bin"], reason.message);
      if (answer === "unfit") assert.match(reason.message, /cannot go into the bin in this form/);
      const elsewhere = JSON.parse(await without.explain(line)) as Answer;
      assert.equal(elsewhere.bin, undefined);
      assert.equal(elsewhere.decision, answer === "bin" || answer === "unfit" ? "hold" : expected);
      if (answer === "bin") assert.match(elsewhere.reason.message, /no bin is kept here/);
    });
  }
});
