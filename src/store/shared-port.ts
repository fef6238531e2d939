/**
 * What several gateways on one store share beside what {@link ControlStore} keeps: accounts of runs, and who of them lives.
 * A store that one process has to itself does not offer it.
 */
import type { AskId, GrantId, RunId } from "../base/ids.ts";
import type { Run } from "../model/run.ts";
import type { RunAccount } from "../model/run-account.ts";
import type { ControlStore } from "./port.ts";

/** A gateway as it names itself; `id` stays over its restarts, `incarnation` is new with each. */
export interface GatewaySelf {
  readonly id: string;
  readonly incarnation: string;
  /** For people: host and process. */
  readonly name: string;
  readonly version: string;
}

/** `leaving`: it is gone, and what it left open is being closed. `gone`: that is done. */
export type GatewayState = "alive" | "leaving" | "gone";

export interface GatewaySeen extends GatewaySelf {
  readonly state: GatewayState;
  readonly startedAtMs: number;
  /** Since its last sign of life, by the store's own clock. */
  readonly silentMs: number;
}

/** What a gateway has put, and is not over. */
export interface LeftOpen {
  readonly asks: readonly AskId[];
  readonly grants: readonly GrantId[];
}

export interface SharedStore extends ControlStore {
  /**
   * Puts the account's next revision, as `changeApproval` does. A login has one open account at a target: false, too, where another
   * gateway was first to open it. After a rejection it may be there or not: look with {@link account}.
   */
  changeAccount(account: RunAccount): Promise<boolean>;
  account(id: RunId): Promise<RunAccount | undefined>;
  /** Those whose run has not ended, in the order in which they were opened. */
  accounts(): Promise<readonly RunAccount[]>;
  /** Told of each change of an account, soon after it is durable; returns how to end that. */
  onAccount(changed: (id: RunId) => void): () => void;
  /** Told that asks, grants or gateways are other than before; returns how to end that. */
  onOthers(changed: (what: "asks" | "grants" | "gateways") => void): () => void;
  /** Told when pushed changes stop to come in (false), and when all that was missed has been told (true); returns how to end that. */
  onHearing(changed: (hearing: boolean) => void): () => void;
  /** The gateway that this store was opened for is alive, from now on as this incarnation: what it puts is stamped with it. */
  enlist(incarnation: string): Promise<void>;
  /** A sign of life. False where somebody took it for dead meanwhile, or its next start is alive: then it has to enlist again. */
  beat(): Promise<boolean>;
  gateways(): Promise<readonly GatewaySeen[]>;
  /**
   * Makes it the caller's to close what they left: of each gateway that has been silent for so long, and of each whose closer has. Among
   * living gateways one gets each.
   */
  takeOver(silentMs: number): Promise<readonly GatewaySeen[]>;
  /** Of every incarnation of the gateway but one that lives. */
  leftOpen(gateway: string): Promise<LeftOpen>;
  /** All that it left is closed. Without effect where it has enlisted again. */
  closed(gateway: Pick<GatewaySelf, "id" | "incarnation">): Promise<void>;
  /** It stops, and leaves nothing open. */
  leave(): Promise<void>;
  /** A run that is over, kept for people to look at. */
  putRun(run: Run): Promise<void>;
}
