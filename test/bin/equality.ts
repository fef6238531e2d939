/**
 * Carries each case out through the bin, and in a twin database really: what the client sees is the same, what is left is the same,
 * the names are free; what comes back is what was. Says of each case what differs.
 */
import assert from "node:assert/strict";
import type pg from "pg";
import type { TestServer } from "../support/servers.ts";
import type { BinCase } from "./case.ts";
import { appRole, type BinGround, openBinGround } from "./ground.ts";
import { inventory } from "./inventory.ts";

export interface Twins {
  readonly bin: BinGround;
  readonly twin: pg.Client;
  readonly twinDatabase: string;
  readonly really: (text: string, path: string) => ReturnType<BinGround["really"]>;
  close(): Promise<void>;
}

export async function openTwins(server: TestServer): Promise<Twins> {
  const bin = await openBinGround(server);
  const real = await openBinGround(server);
  return {
    bin,
    twin: real.builder,
    twinDatabase: real.database,
    really: real.really,
    close: async () => {
      await bin.close();
      await real.close();
    },
  };
}

const resting = new Map<BinCase, string>();

export function filled(text: string, schema: string): string {
  return text.replaceAll(":s", schema);
}

/** In both databases, by the owner of everything. */
export async function build({ bin, twin }: Twins, each: BinCase, schema: string): Promise<void> {
  for (const client of [bin.builder, twin]) {
    await client.query(
      `SET ROLE ${appRole}; CREATE SCHEMA ${schema}; GRANT USAGE ON SCHEMA ${schema} TO PUBLIC; SET search_path = ${schema}`,
    );
    await client.query(filled(each.base ?? "", schema));
    await client.query(filled(each.gone, schema));
    await client.query("RESET ROLE");
    await client.query(filled(each.above ?? "", schema));
    await client.query("RESET search_path");
  }
}

/** Through the bin here, really there: the same answer and the same that is left. */
export async function drop(twins: Twins, each: BinCase, schema: string): Promise<void> {
  const { bin, twin } = twins;
  const text = filled(each.drop, schema);
  const before = await inventory(bin.builder, `^${schema}(_|$)`);
  const ours = await bin.put(text, schema, each.copyBytesMax);
  if (each.refused !== undefined) {
    assert.match(ours.error?.message ?? "", each.refused);
    assert.deepEqual(await inventory(bin.builder, `^${schema}(_|$)`), before, "a refused act changes nothing");
    return;
  }
  const theirs = await twins.really(text, schema);
  assert.deepEqual({ error: ours.error, notices: ours.notices }, { error: theirs.error, notices: theirs.notices });
  assert.equal(theirs.error !== undefined, each.fails ?? false, `the server's own answer: ${theirs.error?.message ?? "done"}`);
  assert.deepEqual(await inventory(bin.builder, `^${schema}(_|$)`), await inventory(twin, `^${schema}(_|$)`), "what is left");
  if (ours.entry !== undefined) resting.set(each, ours.entry);
  if (each.once || each.fails) return;
  await bin.builder.query(`BEGIN; SET LOCAL ROLE ${appRole}; SET LOCAL search_path = ${schema}`);
  await bin.builder.query(filled(each.gone, schema));
  await bin.builder.query("ROLLBACK");
}

/** Back, and as it was. */
export async function comeBack({ bin }: Twins, each: BinCase, schema: string, before: readonly string[]): Promise<void> {
  const entry = resting.get(each);
  if (entry !== undefined) await bin.restore([entry]);
  const same = (lines: readonly string[]): readonly string[] => lines.filter((line) => !each.except?.lines.test(line));
  assert.deepEqual(same(await inventory(bin.builder, `^${schema}(_|$)`)), same(before));
}
