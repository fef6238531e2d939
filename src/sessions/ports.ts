/**
 * What runs and grants need of the rest of the gateway: its log, its store, its connections, its servers.
 * The composition root fulfils it; nothing here knows a protocol.
 */
import type { Clock } from "../base/clock.ts";
import type { RandomBytes, SessionId } from "../base/ids.ts";
import type { ReasonCode } from "../model/codes.ts";
import type { AuditEvent } from "../model/event.ts";
import type { GrantFact, GrantOperation } from "../model/grant.ts";
import type { ControlStore } from "../store/port.ts";

export interface SessionPorts {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly store: ControlStore;
  readonly record: (event: AuditEvent) => void;
  /** Resolves when what was recorded is durable; rejects when it cannot be. */
  readonly seal: () => Promise<void>;
  /** Told what nobody waits for: a store that cannot be written, a right that could not be taken back yet. */
  readonly warn: (message: string) => void;
  /** Grants of the principal have changed: every judgement that could rest on them is to be forgotten. */
  readonly grantsChanged: () => void;
  /** Ends a connection at once; what it has open is rolled back by the server. */
  readonly endConnection: (session: SessionId, code: ReasonCode, message: string) => void;
  readonly server: GrantsAtServer;
}

export interface WantedGrant {
  readonly target: string;
  readonly principal: string;
  readonly tables: readonly string[];
  readonly operations: readonly GrantOperation[];
}

/** A refusal that a person can act on. */
export class GrantRefused extends Error {
  override readonly name = "GrantRefused";
  readonly next: string | undefined;

  constructor(message: string, next?: string) {
    super(message);
    this.next = next;
  }
}

/** Rights at a target's own server. */
export interface GrantsAtServer {
  /** Finds the tables and the sequences that inserting moves. Rejects with {@link GrantRefused} where it is not to be had. */
  resolve(wanted: WantedGrant): Promise<Pick<GrantFact, "tables" | "sequences">>;
  /** Gives the principal's role what `facts` say, and whatever is open for it already. Rejects with {@link GrantRefused}. */
  apply(target: string, principal: string): Promise<void>;
  /** Leaves the principal's role with what is still open for it, and nothing else. Rejects when the server cannot be asked. */
  revoke(target: string, principal: string): Promise<void>;
}
