/** Made once for a session, renewed in time, never used beyond what it was made of, and taken back when nobody needs it any more. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { manualClock } from "../../base/clock.ts";
import { MintedSecrets } from "./minted-secrets.ts";
import type { Minted, Minter, MintProblem } from "./minter.ts";

function scene(more: Partial<Minter> = {}, keep: (next: string) => Promise<void> = () => Promise.resolve()) {
  const clock = manualClock();
  const told: string[] = [];
  const asked: string[] = [];
  let secret: { readonly value: string } | { readonly problem: string } = { value: "long-1" };
  let answer: (made: number) => Minted | MintProblem | Promise<Minted | MintProblem> = (made) => ({
    value: `short-${made}`,
    expiresAtMs: clock.now() + 3_600_000,
  });
  const minter: Minter = {
    told: "a token",
    mint: async (long, principal) => {
      asked.push(`${principal} ${long}`);
      return answer(asked.length);
    },
    revoke: (value) => {
      told.push(`revoke ${value}`);
      return Promise.resolve(undefined);
    },
    ...more,
  };
  const secrets = new MintedSecrets({
    name: "x",
    minter,
    clock,
    secret: () => secret,
    minted: ({ principal, problem }) => told.push(`minted ${principal} ${problem ?? "well"}`),
    ended: ({ principal, end, because }) => told.push(`ended ${principal} ${end}: ${because}`),
    keep,
  });
  return {
    clock,
    told,
    asked,
    secrets,
    rotate: (next: typeof secret) => (secret = next),
    answers: (next: typeof answer) => (answer = next),
    value: async (principal = "run_1") => {
      const found = await secrets.value(principal);
      return "value" in found ? found.value : `problem: ${found.problem}`;
    },
  };
}

describe("what was minted", () => {
  test("is a session's own, made once, however many ask at once", async () => {
    const { value, asked, secrets } = scene();
    assert.deepEqual(await Promise.all([value(), value(), value("run_2")]), ["short-1", "short-1", "short-2"]);
    assert.equal(await value(), "short-1");
    assert.deepEqual(asked, ["run_1 long-1", "run_2 long-1"]);
    assert.deepEqual(secrets.values(), ["short-1", "short-2"]);
  });

  test("is made anew before it ends, and looked for until it has", async () => {
    const { value, clock, secrets } = scene();
    await value();
    clock.advance(3_600_000 - 61_000);
    assert.equal(await value(), "short-1");
    clock.advance(2_000);
    assert.equal(await value(), "short-2");
    assert.deepEqual(secrets.values(), ["short-1", "short-2"], "the first is good still");
    clock.advance(60_000);
    assert.deepEqual(secrets.values(), ["short-2"]);
  });

  test("is another when what it was made of is rotated, and none when that is removed", async () => {
    const { value, rotate, told } = scene();
    await value();
    rotate({ value: "long-2" });
    assert.equal(await value(), "short-2");
    rotate({ problem: "the vault holds no secret `x`" });
    assert.equal(await value(), "problem: the vault holds no secret `x`");
    await new Promise(setImmediate);
    assert.deepEqual(told, [
      "minted run_1 well",
      "revoke short-1",
      "ended run_1 revoked: what it was made of was rotated",
      "minted run_1 well",
      "revoke short-2",
      "ended run_1 revoked: what it was made of is gone",
    ]);
  });

  test("is taken back with its session, and with the gateway", async () => {
    const { value, secrets, told } = scene();
    await value();
    await value("run_2");
    await secrets.end("run_1");
    await secrets.end("run_1");
    await secrets.close();
    assert.deepEqual(told.slice(2), [
      "revoke short-1",
      "ended run_1 revoked: the session is over",
      "revoke short-2",
      "ended run_2 revoked: the gateway stops",
    ]);
  });

  test("is not given out, but taken back, where the session ended while it was made", async () => {
    const { value, secrets, answers, told, clock } = scene();
    let made: (minted: Minted) => void = () => undefined;
    answers(() => new Promise((resolve) => (made = resolve)));
    const asked = value();
    await new Promise(setImmediate);
    await secrets.end("run_1");
    made({ value: "late", expiresAtMs: clock.now() + 3_600_000 });
    assert.match(await asked, /^problem: the session was over/);
    assert(told.includes("revoke late"));
  });

  test("is not asked for again and again where its provider refuses", async () => {
    const { value, answers, asked, clock, told, secrets } = scene();
    answers(() => ({ problem: "the provider refused to make one: 403" }));
    assert.equal(await value(), "problem: the provider refused to make one: 403");
    assert.equal(await value(), "problem: the provider refused to make one: 403");
    assert.equal(asked.length, 1);
    clock.advance(2_001);
    await value();
    assert.equal(asked.length, 2);
    assert.deepEqual(told.at(-1), "minted run_1 the provider refused to make one: 403");
    assert.deepEqual(secrets.values(), []);
  });

  test("fails closed where it has ended already, or its maker throws", async () => {
    const over = scene();
    over.answers(() => ({ value: "old", expiresAtMs: over.clock.now() - 1 }));
    assert.match(await over.value(), /^problem: .*has ended already/);
    const thrown = scene({ mint: () => Promise.reject(new Error("a defect")) });
    assert.equal(await thrown.value(), "problem: a defect");
  });

  test("is not given out where it cannot be recorded, and nothing breaks where its end cannot be", async () => {
    const clock = manualClock();
    let full = true;
    const record = (): void => {
      if (full) throw new Error("the log is full");
    };
    const minter: Minter = { told: "a token", mint: () => Promise.resolve({ value: "short", expiresAtMs: clock.now() + 3_600_000 }) };
    const parts = { name: "x", minter, clock, secret: () => ({ value: "long" }), keep: () => Promise.resolve() };
    const secrets = new MintedSecrets({ ...parts, minted: record, ended: record });
    assert.deepEqual(await secrets.value("run_1"), { problem: "the log is full" });
    assert.deepEqual(await secrets.value("run_1"), { problem: "the log is full" }, "nor the next time");
    full = false;
    await secrets.value("run_2");
    full = true;
    await secrets.end("run_2");
    await secrets.close();
  });

  test("keeps what its provider put in the long-lived one's place, in the vault or else in memory", async () => {
    const stored: string[] = [];
    const own = scene({ shared: true }, async (next) => {
      stored.push(next);
    });
    own.answers((made) => ({ value: `short-${made}`, expiresAtMs: own.clock.now() + 600_000, next: `long-${made + 1}` }));
    await own.value();
    own.rotate({ value: "long-2" });
    assert.equal(await own.value("run_2"), "short-1", "shared by all, and the kept one is what it was made of");
    assert.deepEqual(stored, ["long-2"]);

    const nowhere = scene({ shared: true }, () => Promise.reject(new Error("no vault")));
    nowhere.answers((made) => ({ value: `short-${made}`, expiresAtMs: nowhere.clock.now() + 600_000, next: `long-${made + 1}` }));
    await nowhere.value();
    nowhere.clock.advance(599_000);
    await nowhere.value();
    assert.deepEqual(nowhere.asked, ["run_1 long-1", "run_1 long-2"]);
    assert(nowhere.secrets.values().includes("long-2"), "nobody may send it either");
  });
});
