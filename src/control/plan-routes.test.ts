import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { until } from "../../test/grants/scene.ts";
import { limits } from "../base/limits.ts";
import { callControl, Refused } from "./client.ts";
import type { PlannedView } from "./contract.ts";
import { ControlRefusal, type ControlParts } from "./parts.ts";
import type { PlanAskedBy, WantedPlan } from "./plan-port.ts";
import { type ControlServer, startControlServer } from "./server.ts";

describe("the routes for plans", () => {
  const asked: (readonly [WantedPlan, PlanAskedBy])[] = [];
  const applied: unknown[] = [];
  let directory = "";
  let socket = "";
  let server: ControlServer;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "holdfast-plans-"));
    socket = join(directory, "a.sock");
    // A stand-in for the gateway's side: it notes what it is asked.
    const plans: ControlParts["plans"] = {
      plan: (wanted, by) => {
        asked.push([wanted, by]);
        return Promise.resolve({ decision: "allow" } as unknown as PlannedView);
      },
      apply: (file) => {
        applied.push(file);
        throw new ControlRefusal("conflict", "not now");
      },
    };
    server = await startControlServer(socket, { plans, authority: undefined } as unknown as ControlParts);
  });
  after(async () => {
    await server.close();
    await rm(directory, { recursive: true });
  });
  const post = (path: string, body: unknown) => callControl(socket, { method: "POST", path, body });
  const refused = (code: string, message: RegExp) => (error: unknown) =>
    error instanceof Refused && error.code === code && message.test(error.message);
  const inside = { session: "r_1", token: "t" };

  test("take a text as it is, to the byte, and leave out nothing that may be left out", async () => {
    const text = "  SELECT 1;\n\n -- \u0007 end\r\n";
    await post("/v1/plans", { text, ...inside });
    const nobody = { target: "", searchPath: [], timeZone: "", purpose: "", on: "", ask: false };
    assert.deepEqual(asked.at(-1), [
      { ...nobody, text },
      { kind: "session", ...inside },
    ]);
    const said = { target: "shop", searchPath: ["a b", 'c"d'], timeZone: "UTC", purpose: "because", on: "clone", ask: true };
    await post("/v1/plans", { text, ...said, ...inside });
    assert.deepEqual(asked.at(-1)?.[0], { ...said, text });
  });

  test("refuse what is not of the form, by name", async () => {
    const before = asked.length;
    for (const [body, because] of [
      [{ ...inside }, /`text` must be the SQL/],
      [{ text: "", ...inside }, /`text` must be the SQL/],
      [{ text: 7, ...inside }, /`text` must be the SQL/],
      [{ text: "x" }, /`session` must be/],
      [{ text: "x", session: "r_1" }, /`token` must be/],
      [{ text: "x", ...inside, sql: "y" }, /`sql` is not known/],
      [{ text: "x", ...inside, ask: "yes" }, /`ask` must be/],
      [{ text: "x", ...inside, on: "moon" }, /`on` must be one of target, replica, clone/],
      [{ text: "x", ...inside, searchPath: "public" }, /`searchPath` must be/],
      [{ text: "x", ...inside, searchPath: [""] }, /`searchPath` must be/],
      [{ text: "x", ...inside, searchPath: ["pg_temp"] }, /without pg_temp/],
      [{ text: "x", ...inside, searchPath: Array.from({ length: 51 }, () => "a") }, /at most 50/],
      [null, /no JSON object/],
    ] as const)
      await assert.rejects(post("/v1/plans", body), refused("bad_request", because), JSON.stringify(body)?.slice(0, 80));
    assert.equal(asked.length, before);
  });

  test("take a person's signature where no session asks", async () => {
    await assert.rejects(post("/v1/plans/signed", { text: "x" }), refused("person_needed", /takes a person/));
    await assert.rejects(post("/v1/plans/apply/signed", { plan: {} }), refused("person_needed", /takes a person/));
    await assert.rejects(post("/v1/plans/apply", { plan: {} }), refused("bad_request", /`session` must be/));
    assert.deepEqual(applied, []);
    await assert.rejects(post("/v1/plans/apply", { plan: { any: "thing" }, ...inside }), refused("conflict", /not now/));
    assert.deepEqual(applied, [{ any: "thing" }], "what came is looked at by whoever made the plan");
  });

  test("take longer bodies than others, up to a bound, and few at a time", async () => {
    await post("/v1/plans", { text: "x".repeat(limits.sqlTextBytesMax), ...inside });
    const over = { text: "x".repeat(limits.planFileBytesMax), ...inside };
    await assert.rejects(post("/v1/plans", over), /(at most|EPIPE|ECONNRESET|socket)/);
    await assert.rejects(post("/v1/challenges", { person: "x".repeat(100_000) }), /(at most|EPIPE|ECONNRESET|socket)/);
    const opened = Array.from({ length: 4 }, () => {
      const begun = request({ socketPath: socket, method: "POST", path: "/v1/plans", headers: { "content-length": "1000" } });
      begun.on("error", () => undefined);
      begun.write("{");
      return begun;
    });
    const small = () =>
      post("/v1/plans", { text: "SELECT 1", ...inside }).then(
        () => undefined,
        (error: unknown) => error,
      );
    try {
      await until("the fifth is refused", async () => {
        const error = await small();
        return error !== undefined && refused("too_many", /too many plans come in/)(error);
      });
    } finally {
      for (const each of opened) each.destroy();
    }
    await until("there is room again", async () => (await small()) === undefined);
  });
});
