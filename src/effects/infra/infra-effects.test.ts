/** Plans of Terraform and Pulumi to effects: what loses data is never less than a destroy, and no value of a plan is ever shown. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { infraEffects, readInfraPlan } from "./infra-effects.ts";

type Change = Readonly<Record<string, unknown>>;

function terraform(changes: readonly Change[], more: Change = {}): string {
  return JSON.stringify({ format_version: "1.2", terraform_version: "1.9.2", resource_changes: changes, ...more });
}

function change(type: string, actions: readonly string[], before: unknown = {}, after: unknown = {}, more: Change = {}): Change {
  return { address: `${type}.it`, mode: "managed", type, name: "it", change: { actions, before, after }, ...more };
}

function step(op: string, type: string, before: Change | undefined, after: Change | undefined): Change {
  const state = (inputs: Change | undefined) => (inputs === undefined ? undefined : { type, inputs, outputs: {} });
  return { op, urn: `urn:pulumi:prod::shop::${type}::it`, oldState: state(before), newState: state(after) };
}

function effectsOf(text: string): readonly string[] {
  const plan = readInfraPlan(text);
  assert.ok(typeof plan !== "string", String(plan));
  return infraEffects(plan).map(({ detail, reversibility }) => `${detail} ${reversibility}`);
}

const db = "aws_db_instance";
const cases: readonly (readonly [what: string, change: Change, effects: readonly string[]])[] = [
  ["no change", change(db, ["no-op"]), []],
  ["a data source", change("aws_ami", ["read"], null, {}, { mode: "data" }), []],
  ["a database made", change(db, ["create"], null, {}), ["write reversible"]],
  ["a database deleted", change(db, ["delete"], {}, null), ["destroy irreversible"]],
  ["its final snapshot taken", change(db, ["delete"], { skip_final_snapshot: false }, null), ["destroy restorable"]],
  ["its final snapshot skipped", change(db, ["delete"], { skip_final_snapshot: true }, null), ["destroy irreversible"]],
  ["replaced, old one first", change(db, ["delete", "create"]), ["destroy irreversible"]],
  ["replaced, new one first", change("aws_ebs_volume", ["create", "delete"]), ["destroy irreversible"]],
  ["a deposed one", change(db, ["delete"], {}, null, { deposed: "0a1b" }), ["destroy irreversible"]],
  ["let go of", change(db, ["forget"], {}, null), ["disarm reversible"]],
  ["a namespace with all in it", change("kubernetes_namespace_v1", ["delete"]), ["destroy irreversible"]],
  ["a type that nobody knows", change("acme_treasure", ["delete"]), ["destroy unknown"]],
  ["a record of DNS", change("aws_route53_record", ["delete"]), ["outage restorable"]],
  ["rights", change("aws_iam_role", ["delete"]), ["credential unknown"]],
  ["rights given", change("aws_iam_role_policy", ["create"], null, {}), ["credential reversible"]],
  ["actions that are new", change(db, ["melt"]), ["unknown unknown"]],
  ["no actions", change(db, []), ["unknown unknown"]],
  ["protection off", change(db, ["update"], { deletion_protection: true }, { deletion_protection: false }), ["disarm reversible"]],
  ["protection gone", change(db, ["update"], { deletion_protection: true }, {}), ["disarm reversible"]],
  ["protection on", change(db, ["update"], { deletion_protection: false }, { deletion_protection: true }), ["write reversible"]],
  ["shorter retention", change(db, ["update"], { backup_retention_period: 30 }, { backup_retention_period: 0 }), ["disarm reversible"]],
  ["longer retention", change(db, ["update"], { backup_retention_period: 7 }, { backup_retention_period: 30 }), ["write reversible"]],
  [
    "protection off, deep inside",
    change("google_sql_database_instance", ["update"], { settings: [{ deletion_protection_enabled: true }] }, { settings: [{}] }),
    ["disarm reversible"],
  ],
  [
    "a bucket that may be emptied",
    change("aws_s3_bucket", ["update"], { force_destroy: false }, { force_destroy: true }),
    ["disarm reversible"],
  ],
];

describe("a plan of Terraform", () => {
  for (const [what, entry, effects] of cases) test(what, () => assert.deepEqual(effectsOf(terraform([entry])), effects));

  test("programs that provisioners run are told, in modules and of indexed resources too", () => {
    const resources = [{ address: "null_resource.it", provisioners: [{ type: "local-exec" }] }];
    const configuration = { root_module: { module_calls: { inner: { module: { resources } } } } };
    const entry = { ...change("null_resource", ["create"], null, {}), address: 'module.inner["a"].null_resource.it[0]' };
    assert.deepEqual(effectsOf(terraform([entry], { configuration })), ["exec unknown", "write reversible"]);
  });

  test("what is not the whole of it is unknown", () => {
    for (const more of [{ errored: true }, { complete: false }, { deferred_changes: [{}] }, { action_invocations: [{}] }])
      assert.deepEqual(effectsOf(terraform([], more)), ["unknown unknown"]);
  });

  test("the gravest comes first", () => {
    const all = [change(db, ["create"], null), change("aws_route53_record", ["delete"]), change(db, ["delete"])];
    assert.deepEqual(effectsOf(terraform(all)), ["destroy irreversible", "outage restorable", "write reversible"]);
  });
});

describe("a preview of Pulumi", () => {
  const instance = "aws:rds/instance:Instance";
  const preview = (...steps: readonly Change[]): string => JSON.stringify({ steps, changeSummary: {} });
  const table: readonly (readonly [what: string, step: Change, effects: readonly string[]])[] = [
    ["same", step("same", instance, {}, {}), []],
    ["deleted", step("delete", instance, { skipFinalSnapshot: true }, undefined), ["destroy irreversible"]],
    ["replaced", step("replace", instance, {}, {}), ["destroy irreversible"]],
    ["a claim of a volume", step("delete", "kubernetes:core/v1:PersistentVolumeClaim", {}, undefined), ["destroy irreversible"]],
    ["protection off", step("update", instance, { deletionProtection: true }, { deletionProtection: false }), ["disarm reversible"]],
    ["a command", step("create", "command:local:Command", undefined, {}), ["exec unknown", "write reversible"]],
    ["a word that is new", step("melt", instance, {}, {}), ["unknown unknown"]],
  ];
  for (const [what, each, effects] of table) test(what, () => assert.deepEqual(effectsOf(preview(each)), effects));

  test("the three steps of one replacement are told once", () => {
    const steps = ["create-replacement", "replace", "delete-replaced"].map((op) => step(op, instance, {}, {}));
    assert.deepEqual(effectsOf(preview(...steps)), ["destroy irreversible"]);
  });

  test("one that failed is not the whole of it", () => {
    assert.deepEqual(effectsOf(JSON.stringify({ steps: [], diagnostics: [{ severity: "error" }] })), ["unknown unknown"]);
  });
});

describe("texts", () => {
  test("that are no plan are said to be none", () => {
    for (const text of ["", "{", "[]", "null", "7", '"x"', "{}", '{"format_version":"1.0"}', '{"steps":7}'])
      assert.equal(typeof readInfraPlan(text), "string", text);
    assert.equal(
      readInfraPlan('{"format_version":"2.0","resource_changes":[]}'),
      "the plan is of a format other than 1, and is not understood",
    );
  });

  test("of any shape never throw, and no value of theirs is shown", () => {
    const secret = "s3cr3t-value";
    const inner = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom(secret, true, false, null, 7, "delete"),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom("deletion_protection", "change", "actions", "before", "after", "x", "__proto__"), tie("value"), {
          maxKeys: 3,
        }),
      ),
    })).value;
    const changes = fc.array(
      fc.record({ address: fc.constant("a.b"), type: fc.constantFrom(db, "x_y"), mode: inner, change: inner }, { requiredKeys: [] }),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(changes, inner, (resourceChanges, configuration) => {
        const plan = readInfraPlan(JSON.stringify({ format_version: "1.2", resource_changes: resourceChanges, configuration }));
        assert.ok(typeof plan !== "string");
        assert.ok(!JSON.stringify(infraEffects(plan)).includes(secret));
      }),
      { numRuns: 300 },
    );
  });
});
