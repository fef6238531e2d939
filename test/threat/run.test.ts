import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { closeScenes, Scene } from "./scene.ts";

/** What a program that `run` starts finds of Holdfast's secrets in what it was given; and whether its session works. */
const look = `
import { readdirSync, readFileSync, statSync } from "node:fs";
const descriptors = readdirSync("/proc/self/fd").map(Number).filter((fd) => fd > 2);
// A pipe would be waited for: what was lent is a file.
const lent = descriptors.filter((fd) => { try { return statSync("/proc/self/fd/" + fd).isFile(); } catch { return false; } });
const read = lent.map((fd) => readFileSync("/proc/self/fd/" + fd, "latin1"));
const grant = await new Promise((resolve) => import("node:child_process").then(({ execFile }) =>
  execFile(process.execPath, [process.env.PROGRAM, "grant", process.env.HOLDFAST_SESSION, "--table", "public.orders", "--allow", "delete"], (error, out, err) => resolve(err))));
console.log(JSON.stringify({ environment: JSON.stringify(process.env), read: read.join(""), url: process.env.DATABASE_URL, grant }));
`;

describe("a program that `holdfast run` starts under Holdfast's own account", () => {
  let scene: Scene;
  before(async () => {
    scene = await Scene.open();
  });
  after(closeScenes);

  for (const where of ["its own gateway", "a gateway that is up"] as const)
    test(`is given no secret of the installation by ${where}, and cannot grant itself anything`, async () => {
      const up = where === "a gateway that is up" ? await scene.up() : undefined;
      const lent = up === undefined ? { key: scene.secrets.vault } : {};
      const words = ["run", "--quiet", ...(up === undefined ? ["--vault-key-fd", "3"] : [])];
      const program = [process.execPath, "--input-type=module", "--eval", look];
      const { code, out, err } = await scene.run([...words, "--", ...program], {
        ...lent,
        env: { PROGRAM: scene.program },
        keyPlaced: true,
      });
      assert.equal(code, 0, err);
      const seen = JSON.parse(out.trim().split("\n").at(-1) ?? "") as Record<"environment" | "read" | "url" | "grant", string>;
      for (const secret of Object.values(scene.secrets)) {
        assert.ok(!seen.environment.includes(secret), "the environment");
        assert.ok(!seen.read.includes(secret), "an inherited descriptor");
      }
      assert.match(seen.url, /^postgres:\/\/\S+@127\.0\.0\.1:\d+\//);
      assert.match(seen.grant, /this takes a person, and nobody can be asked here/);
      await up?.stop();
    });
});
