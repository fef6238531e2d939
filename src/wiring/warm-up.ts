/**
 * Lets a gateway that has just started judge texts of its own, so that its clients' first ones do not meet code that never ran.
 * It sends nothing to a server and records nothing: its guard writes lines that are thrown away.
 */
import { setTimeout as delay } from "node:timers/promises";
import { capabilities } from "../adapters/postgres/session/facts.ts";
import { LineWriter } from "../audit/line-writer.ts";
import type { AuditLog } from "../audit/log.ts";
import type { Clock } from "../base/clock.ts";
import { actionId, type RandomBytes, type SessionId } from "../base/ids.ts";
import type { SqlAnalyser } from "../effects/analyse.ts";
import type { SqlContext } from "../model/action.ts";
import type { Session, Target } from "../model/principal.ts";
import { openGuard } from "../pipeline/open-guard.ts";
import type { Situation } from "../pipeline/scopes.ts";
import { decide } from "../policy/decide.ts";

export interface WarmUpParts {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly analyser: SqlAnalyser;
  /** Texts that it judges at the same time: each of its threads is warmed. */
  readonly lanes: number;
  readonly situation: Situation;
  readonly target: Target;
  /** Of a catalogue that the analyser knows; it holds none of the names below. */
  readonly catalogueVersion: number;
}

/** Rounds over the texts, some 15 ms of the processor each. V8 has made most of its fast code after these. */
const QUICK_ROUNDS = 20;
const ROUNDS = 60;
/** Between texts, so that clients who come meanwhile go first; later there is time. */
const QUICK_PAUSE_MS = 1;
const PAUSE_MS = 25;

/** Uncommitted definitions of a session that there is not: they are known to the analysis of the texts below, and to nothing else. */
const SCHEMA = `CREATE SCHEMA warm_up;
CREATE TABLE warm_up.place (place_key int PRIMARY KEY, title text, part_of int REFERENCES warm_up.place);
CREATE TABLE warm_up.maker (maker_key int PRIMARY KEY, title text, place int REFERENCES warm_up.place, balance numeric(15,2), since date);
CREATE TABLE warm_up.sale (sale_key int, line int, maker int REFERENCES warm_up.maker, price numeric(15,2), off numeric(15,2), day date,
  state text, PRIMARY KEY (sale_key, line));
CREATE VIEW warm_up.dear AS SELECT s.sale_key, s.price, m.title FROM warm_up.sale s JOIN warm_up.maker m ON m.maker_key = s.maker
  WHERE s.price > 100`;

/** What agents send, in the large: `word` makes each text new. */
const texts: readonly ((word: string) => string)[] = [
  (word) => `SELECT m.title, p.title AS place, count(*) AS n, sum(s.price * (1 - s.off)) AS earned, avg(s.price), max(s.day)
FROM warm_up.maker m, warm_up.sale s, warm_up.place p, warm_up.place q
WHERE m.maker_key = s.maker AND m.place = p.place_key AND p.part_of = q.place_key AND s.state <> '${word}' AND m.title LIKE '%${word}%'
  AND s.day BETWEEN date '2024-01-01' AND date '2024-12-31' AND s.price IN (10, 20, 30)
  AND s.price = (SELECT min(t.price) FROM warm_up.sale t, warm_up.maker n WHERE t.maker = n.maker_key AND n.place = p.place_key)
  AND NOT EXISTS (SELECT 1 FROM warm_up.sale u WHERE u.sale_key = s.sale_key AND u.line > s.line)
GROUP BY m.title, p.title HAVING count(*) > 1 ORDER BY earned DESC, m.title LIMIT 100`,
  (word) => `WITH yearly AS (SELECT s.maker, extract(year FROM s.day) AS y, sum(s.price) AS total FROM warm_up.sale s GROUP BY 1, 2)
SELECT m.title AS "${word}", y.y, CASE WHEN y.total > 1000 THEN 'much' WHEN y.total IS NULL THEN 'none' ELSE coalesce(m.title, 'x') END,
  row_number() OVER (PARTITION BY m.place ORDER BY y.total DESC), lower(m.title) || '${word}', round(y.total / 7, 2), now()::date - m.since
FROM yearly y JOIN warm_up.maker m ON m.maker_key = y.maker LEFT JOIN warm_up.place p ON p.place_key = m.place AND p.title = '${word}'
WHERE (y.total > 10 OR m.balance < 0) AND NOT (m.title IS NULL) AND m.maker_key IN (SELECT d.sale_key FROM warm_up.dear d)
UNION ALL SELECT title, 0, 'x', 1, substr(title, 1, 3), 0, 1 FROM warm_up.place WHERE title = '${word}' ORDER BY 2`,
  (word) => `UPDATE warm_up.sale SET state = '${word}', price = price * 1.1 WHERE sale_key = 7 AND line = 1 RETURNING sale_key`,
  (word) => `INSERT INTO warm_up.place (place_key, title) VALUES (7, '${word}'), (8, 'b') ON CONFLICT (place_key) DO NOTHING`,
  (word) => `DELETE FROM warm_up.sale WHERE sale_key = 7 AND state = '${word}'`,
];

/** Ends when it is done, or when `signal` says so. Never rejects, and keeps no process. */
export async function warmUp(parts: WarmUpParts, signal: AbortSignal): Promise<void> {
  const { clock, random, analyser, situation, target, catalogueVersion } = parts;
  const guard = openGuard({ clock, random, log: nowhere(clock), analyser, decide, situation });
  const can = capabilities({ asks: false, bins: false });
  const principal = { kind: "ai_agent", name: "warm-up" } as const;
  const session: Session = { id: "warm-up" as SessionId, principal, client: "", peer: "", openedAtMs: clock.now() };
  const [role, searchPath] = ["warm-up", ["pg_catalog", "public"]];
  const context: SqlContext = { role, sessionRole: role, searchPath, temporary: [], catalogueVersion, pendingDdl: [SCHEMA] };
  let acts = 0;
  /** False when nothing is analysed any more. */
  const judgeOne = async (text: (word: string) => string): Promise<boolean> => {
    const id = actionId(session.id, ++acts);
    const payload = { kind: "sql", text: text(`word ${acts}`), door: "simple", context } as const;
    const admission = await guard.admit({ id, session, target, payload }, can);
    const measured = { rowsReturned: 1, elapsedMs: 0 };
    if (admission.kind === "allow") guard.settle(admission, { status: "succeeded", measured });
    return admission.kind !== "deny" || admission.reason.code !== "analysis_unavailable";
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const text of texts) {
      if (signal.aborted) return;
      const judged = await Promise.all(Array.from({ length: parts.lanes }, () => judgeOne(text)));
      if (judged.includes(false)) return;
      await delay(round < QUICK_ROUNDS ? QUICK_PAUSE_MS : PAUSE_MS, undefined, { ref: false, signal }).catch(() => undefined);
    }
  }
}

/** Makes the very lines of the log, and keeps none. */
function nowhere(clock: Clock): AuditLog {
  const lines = new LineWriter();
  return {
    append(event) {
      lines.add(0, clock.now(), null, event);
      lines.clear();
    },
    seal: async () => {},
    close: async () => {},
    size: 0,
  };
}
