/** Guessing passphrases through the console: how many tries there are, whom they cost, and what is recorded of them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { manualClock } from "../../src/base/clock.ts";
import { type RandomBytes, systemRandom } from "../../src/base/ids.ts";
import { Guesses } from "../../src/control/web/guesses.ts";
import { ask, logIn, own } from "./client.ts";
import { standInApproval } from "./stand-in-approval.ts";
import { openStandIn, passphrase, type StandIn, standInPerson } from "./stand-in-gateway.ts";

async function withStandIn(act: (stand: StandIn, clock: ReturnType<typeof manualClock>) => Promise<void>): Promise<void> {
  const clock = manualClock();
  // The first draw is what names are spread over the buckets by: with this one `ada` and `eve` have one each.
  let drawn = 0;
  const random: RandomBytes = (size) => (drawn++ === 0 ? new Uint8Array(size) : systemRandom(size));
  const stand = await openStandIn({ clock, random });
  try {
    await act(stand, clock);
  } finally {
    await stand.close();
  }
}

async function tried({ server }: StandIn, words: string, person = "ada"): Promise<number> {
  const { origin } = server.site;
  return (await ask(origin, { method: "POST", path: "/api/login", headers: own(origin), body: { person, passphrase: words } })).status;
}

const attempts = ({ events }: StandIn): number => events.filter((event) => event.kind === "person_attempt").length;

describe("guessing", () => {
  test("ends after eight tries, for the right passphrase too, and goes on one a minute", () =>
    withStandIn(async (stand, clock) => {
      for (let n = 0; n < 8; n++) assert.equal(await tried(stand, `a wrong guess ${n}`), 403);
      assert.equal(await tried(stand, passphrase), 429);
      assert.equal(attempts(stand), 8, "what is refused so is not even derived");
      clock.advance(60_000);
      assert.equal(await tried(stand, "a wrong guess 9"), 403);
      assert.equal(await tried(stand, passphrase), 429);
      clock.advance(60_000);
      assert.equal(await tried(stand, passphrase), 200);
    }));

  test("all at once is no more", () =>
    withStandIn(async (stand) => {
      const statuses = await Promise.all(Array.from({ length: 30 }, (_, n) => tried(stand, `a wrong guess ${n}`)));
      assert.equal(
        statuses.every((status) => status === 403 || status === 429),
        true,
      );
      assert.equal(attempts(stand) <= 8, true, String(attempts(stand)));
      assert.equal(attempts(stand) > 0, true);
    }));

  test("of one name costs no other, and a right passphrase costs nothing", () =>
    withStandIn(async (stand) => {
      stand.persons.push(await standInPerson("eve"));
      for (let n = 0; n < 9; n++) await tried(stand, `a wrong guess ${n}`, "eve");
      assert.equal(await tried(stand, passphrase, "eve"), 429);
      for (let n = 0; n < 10; n++) assert.equal(await tried(stand, passphrase), 200, String(n));
    }));

  test("of many names is bounded all together, whether somebody has them or not", async () => {
    const guesses = new Guesses(manualClock(), systemRandom);
    let derived = 0;
    const wrong = () => {
      derived += 1;
      return Promise.resolve(null);
    };
    for (let n = 0; n < 2_000; n++) await guesses.attempt(guesses.ofStranger(`name ${n}`), wrong).catch(() => undefined);
    assert.equal(derived, 16 * 8);
  });

  test("with a stolen cookie is bounded just so, and those outside cannot use up the tries of those inside", () =>
    withStandIn(async (stand) => {
      const { origin } = stand.server.site;
      const page = await logIn(origin);
      for (let n = 0; n < 9; n++) await tried(stand, `a wrong guess ${n}`);
      const view = standInApproval();
      stand.put(view);
      const body = { planDigest: view.plan.digest, answer: "approve", reason: "", confirm: "public.orders" };
      const answer = async (words: string) =>
        (await page.send("POST", `/api/approvals/${view.id}/answer`, { ...body, proof: { kind: "passphrase", passphrase: words } })).status;
      for (let n = 0; n < 8; n++) assert.equal(await answer(`a wrong guess ${n}`), 403);
      assert.equal(await answer(passphrase), 429);
      assert.deepEqual(stand.answers, []);
    }));

  test("is told in the log, and never what was guessed", () =>
    withStandIn(async (stand) => {
      await tried(stand, "a wrong guess of mine");
      const [event] = stand.events;
      assert(event?.kind === "person_attempt");
      assert.equal(event.accepted, false);
      assert.equal(event.person, "ada");
      assert.equal(event.path, "/console/login");
      assert.equal(JSON.stringify(stand.events).includes("a wrong guess"), false);
    }));
});
