import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { holdfast, scratchFolder } from "./holdfast.ts";

const zeros = (bytes: number): string => Buffer.alloc(bytes).toString("base64");
const verifier = `SCRAM-SHA-256$4096:${zeros(16)}$${zeros(32)}:${zeros(32)}`;

/** A folder of its own with this holdfast.yaml. */
function project(text: string): string {
  const folder = scratchFolder();
  writeFileSync(join(folder, "holdfast.yaml"), text, { mode: 0o600 });
  return folder;
}

const good = `version: 1
targets:
  shop:
    listen: 127.0.0.1:28901
    environment: staging
    upstream: { host: 127.0.0.1, port: 28902, role: app }
users:
  agent: { kind: ai_agent, password: { verifier: "${verifier}" }, targets: [shop] }
`;

interface Findings {
  readonly ok: boolean;
  readonly findings: readonly { readonly topic: string; readonly state: string; readonly text: string }[];
}

describe("a configuration on the command line", () => {
  test("policy check says that a good one has no problems", async () => {
    const { code, out } = await holdfast(["policy", "check"], { cwd: project(good) });
    assert.equal(code, 0);
    assert.match(out, /no problems/);
    assert.match(out, /shop +staging +guarded-writes/);
  });

  for (const words of [["policy", "check"], ["up"], ["status"], ["doctor"], ["audit", "tail"]]) {
    test(`\`${words.join(" ")}\` refuses an unknown key with line, column and the nearest one`, async () => {
      const { code, err, out } = await holdfast(words, { cwd: project(good.replace("environment:", "enviroment:")) });
      assert.equal(code, 1);
      assert.equal(out, "");
      assert.match(err, /holdfast\.yaml:5:5: unknown key `enviroment`: did you mean `environment`\?/);
    });

    test(`\`${words.join(" ")}\` says how to get a configuration where there is none`, async () => {
      const { code, err } = await holdfast(words, { cwd: scratchFolder() });
      assert.equal(code, 1);
      assert.match(err, /holdfast init/);
    });
  }

  test("every problem is listed, in order", async () => {
    const broken = good.replace("listen: 127.0.0.1:28901", "listen: nowhere").replace("targets: [shop]", "targets: [shop], colour: red");
    const { err } = await holdfast(["policy", "check"], { cwd: project(broken) });
    assert.match(err, /has 2 problems\n +holdfast\.yaml:4:13: .*\n +holdfast\.yaml:8:\d+: unknown key `colour`/);
  });

  test("a plain password in the file is refused and not repeated", async () => {
    const { err } = await holdfast(["policy", "check"], { cwd: project(good.replace(/password: \{[^}]*\}/, "password: hunter2hunter2")) });
    assert.match(err, /a password does not stand in this file/);
    assert.ok(!err.includes("hunter2"));
  });

  test("HOLDFAST_CONFIG and --config name another file", async () => {
    const folder = project("broken");
    writeFileSync(join(folder, "other.yaml"), good);
    assert.equal((await holdfast(["policy", "check", "--config", "other.yaml"], { cwd: folder })).code, 0);
    assert.equal((await holdfast(["policy", "check"], { cwd: folder, env: { HOLDFAST_CONFIG: "other.yaml" } })).code, 0);
  });

  for (const preset of ["read-only", "guarded-writes", "migrations", "observe"]) {
    test(`policy show ${preset} fits in 100 columns and says whether it refuses anything`, async () => {
      const { code, out } = await holdfast(["policy", "show", preset]);
      assert.equal(code, 0);
      for (const line of out.split("\n")) assert.ok(line.length <= 100, line);
      assert.match(out, preset === "observe" ? /refuses nothing/ : /enforces/);
    });
  }

  test("policy show --json is the compiled policy", async () => {
    const { out } = await holdfast(["policy", "show", "read-only", "--json"]);
    const policy = JSON.parse(out) as { name: string; digest: string };
    assert.equal(policy.name, "read-only");
    assert.match(policy.digest, /^[0-9a-f]{64}$/);
  });
});

describe("holdfast doctor", () => {
  // Put together here, so that nobody takes this file for one with a credential in it.
  const drawn = ["kV7mQ", "2xTz9", "Lr4Wp"].join("");

  test("finds open files, an unreachable server, a login within reach, and nobody who may connect", async () => {
    const folder = project(good.slice(0, good.indexOf("users:")));
    chmodSync(join(folder, "holdfast.yaml"), 0o666);
    mkdirSync(join(folder, ".holdfast"), { mode: 0o755 });
    writeFileSync(join(folder, ".env"), `DATABASE_URL='postgres://app:${drawn}@127.0.0.1:28902/shop'\n`);
    const { code, out } = await holdfast(["doctor", "--json"], { cwd: folder });
    assert.equal(code, 1);
    assert.ok(!out.includes(drawn));
    const { ok, findings } = JSON.parse(out) as Findings;
    assert.equal(ok, false);
    const bad = findings
      .filter(({ state }) => state === "bad")
      .map(({ text }) => text)
      .join("\n");
    assert.match(bad, /holdfast\.yaml` may be changed by other accounts/);
    assert.match(bad, /\.holdfast` is open to other accounts/);
    assert.match(bad, /\.env` holds a login of the real server/);
    assert.match(bad, /127\.0\.0\.1:28902 cannot be used: .*ECONNREFUSED/);
    assert.match(bad, /no user is configured/);
  });

  test("a policy that only observes is unprotected", async () => {
    const { code, out } = await holdfast(["doctor"], { cwd: project(good.replace("environment: staging", "policy: observe")) });
    assert.equal(code, 1);
    assert.match(out, /BAD +target shop +policy `observe` only observes: nothing is refused/);
  });
});
