/** Approvals at a terminal: the whole plan is shown, nothing is agreed to by itself, and what was shown is what is signed. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import type { ApprovalView } from "../../src/control/contract.ts";
import { type ApprovalScene, openApprovalScene, refusal } from "../approvals/scene.ts";
import { personPassphrase, until } from "../grants/scene.ts";
import { testServer } from "../support/servers.ts";
import { holdfast, scratchFolder, start } from "./holdfast.ts";
import { onTerminal } from "./pseudo-terminal.ts";

const ansi = "DELETE FROM orders WHERE note <> E'\\x1b[2J' OR true -- \u202egnp.egami";

describe("approvals at a terminal", () => {
  let scene: ApprovalScene;
  let agent: pg.Client;
  const command = (...words: string[]) => holdfast([...words, "--socket", scene.socket], { input: personPassphrase() });
  before(async () => {
    const more = "approvals: { hold: 0s, cool_off: 0s, quorum: { production: 2 } }";
    scene = await openApprovalScene(await testServer(18), { more });
    agent = await scene.agent();
  });
  after(async () => {
    await agent.end();
    await scene.stop();
  });

  async function held(sql: string): Promise<ApprovalView> {
    const known = (await scene.approvals()).map(({ id }) => id);
    await refusal(agent, sql);
    return scene.asked(known);
  }

  test("are listed a line each, and shown whole, with every byte of others visible, in 100 columns", async () => {
    const { id } = await held(ansi);
    const listed = await command("approvals");
    assert.match(listed.out, new RegExp(`${id} +pending .* agent +0/2 +10 deleted in public`), listed.err);
    const shown = await command("approvals", "show", id);
    assert.equal(shown.code, 0, shown.err);
    assert.match(shown.out, /PRODUCTION: target /);
    assert.match(shown.out, /\\u\{202e\}gnp\.egami/);
    assert.match(shown.out, /approval q_\w+: pending\nasked once; 0 of 2 persons agreed\nanswers count until /);
    assert.doesNotMatch(shown.out, /[\u001b\u202e]/);
    assert(Math.max(...shown.out.split("\n").map((line) => line.length)) <= 100);
    const { approvals } = JSON.parse((await command("approvals", "list", "--json")).out) as { approvals: readonly ApprovalView[] };
    assert.deepEqual(approvals.map((each) => each.id).includes(id), true);
    const none = await command("approvals", "show", "q_000000000000");
    assert.deepEqual([none.code, /no approval is named/.test(none.err)], [1, true]);
  });

  test("are agreed to by typing what would be hit, and by nothing else", async () => {
    const { id, confirm } = await held("TRUNCATE orders");
    assert.equal(confirm, "public.orders");
    const words = ["approve", id, "--as", "ben", "--socket", scene.socket];
    const no = await onTerminal(words, [{ await: /Type public\.orders to approve it.*: /, type: "\r" }]);
    assert.deepEqual([no.code, /not approved: nothing was signed/.test(no.text)], [1, true], no.text);
    const almost = await onTerminal(words, [{ await: /Type public\.orders to approve it.*: /, type: "orders\r" }]);
    assert.equal(almost.code, 1);
    assert.equal((await scene.events("person_attempt")).length, 0, "nobody was asked for a passphrase");
    const yes = await onTerminal(words, [
      { await: /plan p_[\s\S]*TRUNCATE orders[\s\S]*Type public\.orders to approve it.*: /, type: "public.orders\r" },
      { await: /Passphrase of ben: /, type: `${personPassphrase().toString()}\r` },
    ]);
    assert.equal(yes.code, 3, yes.text);
    assert.match(yes.text, /noted: 1 of 2 persons agreed/);
    const second = await command("approve", id, "--as", "cleo", "--confirm", "public.orders", "--passphrase-fd", "0");
    assert.equal(second.code, 0, second.err);
    assert.match(second.out, /approved q_\w+; until it is used, take it back with: holdfast deny q_/);
    const late = await command("approve", id, "--as", "ada", "--confirm", "public.orders", "--passphrase-fd", "0");
    assert.deepEqual([late.code, /approved already/.test(late.err)], [1, true], late.err);
    await agent.query("TRUNCATE orders");
    assert.equal(await scene.orders(), 0);
    await scene.shop.server.asSuperuser("INSERT INTO orders (note) SELECT 'again' FROM generate_series(1, 10)", scene.shop.database);
  });

  test("are denied with a reason that reaches the agent", async () => {
    const { id } = await held("ALTER TABLE orders RENAME COLUMN note TO words");
    const mute = await command("deny", id, "--as", "ben", "--passphrase-fd", "0");
    assert.deepEqual([mute.code, /takes a reason/.test(mute.err)], [2, true], mute.err);
    const denied = await onTerminal(
      ["deny", id, "--as", "ben", "--socket", scene.socket],
      [
        { await: /Why not\? The agent reads it: /, type: "these are being audited\r" },
        { await: /Passphrase of ben: /, type: `${personPassphrase().toString()}\r` },
      ],
    );
    assert.equal(denied.code, 0, denied.text);
    assert.match(
      (await refusal(agent, "ALTER TABLE orders RENAME COLUMN note TO words")).message,
      /ben said no to it .*: these are being audited; measured/,
    );
    const tail = await holdfast(["audit", "tail", "-n", "50"], { cwd: scene.folder });
    assert.match(tail.out, /denied +q_\w+ +denied by ben through the command, signature/, tail.err);
  });

  test("are watched as they come and change", async () => {
    const watching = start(["approvals", "--watch", "--json", "--socket", scene.socket]);
    try {
      let out = "";
      watching.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
      const { id } = await held("ALTER TABLE orders RENAME COLUMN note TO remark");
      await until("it is shown", () => out.includes(`"id":"${id}"`));
      await scene.answer(id, "cleo", { answer: "deny", reason: "no" });
      await until("its end is shown", () => out.split("\n").some((line) => line.includes(id) && line.includes('"state":"denied"')));
    } finally {
      const ended = new Promise((resolve) => watching.once("close", resolve));
      watching.kill("SIGTERM");
      assert.equal(await ended, 0);
    }
  });

  test("are not signed where the socket shows another plan than it names", async () => {
    const view = await held("DELETE FROM orders WHERE 7 = 7");
    const harmless = { ...view, plan: { ...view.plan, act: { ...view.plan.act, shown: "SELECT 1" } } };
    const socket = join(scratchFolder(), "false.sock");
    const server = createServer((_, response) => void response.end(JSON.stringify(harmless)));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    try {
      const words = ["approve", view.id, "--as", "ben", "--confirm", view.confirm ?? "", "--passphrase-fd", "0", "--socket", socket];
      const fooled = await holdfast(words, { input: personPassphrase() });
      assert.equal(fooled.code, 1);
      assert.match(fooled.err, /what the socket shows is not the plan that it names/);
    } finally {
      server.close();
    }
  });
});
