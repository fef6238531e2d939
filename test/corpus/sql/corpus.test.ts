/** Every specimen of the corpus through the analysis: expected tag and effects, and a label that the effects must bear out. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { Effect } from "../../../src/model/effect.ts";
import type { Analysis } from "../../../src/effects/analyse.ts";
import { detailWords } from "../../../src/effects/sql/details.ts";
import { analyseInCorpus } from "./judge.ts";
import { corpusFiles, corpusPath, readCorpus, type Label } from "./corpus.ts";

const HARMLESS_EXECUTES = new Set(["set", "set_context", "set_read_only", "set_transaction", "transaction", "prepare", "deallocate", "cursor", "listen", "sleep", "call", "discard", "execute_prepared", "advisory_lock"]);
const GRAVE_DEFINES = new Set(["alter_type", "alter_system", "set_stored_pinned", "disable_trigger", "create_security_definer", "create_event_trigger", "create_rule", "foreign_server", "alter_detach_partition", "rewrite", "create_trigger", "create_extension", "alter_extension", "create_operator", "create_database", "alter_database", "create_tablespace", "stored_change"]);

/** A coarse reading of effects, independent of any policy: only to hold the labels against. */
function gravity(effects: readonly Effect[]): Label {
  const of = (effect: Effect): Label => {
    const temporary = effect.resource.name.startsWith("pg_temp.");
    switch (effect.operation) {
      case "read": return effect.classification === "secret" ? "destructive" : "safe";
      case "execute":
        if (HARMLESS_EXECUTES.has(effect.detail)) return "safe";
        return ["analyze", "vacuum", "notify"].includes(effect.detail) ? "write" : "destructive";
      case "create": return effect.resource.type === "catalogue" ? "destructive" : "write";
      case "define": return GRAVE_DEFINES.has(effect.detail) ? "destructive" : "write";
      case "update":
        if (effect.resource.type === "file" || effect.resource.type === "catalogue") return "destructive";
        return effect.extent.kind === "unbounded" && effect.detail !== "refresh" ? "destructive" : "write";
      case "delete":
        if (temporary) return "write";
        if (effect.reversibility === "irreversible" || effect.extent.kind === "unbounded") return "destructive";
        return effect.resource.type === "table" || effect.resource.type === "view" ? "write" : "destructive";
      case "grant":
      case "connect":
      case "unknown": return "destructive";
    }
  };
  const all = effects.map(of);
  return all.includes("destructive") ? "destructive" : all.includes("write") ? "write" : "safe";
}

/** The analysis as the corpus writes it. */
function render(analysis: Analysis): readonly string[] {
  if (analysis.kind === "refused") return [` refused ${analysis.code}`];
  return analysis.statements.flatMap((statement) => [
    ` ${[statement.tag, statement.readOnly ? "read-only" : "", statement.transaction === "none" ? "" : statement.transaction, statement.changesContext ? "changes-context" : "", statement.definesObjects ? "defines" : "", statement.immediate ? "immediate" : "", statement.copy ?? ""].filter((word) => word !== "").join(" ")}`,
    ...statement.effects.map((effect) => {
      const extent = "count" in effect.extent ? `${effect.extent.kind}:${effect.extent.count}` : effect.extent.kind;
      return `   ${[effect.operation, effect.resource.type, JSON.stringify(effect.resource.name), effect.detail, extent, effect.cause, effect.classification ?? ""].join(" ").trimEnd()}`;
    }),
  ]);
}

const words = new Map(detailWords.map((one) => [one.word, one.operations]));
let specimens = 0;

for (const file of corpusFiles()) {
  describe(`corpus ${file}`, async () => {
    const { head, specimens: all } = readCorpus(file);
    specimens += all.length;
    const rewritten: string[] = [head];
    for (const specimen of all) {
      const analysis = await analyseInCorpus(specimen.sql);
      const lines = render(analysis);
      rewritten.push([specimen.label, specimen.sql, ...lines.map((line) => `>>${line}`)].join("\n"));
      test(specimen.sql.replaceAll("\n", " ").slice(0, 100), () => {
        if (process.env["UPDATE_EXPECT"] !== "1") assert.deepEqual(lines, specimen.expected);
        const effects = analysis.kind === "refused" ? [] : analysis.statements.flatMap((statement) => statement.effects);
        assert.equal(analysis.kind === "refused" ? "destructive" : gravity(effects), specimen.label, `the effects do not bear out the label: ${lines.join(" ;")}`);
        for (const effect of effects) assert.ok(words.get(effect.detail)?.includes(effect.operation), `details.ts does not list ${effect.detail} with ${effect.operation}`);
      });
    }
    if (process.env["UPDATE_EXPECT"] === "1") writeFileSync(corpusPath(file), `${rewritten.join("\n\n")}\n`);
  });
}

test("the corpus holds at least 400 specimens", () => assert.ok(specimens >= 400, `${specimens}`));
