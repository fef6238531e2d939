/**
 * Fly.io's tokens, narrowed without asking Fly: a macaroon takes further caveats from anybody who holds it, and nobody can take one off.
 * Facts: the token format and caveat types as superfly/macaroon publishes them (Apache-2.0). It knows no key and verifies nothing.
 */
import { createHmac } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { contentOf, listOf, MessagePackError, packedBytes, packedList, packedMap, packedNumber } from "./message-pack.ts";
import type { Minter } from "./minter.ts";

export interface FlyMacaroonOptions {
  /** Fly's own number of the organisation, and of apps; absent or empty: no narrower than the token is. */
  readonly organization?: number;
  readonly apps: readonly number[];
  /** What may be done with them: letters of `read`, `write`, `create`, `delete`, `control`. */
  readonly actions: readonly FlyAction[];
  readonly lifeMs: number;
}

export const flyActions = ["read", "write", "create", "delete", "control"] as const;
export type FlyAction = (typeof flyActions)[number];

/** The location of tokens that permit something; others discharge what those demand. */
const PERMISSION = "https://api.fly.io/v1";
/** Clocks differ. */
const BEFORE_S = 60;

const caveats = { organization: 0, apps: 3, validityWindow: 4, action: 26 } as const;

export function flyMacaroonMinter(options: FlyMacaroonOptions, clock: Pick<Clock, "now">): Minter {
  const { organization, apps, actions, lifeMs } = options;
  const where = [
    ...(organization === undefined ? [] : [`organisation ${organization}`]),
    ...(apps.length === 0 ? [] : [`apps ${apps.join(", ")}`]),
  ];
  return {
    told: `a Fly token that may ${actions.join(", ")}${where.length === 0 ? "" : ` in ${where.join(", ")}`}`,
    mint: (secret) => {
      const now = clock.now();
      const expiresAtMs = now + lifeMs;
      const added = caveatsOf(options, Math.floor(now / 1_000) - BEFORE_S, Math.floor(expiresAtMs / 1_000));
      const value = narrowed(secret, added);
      return Promise.resolve(typeof value === "string" ? { value, expiresAtMs, parts: value.split(",") } : value);
    },
  };
}

interface Caveat {
  readonly type: number;
  readonly body: Buffer;
}

function caveatsOf({ organization, apps, actions }: FlyMacaroonOptions, fromS: number, untilS: number): readonly Caveat[] {
  const mask = packedNumber(actions.reduce((bits, action) => bits | (1 << flyActions.indexOf(action)), 0));
  const byId = [...new Set(apps)].toSorted((one, other) => one - other).map((id) => [packedNumber(id), mask] as const);
  return [
    { type: caveats.validityWindow, body: packedList([packedNumber(fromS), packedNumber(untilS)]) },
    { type: caveats.action, body: mask },
    ...(organization === undefined ? [] : [{ type: caveats.organization, body: packedList([packedNumber(organization), mask]) }]),
    ...(byId.length === 0 ? [] : [{ type: caveats.apps, body: packedList([packedMap(byId)]) }]),
  ];
}

/** All that permit something get the caveats; what discharges them stays as it is. */
function narrowed(header: string, added: readonly Caveat[]): string | { readonly problem: string } {
  const problem = (because: string) => ({ problem: `the secret cannot be narrowed: ${because}` });
  const tokens = header
    .trim()
    .replace(/^((FlyV1|Bearer)\s+)+/i, "")
    .split(",");
  let permissions = 0;
  const out: string[] = [];
  for (const token of tokens) {
    const [, label, text] = /^(fm1r|fm1a|fm2)_([A-Za-z0-9+/]+={0,2})$/.exec(token.trim()) ?? [];
    // An `fo1_` beside them is a token of the older kind: it would permit all that it permits, whatever the caveats say.
    if (label === undefined || text === undefined) return problem("it holds what is no macaroon of Fly");
    const bytes = Buffer.from(text, "base64");
    try {
      const made = attenuated(bytes, added);
      if (made !== undefined) permissions += 1;
      out.push(`fm2_${(made ?? bytes).toString("base64")}`);
    } catch (error) {
      if (error instanceof MessagePackError) return problem(`a macaroon in it is not understood: ${error.message}`);
      throw error;
    }
  }
  return permissions === 0 ? problem("no macaroon in it is a permission of Fly's API") : out.join(",");
}

/** `undefined` for one that permits nothing by itself. Throws {@link MessagePackError}. */
function attenuated(bytes: Buffer, added: readonly Caveat[]): Buffer | undefined {
  const [nonce, location, set, tail, ...more] = listOf(bytes);
  if (nonce === undefined || location === undefined || set === undefined || tail === undefined || more.length > 0)
    throw new MessagePackError("it has not four parts");
  if (contentOf(location).toString("utf8") !== PERMISSION) return undefined;
  const [, , proof] = listOf(nonce);
  if (proof?.[0] === 0xc3) throw new MessagePackError("it is finished, and takes no caveat");
  const elements = [...listOf(set)];
  if (elements.length % 2 !== 0) throw new MessagePackError("its caveats are no pairs");
  let signature = contentOf(tail);
  for (const { type, body } of added) {
    const pair = [packedNumber(type), body];
    elements.push(...pair);
    signature = createHmac("sha256", signature).update(packedList(pair)).digest();
  }
  return packedList([nonce, location, packedList(elements), packedBytes(signature)]);
}
