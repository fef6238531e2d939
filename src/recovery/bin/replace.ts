/**
 * Makes room for what comes back: whatever has its names now goes into the bin itself, by the same procedure and in the same transaction.
 * It restores nothing.
 */
import type { RandomBytes } from "../../base/ids.ts";
import type { AdminClient } from "../../provision/sql.ts";
import { BinRefusal, type EntryRow } from "./entries.ts";
import { takenNames } from "./restore-names.ts";
import { writeTicket } from "./ticket.ts";

/** More than any act ever dropped; a loop that frees nothing must end. */
const TURNS_MAX = 10_000;

/** Names of the new entries. */
export async function makeRoom(
  client: AdminClient,
  entries: readonly EntryRow[],
  { random, copyBytesMax }: { readonly random: RandomBytes; readonly copyBytesMax: number },
): Promise<readonly string[]> {
  const { rows } = await client.query("SELECT session_user::text AS role, pg_catalog.pg_backend_pid() AS pid");
  const { role, pid } = rows[0] as { role: string; pid: number };
  const made: string[] = [];
  for (const entry of entries) {
    for (let turn = 0; ; turn++) {
      const [taken] = await takenNames(client, entry.id);
      if (taken === undefined) break;
      if (turn === TURNS_MAX) throw new BinRefusal(`${taken.type} ${taken.identity} does not make room`);
      const text = `DROP ${taken.kind} ${taken.identity} CASCADE`;
      const request = { text, tag: `DROP ${taken.kind}`, searchPath: "pg_catalog", role, serverProcess: pid, copyBytesMax };
      const ticket = await writeTicket(client, request, random);
      await client.query(`CALL holdfast_bin.carry_out('${ticket.id}')`);
      made.push(ticket.entry);
    }
  }
  return made;
}
