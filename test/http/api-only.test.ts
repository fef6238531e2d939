/**
 * An installation for HTTP APIs alone: a target without a database. `run` opens a session of it and its program has no database variables;
 * `up`, `status` and `doctor` say what it is; half of a database is an error that says what to do. No PostgreSQL server is there.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { loadConfig } from "../../src/config/load-config.ts";
import { holdfast, scratchFolder, start } from "../cli/holdfast.ts";
import { railwayHosts, type StandInRailway, startRailway } from "./stand-in-railway.ts";

const folder = scratchFolder();
const token = `rw_${randomBytes(20).toString("hex")}`;
let railway: StandInRailway;

before(async () => {
  railway = await startRailway(token);
  writeFileSync(join(folder, "ca.pem"), railway.ca);
  writeFileSync(join(folder, "holdfast.yaml"), textWith("{ environment: staging, policy: guarded-writes }"), { mode: 0o600 });
});
after(() => railway?.close());

const textWith = (target: string, http = true): string => `version: 1
targets:
  cloud: ${target}
${
  http
    ? `http:
  listen: 127.0.0.1:0
  credentials:
    railway: { secret: { env: REAL_TOKEN }, hosts: [${railwayHosts[0]}], variable: RAILWAY_API_TOKEN }
  routes:
    - { host: ${railwayHosts[0]}, address: "127.0.0.1:${railway.port}", ca: ca.pem }
`
    : ""
}`;

const program = `
const ask = (query) => fetch("https://${railwayHosts[0]}/graphql/v2", { method: "POST", body: JSON.stringify({ query }),
  headers: { authorization: "Bearer " + process.env.RAILWAY_API_TOKEN, "content-type": "application/json" } })
  .then(async (answer) => console.log(answer.status, await answer.text()));
await ask("{ me { name } }");
await ask('mutation { volumeDelete(volumeId: "spare") }');
console.log("database", Object.keys(process.env).filter((name) => /^(PG|DATABASE)/.test(name)).join());`;

describe("a target without a database", () => {
  test("run opens a session of it; the program calls APIs and is led to no database", async () => {
    const words = ["run", "--", process.execPath, "--input-type=module", "-e", program];
    const env = { REAL_TOKEN: token, DATABASE_URL: "postgres://real:secret@db.example/shop" };
    const { code, out, err } = await holdfast(words, { cwd: folder, env });
    assert.equal(code, 0, `${out}\n${err}`);
    assert.match(out, /^200 .*staging bot/m, err);
    assert.match(out, /^403 /m);
    assert.match(out, /^database PGUSER$/m);
    assert(railway.volumes.has("spare"));
    assert(!`${out}${err}`.includes(token));
  });

  test("up serves it, status and doctor say what it is", async () => {
    const env = { REAL_TOKEN: token };
    const child = start(["up"], { cwd: folder, env });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const ended = new Promise((resolve) => child.once("close", resolve));
    try {
      await new Promise<void>((resolve, reject) => {
        child.stdout.on("data", (chunk: Buffer) => {
          said += chunk.toString();
          if (said.includes("audit log in")) resolve();
        });
        child.once("close", () => reject(new Error(said)));
      });
      assert.match(said, /cloud +HTTP APIs alone, staging, policy guarded-writes/);
      const status = await holdfast(["status"], { cwd: folder, env });
      assert.match(status.out, /cloud +staging +HTTP APIs alone/, status.err);
      const doctor = await holdfast(["doctor", "--json"], { cwd: folder, env });
      const { findings } = JSON.parse(doctor.out) as { findings: readonly { id?: string; topic: string; text: string }[] };
      assert(!findings.some(({ topic }) => topic.startsWith("target cloud") || topic === "users"), doctor.out);
      assert(findings.some(({ id }) => id === "http-client"));
    } finally {
      child.kill("SIGINT");
    }
    assert.equal(await ended, 0, said);
  });

  const problems = (text: string): string => {
    const loaded = loadConfig({ text, directory: folder });
    return "problems" in loaded ? loaded.problems.map(({ message, suggestion }) => `${message}; ${suggestion ?? ""}`).join("\n") : "";
  };

  test("half of a database, none without `http`, and what needs one are errors that say what to do", () => {
    assert.match(
      problems(textWith("{ listen: 127.0.0.1:6432 }")),
      /`upstream` is missing; add it under `targets.cloud`, or leave out both/,
    );
    assert.match(
      problems(textWith("{ upstream: { host: db, role: app } }")),
      /`listen` is missing; add it under `targets.cloud`, or leave out both/,
    );
    assert.match(problems(textWith("{ environment: staging }", false)), /`listen` and `upstream` are missing; .*needs the section `http`/);
    assert.match(problems(textWith("{ bin: { enabled: true } }")), /`bin` needs a database; remove it/);
    assert.equal(problems(textWith("{ environment: staging }")), "");
  });
});
