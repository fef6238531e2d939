/** Server-sent events: what is told, to whom, and when it ends. Real sockets. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { AuditLine } from "../../src/control/contract.ts";
import { logIn, type Page } from "./client.ts";
import { openStream as open, type Stream } from "./event-stream.ts";
import { standInApproval } from "./stand-in-approval.ts";
import { openStandIn, type StandIn } from "./stand-in-gateway.ts";

describe("the stream of events", () => {
  let stand: StandIn;
  let page: Page;
  let origin: string;
  before(async () => {
    stand = await openStandIn();
    ({ origin } = stand.server.site);
    page = await logIn(origin);
  });
  after(() => stand.close());

  test("begins with how things stand, then tells what changes", async () => {
    const stream = await open(origin, page);
    assert.equal(stream.type, "text/event-stream");
    assert.deepEqual(await stream.next("sessions"), { sessions: [] });
    assert.equal(((await stream.next("status")) as { version: string }).version, "0.0.0");
    const view = standInApproval();
    stand.put(view);
    assert.equal(((await stream.next("approval")) as { id: string }).id, view.id);
    const line: AuditLine = { index: 7, atMs: 0, line: "stopped\nevent: approval\ndata: {}\n\n", event: { kind: "stopped", because: "x" } };
    stand.tell([line]);
    assert.deepEqual(await stream.next("audit"), { events: [line] }, "line breaks in a record make no event of their own");
    stream.close();
  });

  test("is open eight times for one login, and again when one was closed", async () => {
    const other = await logIn(origin);
    const streams: Stream[] = [];
    for (let n = 0; n < 8; n++) streams.push(await open(origin, other));
    const ninth = await open(origin, other);
    assert.equal(ninth.type, "application/json");
    streams[0]?.close();
    let tries = 0;
    for (let again = ninth; again.type !== "text/event-stream"; again = await open(origin, other)) {
      assert.equal(tries++ < 200, true);
      await delay(10);
    }
    await other.send("POST", "/api/logout", {});
    await Promise.all(streams.slice(1).map(({ ended }) => ended));
  });

  test("ends with the login", async () => {
    const other = await logIn(origin);
    const [mine, theirs] = [await open(origin, other), await open(origin, page)];
    await other.send("POST", "/api/logout", {});
    await mine.ended;
    const view = standInApproval();
    stand.put(view);
    assert.equal(((await theirs.next("approval")) as { id: string }).id, view.id);
    theirs.close();
  });

  test("ends when the person is removed", async () => {
    const stream = await open(origin, page);
    const removed = stand.persons.splice(0);
    await stream.ended;
    stand.persons.push(...removed);
    page = await logIn(origin);
  });

  test("does not wait for a reader that does not read", async () => {
    const stream = await open(origin, page);
    await stream.next("status");
    stream.pause();
    const line: AuditLine = { index: 0, atMs: 0, line: "x".repeat(200_000), event: { kind: "stopped", because: "" } };
    // The sockets' own buffers are filled first.
    for (let n = 0; n < 200; n++) {
      stand.tell([line]);
      await delay(1);
    }
    const view = standInApproval();
    stand.put(view);
    const fresh = await open(origin, page);
    assert.deepEqual(await fresh.next("sessions"), { sessions: [] });
    fresh.close();
    stream.resume();
    await assert.rejects(async () => {
      for (;;) await stream.next("audit");
    }, /the stream ended/);
  });
});
