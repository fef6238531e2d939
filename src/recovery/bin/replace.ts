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

/** Adds the names of the new entries to `made`. */
export async function makeRoom(
  client: AdminClient,
  entry: EntryRow,
  { random, copyBytesMax, made }: { readonly random: RandomBytes; readonly copyBytesMax: number; readonly made: string[] },
): Promise<void> {
  const { rows } = await client.query("SELECT session_user::text AS role, pg_catalog.pg_backend_pid() AS pid");
  const { role, pid } = rows[0] as { role: string; pid: number };
  for (let turn = 0; ; turn++) {
    const [taken] = await takenNames(client, entry.id);
    if (taken === undefined) return;
    if (turn === TURNS_MAX) throw new BinRefusal(`${taken.type} ${taken.identity} does not make room`);
    const text = `DROP ${taken.kind} ${taken.identity} CASCADE`;
    const request = { text, tag: `DROP ${taken.kind}`, searchPath: "pg_catalog", role, serverProcess: pid, copyBytesMax };
    const ticket = await writeTicket(client, request, random);
    await client.query(`CALL holdfast_bin.carry_out('${ticket.id}')`);
    made.push(ticket.entry);
  }
}
