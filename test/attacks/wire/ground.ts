/**
 * What the attacks by frames share: the gateway they go through, the server behind it, and a logged-in client.
 * It holds no case.
 */
import assert from "node:assert/strict";
import type { Gate } from "../gate.ts";
import type { Scene } from "../scene.ts";
import { type Answer, errorsOf, rowsOf, WireClient } from "./client.ts";

export interface WireGround {
  readonly scene: Scene;
  readonly gate: Gate;
  readonly database: string;
}

export interface WireCase {
  readonly name: string;
  run(ground: WireGround): Promise<void>;
}

/** SQLSTATE of the first error; empty without one. */
export const oneOf = (answer: Answer): string => errorsOf(answer)[0]?.code ?? "";

/** A superuser's session under read-only. */
export async function reader({ gate }: WireGround): Promise<WireClient> {
  return WireClient.login(gate.login("superuser", "read-only"));
}

export async function oidOf({ scene, database }: WireGround, what: string): Promise<number> {
  const { rows } = await (await scene.admin(database)).query(`SELECT ${what}::oid::int AS oid`);
  return rows[0].oid as number;
}

export async function works(client: WireClient): Promise<void> {
  assert.deepEqual(rowsOf(await client.simple("SELECT 40 + 2")), [["42"]]);
}

/** A raw exchange before any login: what comes back until the other side closes, or nothing more comes after `probe`. */
export async function closedAfter(ground: WireGround, ...bytes: readonly Buffer[]): Promise<string> {
  const { host, port } = ground.gate.login("superuser", "read-only");
  const client = await WireClient.open(host, port);
  client.send(...bytes);
  let said = "";
  for (let message = await client.next(); message !== undefined; message = await client.next())
    said += message.type + message.body.toString("latin1");
  return said;
}
