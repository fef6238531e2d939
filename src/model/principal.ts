/**
 * Who acts: the authenticated identity and the session it acts in.
 * It does not authenticate anybody.
 */
import type { SessionId } from "../base/ids.ts";

export interface Principal {
  readonly kind: "human" | "ai_agent" | "workload";
  readonly name: string;
  /** Whose authority is used, nearest first. */
  readonly onBehalfOf?: readonly string[];
}

export interface Session {
  readonly id: SessionId;
  readonly principal: Principal;
  /** What the client says it is (`application_name`): data, never trusted. */
  readonly client: string;
  /** Address of the peer as `host:port`. */
  readonly peer: string;
  readonly openedAtMs: number;
}

/** What is acted on: one configured target, with the environment of the *real* server. */
export interface Target {
  readonly name: string;
  readonly environment: Environment;
  /** The database of that server this session is connected to. */
  readonly database: string;
}

export type Environment = "production" | "staging" | "development";
export const environments: readonly Environment[] = ["production", "staging", "development"];
