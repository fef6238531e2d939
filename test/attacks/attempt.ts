/**
 * Plays one case against whoever listens at a port, directly or through Holdfast, and says what came of it.
 * It judges nothing: the runners do.
 */
import type { AttackCase } from "./load-cases.ts";
import { type Answer, errorsOf, saidIn, WireClient, type WireError, type WireLogin } from "./wire/client.ts";

export type Door = "simple" | "extended";

export interface Attempt {
  /** Every error of every text, in order; a refused login is one too. */
  readonly errors: readonly WireError[];
  readonly said: string;
  /** The probe's result before and after; undefined where the session could not be asked. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** The connection was closed on the way. */
  readonly closed: boolean;
}

/** Sends the texts of the case on `client`, with the probe around them. A failed transaction is rolled back for the probe. */
export async function attempt(client: WireClient, attack: AttackCase, door: Door): Promise<Attempt> {
  const before = await probed(client, attack);
  const answers: Answer[] = [];
  for (const text of attack.texts) {
    answers.push(door === "simple" ? await client.simple(text, attack.copy) : await client.extended(text, [], [], attack.copy));
    if (client.closed) break;
  }
  const result = { errors: answers.flatMap(errorsOf), said: answers.map(saidIn).join("\n"), before };
  if (client.status === "E") await client.simple("ROLLBACK");
  return { ...result, after: await probed(client, attack), closed: client.closed };
}

/** The same on a connection of its own; a login that is refused counts as an error of the attempt. */
export async function attemptAlone(login: WireLogin, attack: AttackCase, door: Door): Promise<Attempt> {
  const client = await WireClient.open(login.host, login.port);
  try {
    const answer = await client.authenticate({ ...login, ...(attack.startup === undefined ? {} : { startup: attack.startup }) });
    const refused = errorsOf(answer);
    if (answer.closed || refused.length > 0)
      return { errors: refused, said: saidIn(answer), before: undefined, after: undefined, closed: true };
    return await attempt(client, attack, door);
  } finally {
    if (!client.closed) await client.end();
  }
}

/** Ends what a case left open in the session. */
export async function cleared(client: WireClient): Promise<void> {
  if (client.closed) return;
  if (client.status !== "I") await client.simple("ROLLBACK");
  await client.simple("DISCARD ALL");
}

async function probed(client: WireClient, { probe }: AttackCase): Promise<string | undefined> {
  if (probe === undefined || client.closed) return undefined;
  const answer = await client.simple(probe);
  return saidIn(answer);
}
