import assert from "node:assert/strict";
import { test } from "node:test";
import type { FoundCredential } from "../adapters/http/options.ts";
import { manualClock } from "../base/clock.ts";
import { slackMessage } from "../channels/slack-message.ts";
import type { AuditEvent } from "../model/event.ts";
import { HttpAlarms } from "./http-alarms.ts";

const sent = {
  session: "s_1",
  caller: { principal: { name: "run_agent_x" }, target: { name: "shop", environment: "staging" } },
  provider: "railway",
  host: "backboard.railway.com",
  slot: "the header authorization",
} as unknown as FoundCredential;

test("each is in the record, persons are told once a minute with the count, and it stands for a day", () => {
  const clock = manualClock();
  const [events, warnings, told]: [AuditEvent[], string[], (readonly [id: string, revision: number, count: number])[]] = [[], [], []];
  const alarms = new HttpAlarms({
    clock,
    append: (event) => void events.push(event),
    warn: (text) => void warnings.push(text),
    tell: ({ id, count }, revision) => void told.push([id, revision, count]),
  });
  for (let times = 0; times < 3; times++) alarms.found(sent);
  clock.advance(60_000);
  alarms.found({ ...sent, session: "s_2" as FoundCredential["session"] });
  alarms.found({ ...sent, host: "api.heroku.com", provider: "heroku" });
  assert.equal(events.length, 5);
  assert.equal(warnings.length, 3);
  assert.deepEqual(told, [
    ["f_s_1.1", 1, 1],
    ["f_s_1.1", 2, 4],
    ["f_s_1.2", 1, 1],
  ]);
  assert.deepEqual(
    alarms.standing().map(({ provider, count }) => [provider, count]),
    [
      ["heroku", 1],
      ["railway", 4],
    ],
  );
  clock.advance(24 * 3_600_000 + 1);
  assert.deepEqual(alarms.standing(), []);
});

test("a message tells who, whose and how often, and nothing that the agent chose", () => {
  const text = JSON.stringify(
    slackMessage(
      {
        kind: "found_credential",
        id: "f_s_1",
        revision: 2,
        state: "standing",
        principal: "run_agent_x",
        run: "",
        target: "shop",
        environment: "staging",
        provider: "railway",
        count: 4,
        sinceMs: 1_790_000_000_000,
      },
      { buttons: true, agree: true },
    ),
  );
  assert.match(text, /FOUND CREDENTIAL: shop \(staging\)/);
  assert.match(text, /run_agent_x sent a credential to railway, 4 times/);
  assert(!text.includes("actions"), "there is nothing to click");
});
