/**
 * How a short-lived credential is made out of a long-lived one: one port for every provider's way.
 * It fetches no long-lived secret and keeps no short-lived one.
 */

/** A request to the provider, in full. */
export interface MintRequest {
  readonly method: "POST" | "DELETE";
  /** `https` alone. */
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export interface MintReply {
  readonly status: number;
  readonly text: string;
}

/** A clause where nothing came back. Never rejects. */
export type MintSend = (request: MintRequest, signal: AbortSignal) => Promise<MintReply | string>;

export interface Minted {
  readonly value: string;
  readonly expiresAtMs: number;
  /** Parts of the value that are secret by themselves. */
  readonly parts?: readonly string[];
  /** The long-lived one as it must be from here on, where the provider changed it with this. */
  readonly next?: string;
}

/** A clause: why there is none. It holds no secret. */
export interface MintProblem {
  readonly problem: string;
}

export interface Minter {
  /** How it is made, and what it is good for, without anything secret. */
  readonly told: string;
  /** One for all sessions: where making a second ends the first. */
  readonly shared?: true;
  /** `principal`: whom it is made for, as the provider's own log shows it where it can. Never rejects. */
  mint(secret: string, principal: string, signal: AbortSignal): Promise<Minted | MintProblem>;
  /** Absent: the provider cannot take one back. Resolves with a clause where it did not. Never rejects. */
  readonly revoke?: (value: string, secret: string, signal: AbortSignal) => Promise<string | undefined>;
}

/** A provider's refusal by its status and its own short word for it; what else it says may quote what was sent. */
export function refusalOf({ status, text }: MintReply, words: readonly string[] = ["error", "code"]): string {
  const tree = jsonOf(text);
  const word = words.map((key) => tree?.[key]).find((value) => typeof value === "string" && /^[A-Za-z0-9_.-]{1,64}$/.test(value));
  return `the provider refused to make one: ${status}${word === undefined ? "" : ` ${String(word)}`}`;
}

/** `undefined` where it is no object. */
export function jsonOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const tree: unknown = JSON.parse(text);
    return typeof tree === "object" && tree !== null && !Array.isArray(tree) ? (tree as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** A token that fits into a header, and is long enough to be one. */
export function tokenOf(value: unknown): string | undefined {
  return typeof value === "string" && /^[\x21-\x7e]{8,16384}$/.test(value) ? value : undefined;
}
