import assert from "node:assert/strict";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { NoGateway, readStatus } from "./client.ts";
import type { GatewayStatus } from "./contract.ts";
import type { ApprovalControl, ControlParts, SessionControl } from "./parts.ts";
import { startControlServer } from "./server.ts";

const status: GatewayStatus = {
  version: "1",
  processId: 7,
  startedAtMs: 5,
  targets: [],
  sessions: [],
  audit: { directory: "d", size: 3, writable: true },
  counters: { allowed: 1, denied: 2, held: 3, observed: 4, loginsRefused: 5, sessionsOpened: 6 },
};

const nothing = (): never => {
  throw new Error("not asked for here");
};
const sessions: SessionControl = {
  list: nothing,
  open: nothing,
  end: nothing,
  suspend: nothing,
  resume: nothing,
  asks: nothing,
  ask: nothing,
  grants: () => [],
  grant: nothing,
  revoke: nothing,
};
const approvals: ApprovalControl = { list: nothing, one: nothing, answer: nothing, onChange: nothing };
const parts = (answer: () => GatewayStatus = () => status): ControlParts => ({
  status: answer,
  authority: undefined,
  sessions,
  approvals,
  plans: { plan: nothing, apply: nothing },
});

describe("the control socket", () => {
  let directory = "";
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "holdfast-control-"));
  });
  after(() => rm(directory, { recursive: true }));

  test("answers the status, is private, and is gone after close", async () => {
    const path = join(directory, "a.sock");
    const server = await startControlServer(path, parts());
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.deepEqual(await readStatus(path), status);
    await server.close();
    await assert.rejects(readStatus(path), (error: unknown) => error instanceof NoGateway && error.code === "ENOENT");
  });

  for (const [method, path, expected] of [
    ["POST", "/v1/status", 405],
    ["DELETE", "/v1/status", 405],
    ["GET", "/", 404],
    ["GET", "/v1/../etc", 404],
  ] as const) {
    test(`nothing else is answered: ${method} ${path}`, async () => {
      const socketPath = join(directory, "b.sock");
      const server = await startControlServer(socketPath, parts());
      const code = await new Promise((resolve, reject) => {
        request({ socketPath, path, method }, (response) => resolve(response.resume().statusCode))
          .on("error", reject)
          .end();
      });
      await server.close();
      assert.equal(code, expected);
    });
  }

  test("a socket that still answers is not taken over", async () => {
    const path = join(directory, "c.sock");
    const server = await startControlServer(path, parts());
    await assert.rejects(startControlServer(path, parts()), /another gateway is running/);
    await server.close();
  });

  test("a file in the way is left alone", async () => {
    const path = join(directory, "d.sock");
    await writeFile(path, "mine");
    await assert.rejects(startControlServer(path, parts()), /it is no socket/);
  });

  test("a status that throws is an error for the one who asks, and the server lives", async () => {
    const path = join(directory, "e.sock");
    let broken = true;
    const server = await startControlServer(
      path,
      parts(() => {
        if (broken) throw new Error("broken");
        return status;
      }),
    );
    await assert.rejects(readStatus(path), /a defect of Holdfast/);
    broken = false;
    assert.deepEqual(await readStatus(path), status);
    await server.close();
  });
});
