/**
 * Twenty agents at two gateways on one store, a person who answers at either, and one gateway after the other killed in the middle of it:
 * what was approved is done once, and nothing that was approved is lost.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { ApprovalView } from "../../../src/control/contract.ts";
import { keptMax } from "../../../src/store/port.ts";
import { testServer } from "../../support/servers.ts";
import { type ChildGateway, type Ground, openGround } from "./ground.ts";

const AGENTS = 20;
const KILLS = Number(process.env["TWO_GATEWAYS_KILLS"] ?? 20);

const tables = Array.from({ length: AGENTS }, (_, n) => `CREATE TABLE c${n} (n int, note text); INSERT INTO c${n} VALUES (0, '');`).join(
  "\n",
);
const anyOf = <T>(list: readonly T[]): T | undefined => list[Math.floor(Math.random() * list.length)];

class Story {
  readonly ground: Ground;
  over = false;
  failures: string[] = [];

  constructor(ground: Ground) {
    this.ground = ground;
  }

  living(): ChildGateway | undefined {
    return anyOf(this.ground.gateways.filter((gateway) => gateway.address() !== undefined));
  }

  /** What either of them says of questions about this act; `undefined` while neither answers. */
  async asked(note: string): Promise<readonly ApprovalView[] | undefined> {
    const views = await this.living()
      ?.approvals()
      .catch(() => undefined);
    return views?.filter(({ plan }) => plan.act.shown.includes(`'${note}'`));
  }

  /** One act until it is done, as an agent does it that comes back; returns the number of its tries. */
  async act(agent: number, note: string): Promise<void> {
    const text = `UPDATE c${agent} SET n = n + 1, note = '${note}' WHERE true`;
    for (let lost = false; ; ) {
      if (lost) {
        const views = await this.asked(note);
        if (views?.some(({ state }) => state === "used") === true) return;
        // Whether it was done is not known yet: sending it again would be another act.
        if (views === undefined || views.some(({ state }) => state === "running" || state === "unknown")) {
          await delay(100);
          continue;
        }
      }
      const outcome = await this.sent(text);
      if (outcome === "done") return;
      lost = outcome === "lost";
      await delay(outcome === "held" ? 50 : 150);
    }
  }

  async sent(text: string): Promise<"done" | "held" | "lost"> {
    const [host = "", port] = (this.living()?.address() ?? "").split(":");
    if (port === undefined) return "held";
    const { password, database } = this.ground;
    const client = new pg.Client({ host, port: Number(port), user: "agent", password, database, connectionTimeoutMillis: 10_000 });
    let said: string | undefined;
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.query(text);
      return "done";
    } catch (error) {
      const { detail, message } = error as pg.DatabaseError;
      said = detail;
      // A refusal of the gateway: nothing was sent.
      if (said !== undefined && /^code: approval_/.test(said)) return "held";
      // A gateway that was taken for dead, or does not reach the store, ends what it has: it may have been sent.
      if (said !== undefined && !/connection_lost|unknown|^code: suspended/.test(said)) this.failures.push(`${message} (${said})`);
      return "lost";
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** Approves whatever is open, at whichever gateway lives: often not the one that asked. */
  async person(): Promise<void> {
    while (!this.over) {
      const gateway = this.living();
      const open = (await gateway?.approvals().catch(() => []))?.filter(({ state }) => state === "pending") ?? [];
      for (const view of open) await (this.living() ?? gateway)?.approve(view).catch(() => undefined);
      await delay(open.length === 0 ? 60 : 10);
    }
  }
}

function client({ password, database }: Ground, gateway: ChildGateway): pg.Client {
  const [host = "", port] = (gateway.address() ?? "").split(":");
  const made = new pg.Client({ host, port: Number(port), user: "agent", password, database });
  made.on("error", () => undefined);
  return made;
}

async function found(gateway: ChildGateway, wanted: (view: ApprovalView) => boolean): Promise<ApprovalView> {
  for (let tries = 0; tries < 600; tries++) {
    const view = (await gateway.approvals()).find(wanted);
    if (view !== undefined) return view;
    await delay(50);
  }
  return assert.fail("no approval became so");
}

describe("two gateways on one store, killed again and again", () => {
  let ground: Ground;
  before(async () => {
    ground = await openGround(await testServer(18), tables);
    await Promise.all(ground.gateways.map((gateway) => gateway.start()));
  });
  after(() => ground.stop());

  test("what a gateway was at when it was killed, the other finds out and goes on with", { timeout: 120_000 }, async () => {
    const [a, b] = ground.gateways;
    const text = "UPDATE c0 SET n = n + 1, note = 'taken over' WHERE true";
    const holder = await ground.server.connect(ground.database);
    const [first, second] = [client(ground, a), client(ground, b)];
    try {
      await first.connect();
      const sent = first.query(text).then(
        () => "done",
        () => "lost",
      );
      const asked = await found(b, ({ state, plan }) => state === "pending" && plan.act.shown.includes("taken over"));
      await holder.query("BEGIN");
      await holder.query("SELECT * FROM c0 FOR UPDATE");
      await b.approve(asked);
      await found(b, ({ id, state }) => id === asked.id && state === "running");
      await a.kill();
      await holder.query("ROLLBACK");
      assert.equal(await sent, "lost");
      // Not started again: the other one has to ask the server about it.
      const settled = await found(b, ({ id, state }) => id === asked.id && state !== "running");
      assert.equal(settled.state, "approved", "the server says that it was rolled back");
      await second.connect();
      assert.equal((await second.query(text)).rowCount, 1);
      const after = await found(b, ({ id, state }) => id === asked.id && state === "used");
      assert.equal(after.count >= 1, true);
      const [row] = await ground.server.asSuperuser<{ n: number }>("SELECT n FROM c0", ground.database);
      assert.equal(row?.n, 1);
      await ground.server.asSuperuser("UPDATE c0 SET n = 0", ground.database);
    } finally {
      await holder.end();
      await Promise.all([first, second].map((each) => each.end().catch(() => undefined)));
      if (a.address() === undefined) await a.start();
    }
  });

  test(`${AGENTS} agents, ${KILLS} kills: no approval is used twice, and none is lost`, { timeout: 600_000 }, async (context) => {
    const story = new Story(ground);
    const person = story.person();
    const done = new Array<number>(AGENTS).fill(0);
    let killing = true;
    // What the test before has used is no act of this one.
    const before = await usedOnes(ground);
    const agents = done.map(async (_, agent) => {
      for (let k = 0; killing || k === 0; k++) {
        await story.act(agent, `a${agent} k${k}`);
        await delay(Math.random() * 400);
        done[agent] = k + 1;
      }
    });
    for (let kill = 0; kill < KILLS; kill++) {
      await delay(150 + Math.random() * 1_200);
      const gateway = anyOf(ground.gateways) as ChildGateway;
      await gateway.kill();
      // Now and then for longer than the other waits before it takes over.
      if (kill % 5 === 4) await delay(4_500);
      await gateway.start();
    }
    killing = false;
    await Promise.all(agents);
    story.over = true;
    await person;
    assert.deepEqual([...new Set(story.failures)], []);
    const count = async (agent: number): Promise<number> =>
      (await ground.server.asSuperuser<{ n: number }>(`SELECT n FROM c${agent}`, ground.database))[0]?.n ?? -1;
    const counts = await Promise.all(done.map((_, agent) => count(agent)));
    assert.deepEqual(counts, done, "each act is done once");
    const views = await ground.store.server.asSuperuser<{ body: string }>(
      "SELECT body FROM holdfast_control.approvals ORDER BY place",
      ground.store.database.name,
    );
    const states = views.map(({ body }) => JSON.parse(body) as ApprovalView).filter(({ id }) => !before.has(id));
    const of = (state: string): number => states.filter((each) => each.state === state).length;
    const total = done.reduce((sum, each) => sum + each, 0);
    context.diagnostic(`${total} acts, ${states.length} questions, ${of("used")} used, ${of("stale")} stale, ${of("unknown")} unknown`);
    // The store forgets the oldest of what is over; the two logs together have all of it.
    assert(of("used") === total || total > keptMax, "what was approved and used is what was done");
    for (const { id, state, answers } of states)
      if (answers.some(({ answer }) => answer === "approve"))
        assert(state !== "approved" && state !== "running", `${id} is ${state}: lost`);
    const uses = await realUses(ground, before);
    assert.equal(uses.size, total, "by the logs as well");
    for (const [id, attempts] of uses) assert.equal(attempts.length, 1, `${id} was used in ${attempts.length} attempts`);
  });
});

async function usedOnes(ground: Ground): Promise<ReadonlySet<string>> {
  const rows = await ground.store.server.asSuperuser<{ id: string }>(
    "SELECT id FROM holdfast_control.approvals WHERE over",
    ground.store.database.name,
  );
  return new Set(rows.map(({ id }) => id));
}

/** By the two logs together: of each approval the attempts that the server did not roll back. */
async function realUses(ground: Ground, before: ReadonlySet<string>): Promise<ReadonlyMap<string, readonly string[]>> {
  const begun: { readonly id: string; readonly attempt: string }[] = [];
  const nothing = new Set<string>();
  for (const gateway of ground.gateways) {
    for (const event of await gateway.events()) {
      if (event.kind === "approval_used" && !before.has(event.approval)) begun.push({ id: event.approval, attempt: event.attempt });
      if (event.kind === "approval_settled" && event.how === "not_reached") nothing.add(event.attempt);
    }
  }
  const uses = new Map<string, readonly string[]>();
  for (const { id, attempt } of begun) if (!nothing.has(attempt)) uses.set(id, [...(uses.get(id) ?? []), attempt]);
  return uses;
}
