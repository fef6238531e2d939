/**
 * What base backups and the receiving of WAL ask of a connection for physical replication. Who opens it stands elsewhere: recovery opens
 * none by itself.
 */

/** One of the server's answers to a command. */
export type ReplicationAnswer =
  | { readonly kind: "row"; readonly values: readonly (string | null)[] }
  | { readonly kind: "copy_begins" }
  | { readonly kind: "copy"; readonly bytes: Buffer }
  | { readonly kind: "copy_ends" };

export interface ReplicationWire {
  /** Ends when the server is ready for the next, throws what the server says, and is stopped by `close` alone. */
  command(text: string): AsyncGenerator<ReplicationAnswer, void, undefined>;
  sendCopy(payload: Buffer): void;
  endCopy(): void;
  close(): void;
}

/** Rejects where the server cannot be reached, or lets this login not replicate. */
export type Replicate = () => Promise<ReplicationWire>;

/** All rows of a command that copies nothing. */
export async function rowsOf(wire: ReplicationWire, text: string): Promise<readonly (readonly (string | null)[])[]> {
  const rows: (readonly (string | null)[])[] = [];
  for await (const answer of wire.command(text)) if (answer.kind === "row") rows.push(answer.values);
  return rows;
}

/** A text constant of the replication grammar, which knows no escapes but the doubled quote. */
export function quotedText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
