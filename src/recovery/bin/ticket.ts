/**
 * Tickets: what lets one session of one server process have one text carried out into the bin, once and soon.
 * Whoever issues one has judged the text: it runs with the owners' rights, though all that it does is tried and taken back.
 */
import { type BinEntryId, newBinEntryId, type RandomBytes, randomText } from "../../base/ids.ts";
import type { AdminClient } from "../../provision/sql.ts";

export interface TicketRequest {
  /** One statement as it was judged, byte for byte. */
  readonly text: string;
  /** The server's tag for it, `DROP TABLE`. */
  readonly tag: string;
  /** The session's setting, as SHOW gives it. */
  readonly searchPath: string;
  /** The session's login role (`session_user`) and process at the server. */
  readonly role: string;
  readonly serverProcess: number;
  readonly action?: string;
  /** Bytes of rows that may be copied where nothing else keeps them. */
  readonly copyBytesMax: number;
}

export interface Ticket {
  /** What `CALL holdfast_bin.carry_out('...')` is given: letters, digits and `_`. */
  readonly id: string;
  /** The entry that will be there if the text removes anything and its transaction commits. */
  readonly entry: BinEntryId;
}

/** 160 bits: nobody guesses one, and it is bound to its session besides. */
const TICKET_CHARACTERS = 32;

/** Durable in no sense: a server that falls takes the session along. Rejects with the server's error. */
export async function writeTicket(client: AdminClient, request: TicketRequest, random: RandomBytes): Promise<Ticket> {
  const ticket = { id: `t_${randomText(TICKET_CHARACTERS, random)}`, entry: newBinEntryId(random) };
  const { text, tag, searchPath, role, serverProcess, action, copyBytesMax } = request;
  await client.query(
    `INSERT INTO holdfast_bin.ticket (id, entry, text, tag, search_path, role, pid, action, copy_limit)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [ticket.id, ticket.entry, text, tag, searchPath, role, serverProcess, action ?? null, copyBytesMax],
  );
  return ticket;
}

/** Those that nobody can use any more, and what is told of entries that ended before the time. */
export async function dropOldTickets(client: AdminClient, endedBeforeMs: number): Promise<void> {
  await client.query("DELETE FROM holdfast_bin.entry WHERE state <> 'kept' AND told AND at < pg_catalog.to_timestamp($1::float8)", [
    endedBeforeMs / 1000,
  ]);
  await client.query("DELETE FROM holdfast_bin.ticket WHERE made < pg_catalog.clock_timestamp() - interval '1 hour'");
}
