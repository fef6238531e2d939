/**
 * What becomes of the messages of one WebSocket, as a port: one course for those that are acts of their own, and one for all others.
 * It holds no socket.
 */
import type { Outlet } from "./outlet.ts";

/** What ended a connection first. */
export type RelayEnd =
  /** One side said that it is over, or the client went. */
  | { readonly kind: "closed" }
  /** The provider went without a word. */
  | { readonly kind: "lost" }
  /** From here. */
  | { readonly kind: "stopped"; readonly because: string };

/** One message, its fragments put together. */
export interface Message {
  readonly text: boolean;
  readonly bytes: Buffer;
}

/** Both sides, as a course may write to them. */
export interface Ends {
  readonly client: Outlet;
  readonly server: Outlet;
  /** Ends both: the client is told why, the server that it is over. */
  stop(code: number, because: string): void;
}

export interface Course {
  /** Whole, and in their order: the next one is not read before this resolves. Never rejects. */
  fromClient(message: Message, ends: Ends): Promise<void>;
  /** As {@link fromClient}. Absent: a server's messages go on piece by piece. */
  fromServer?(message: Message, ends: Ends): Promise<void>;
  /** Nothing more will come. */
  ended(end: RelayEnd): Promise<void>;
}
