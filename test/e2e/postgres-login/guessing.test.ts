/** Passwords that are guessed: the answers wait, only so many at a time, and none tells which guess was right. */
import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import { limits } from "../../../src/base/limits.ts";
import { testServer } from "../../support/servers.ts";
import { account, agent, startGateway, upstreamOf } from "./gateway.ts";

const other = { name: "other", password: "another-synthetic-password" };

async function attempt(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  const answer = await client.connect().then(
    () => "in",
    (error: { code?: string }) => error.code ?? "none",
  );
  await client.end().catch(() => undefined);
  return answer;
}

test("many guesses at once: few are looked at, none is let in meanwhile, and afterwards the right password works", async () => {
  const accounts = new Map([agent, other].map(({ name, password }) => [name, account(name, password)]));
  const gateway = await startGateway({ upstream: upstreamOf(await testServer()), target: { accounts } });
  try {
    assert.equal(await attempt(gateway.url("postgres", agent.name, "mistyped")), "28P01");
    assert.equal(await attempt(gateway.url()), "in", "one mistake costs nothing");
    let turnedAway = (): void => undefined;
    const first = new Promise<void>((resolve) => {
      turnedAway = resolve;
    });
    const guesses = Array.from({ length: limits.loginAnswersHeldMax * 3 }, async (_, n) => {
      const answer = await attempt(gateway.url("postgres", agent.name, `guess ${n}`));
      if (answer === "53300") turnedAway();
      return answer;
    });
    await first;
    assert.equal(await attempt(gateway.url()), "53300", "the right password is not told from a wrong one");
    assert.equal(await attempt(gateway.url("postgres", other.name, other.password)), "in", "another name is not held up");
    const answers = await Promise.all(guesses);
    assert.deepEqual([...new Set(answers)].sort(), ["28P01", "53300"]);
    assert.equal(await attempt(gateway.url()), "in");
    const recorded = gateway.refusals.filter(({ name }) => name === agent.name).length;
    assert.equal(recorded, answers.length + 2, "each is in the record, once");
  } finally {
    await gateway.listener.stop();
  }
});
