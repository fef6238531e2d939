/** The list of approvals that stays open until something changes: nothing is missed in between, and whoever leaves is not listened for. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { callControl, held, Refused } from "./client.ts";
import { ControlRefusal, type ControlParts } from "./parts.ts";
import { type ControlServer, startControlServer } from "./server.ts";

const watch = { method: "GET", path: "/v1/approvals-now" } as const;

describe("the list of approvals that stays open", () => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-watch-"));
  const socket = join(directory, "control.sock");
  const listeners = new Set<() => void>();
  let list: () => Promise<readonly { readonly id: string; readonly plan: object }[]>;
  let server: ControlServer;
  const change = (): void => [...listeners].forEach((tell) => tell());
  const ids = (value: unknown): readonly string[] => (value as { approvals: readonly { id: string }[] }).approvals.map(({ id }) => id);

  before(async () => {
    const approvals = {
      list: () => list(),
      onChange: (tell: () => void) => {
        listeners.add(tell);
        return () => listeners.delete(tell);
      },
    };
    server = await startControlServer(socket, { approvals } as unknown as ControlParts);
  });
  beforeEach(() => {
    list = () => Promise.resolve([{ id: "q_1", plan: { policy: { digest: "d", rules: ["r"] } } }]);
  });
  after(async () => {
    await server.close();
    rmSync(directory, { recursive: true });
  });

  test("says its last line at the first change, and listens no longer", async () => {
    const now = await held(socket, watch);
    assert.deepEqual(ids(now.value), ["q_1"]);
    assert.doesNotMatch(JSON.stringify(now.value), /"r"/, "rules are named to nobody here");
    assert.equal(listeners.size, 1);
    change();
    assert.deepEqual(await now.last, { changed: true });
    assert.equal(listeners.size, 0);
  });

  test("says so where the change came while the list was read", async () => {
    const usual = list;
    list = async () => {
      change();
      return usual();
    };
    const now = await held(socket, watch);
    assert.deepEqual(await now.last, { changed: true });
  });

  test("is not kept for whoever left", async () => {
    const now = await held(socket, watch);
    now.letGo();
    assert.equal(await now.last, undefined);
    // One more request: by then the server has seen the first one end, or sees it soon.
    while (listeners.size > 0) await callControl(socket, { method: "GET", path: "/v1/approvals" });
  });

  test("leaves nobody listening where the list cannot be read", async () => {
    list = () => Promise.reject(new ControlRefusal("unavailable", "the store does not answer"));
    await assert.rejects(held(socket, watch), (error: Error) => error instanceof Refused && error.code === "unavailable");
    assert.equal(listeners.size, 0);
  });
});
