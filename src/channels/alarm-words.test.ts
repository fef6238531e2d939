import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "../base/clock.ts";
import { alarmWords } from "./alarm-words.ts";
import type { Channel } from "./channel.ts";
import type { News, RecoveryAlarmNews } from "./news.ts";
import { Outbox } from "./outbox.ts";
import { slackMessage } from "./slack-message.ts";

const alarm: RecoveryAlarmNews = {
  kind: "recovery_alarm",
  id: "l_shop.old_backup.1790000000000",
  revision: 1,
  state: "standing",
  principal: "",
  run: "",
  target: "shop",
  environment: "production",
  about: "old_backup",
  sinceMs: 1_790_000_000_000,
};
const over: RecoveryAlarmNews = { ...alarm, revision: 2, state: "over" };

test("an alarm about backups is a message with a fixed sentence, its beginning and its end told apart", () => {
  const offers = { buttons: true, agree: true };
  const begun = JSON.stringify(slackMessage(alarm, offers));
  assert.match(begun, /ALARM: backups of shop \(production\)/);
  assert.ok(begun.includes(alarmWords.old_backup) && begun.includes("2026-09-21T14:13:20.000Z"), begun);
  assert.ok(!begun.includes("actions"), "there is nothing to click");
  assert.match(JSON.stringify(slackMessage(over, offers)), /Alarm over: backups of shop/);
});

test("it is told at once however many came before it in that minute, and its end too", async () => {
  const told: News[] = [];
  const channel: Channel = {
    name: "team",
    environments: null,
    messagesPerMinuteMax: 1,
    tellsPast: false,
    deliver: async (news) => void told.push(news) as undefined,
  };
  const clock = manualClock();
  const outbox = new Outbox(channel, { clock, random: (size) => new Uint8Array(size), warn: assert.fail });
  const settled = async (count: number) => {
    while (told.length < count) await new Promise((resolve) => setImmediate(resolve));
  };
  outbox.tell(alarm);
  outbox.tell({ ...alarm, id: "l_shop.no_backup.1", about: "no_backup" });
  await settled(2);
  outbox.tell(over);
  await settled(3);
  assert.deepEqual(
    told.map((news) => [news.id, news.state]),
    [
      [alarm.id, "standing"],
      ["l_shop.no_backup.1", "standing"],
      [alarm.id, "over"],
    ],
  );
  await outbox.close();
});
