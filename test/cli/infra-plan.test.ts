/** `holdfast plan` for plans of infrastructure tools: answered by the policy, bound by digests, and no value of the plan is shown. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { holdfast, scratchFolder } from "./holdfast.ts";

const secret = "correct-horse-battery";

const plan = (actions: readonly string[]): string =>
  JSON.stringify({
    format_version: "1.2",
    terraform_version: "1.9.2",
    resource_changes: [
      {
        address: "module.db.aws_db_instance.main",
        mode: "managed",
        type: "aws_db_instance",
        change: { actions, before: { skip_final_snapshot: true, password: secret }, after: { password: secret } },
      },
    ],
  });

const lost = plan(["delete", "create"]);
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

test("a database that would be replaced is held in staging and denied in production; making one passes in staging", async () => {
  const answer = async (input: string, environment: string) =>
    (await holdfast(["plan", "--environment", environment, "-"], { input })).code;
  assert.equal(await answer(lost, "staging"), 3);
  assert.equal(await answer(lost, "production"), 1);
  assert.equal(await answer(plan(["create"]), "staging"), 0);
});

test("it says what would be lost before anything else, within the terminal, and shows no value", async () => {
  const { out, err } = await holdfast(["plan", "--environment", "staging", "-"], { input: lost });
  assert.equal(err, "");
  assert.match(out, /^terraform 1\.9\.2: 1 change, 1 destroyed or replaced with what is in them\n/);
  assert.match(out, / destroy {4}terraform:aws_db_instance\/module\.db\.aws_db_instance\.main\n +it is deleted and made anew/);
  assert.ok(!out.includes(secret));
});

test("the plan that is written is bound to the JSON and to the file that would be applied", async () => {
  const folder = scratchFolder();
  const [shown, binary, out] = [join(folder, "show.json"), join(folder, "tfplan"), join(folder, "out.json")];
  writeFileSync(shown, lost);
  writeFileSync(binary, "PK as terraform writes it");
  const { code } = await holdfast(["plan", "-e", "staging", "--of", binary, "--out", out, "--json", shown]);
  assert.equal(code, 3);
  const written = JSON.parse(readFileSync(out, "utf8")) as Record<string, unknown>;
  assert.equal(written["sha256"], sha256(lost));
  assert.deepEqual(written["of"], { file: binary, sha256: sha256("PK as terraform writes it") });
  assert.ok(!readFileSync(out, "utf8").includes(secret));
  assert.match(readFileSync(join(folder, "out.txt"), "utf8"), /is deleted and made anew/);
});

test("what is no plan, and options that do not belong together, are said by name", async () => {
  const refused = async (words: readonly string[], input: string) => {
    const { code, err } = await holdfast(["plan", ...words, "-"], { input });
    return `${code} ${err}`;
  };
  assert.match(await refused([], '{"resource": 1}'), /^1 .*neither what `terraform show -json PLANFILE` nor/s);
  assert.match(await refused([], '{"format_version": '), /^1 .*it is not JSON/s);
  assert.match(await refused(["--of", "/nonexistent/tfplan"], lost), /^1 .*`\/nonexistent\/tfplan` cannot be read/s);
  assert.match(await refused(["--of", "x"], "DELETE FROM t"), /^2 .*`--of` belongs to a plan of Terraform or Pulumi/s);
  assert.match(await refused(["-e", "moon"], lost), /^2 .*`moon` is no environment/s);
});
