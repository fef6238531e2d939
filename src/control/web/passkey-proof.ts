/**
 * From the assertion that a browser sends to the evidence that is kept: made by one of the person's own passkeys, for this site, just now.
 * What it signs stands in `passkey-evidence.ts`.
 */
import type { ApprovalView } from "../contract.ts";
import { Fields } from "../fields.ts";
import { ControlRefusal } from "../parts.ts";
import { approvalChallenge, counterOf, type ApprovalTerms, assertionProblem, type PasskeyEvidence } from "../passkey-evidence.ts";
import type { WebConsole } from "./parts.ts";
import type { LoggedIn } from "./route.ts";

const timeoutMs = 60_000;

/** For `navigator.credentials.get`: the plan's own challenge, for the person's passkeys of this site alone. */
export function assertionOptions(view: ApprovalView, console: WebConsole, by: LoggedIn): unknown {
  const options = optionsFor(approvalChallenge(termsOf(view)).toString("base64url"), console, by);
  if (options === undefined)
    throw new ControlRefusal("person_needed", "no passkey of yours is registered here", "register one in the console");
  return options;
}

/** `undefined` where the person has no passkey of this site. */
export function optionsFor(challenge: string, console: WebConsole, { person }: LoggedIn): unknown {
  const { rpId } = console.site;
  const own = passkeysOf(console, person.name);
  if (own.length === 0) return undefined;
  return {
    challenge,
    rpId,
    timeout: timeoutMs,
    userVerification: "required",
    allowCredentials: own.map(({ credential }) => ({ type: "public-key", id: credential })),
  };
}

/** Rejects with {@link ControlRefusal} when the assertion does not hold. The counter is noted when it does. */
export function passkeyEvidence(assertion: unknown, view: ApprovalView, console: WebConsole, by: LoggedIn): Promise<PasskeyEvidence> {
  return evidenceOver(approvalChallenge(termsOf(view)).toString("base64url"), assertion, console, by);
}

/** As {@link passkeyEvidence}, over any challenge in base64url. */
export async function evidenceOver(
  challenge: string,
  assertion: unknown,
  { site, parts }: WebConsole,
  { person }: LoggedIn,
): Promise<PasskeyEvidence> {
  const { id, response } = fieldsOf(assertion);
  const { origin, rpId } = site;
  const own = passkeysOf({ site, parts }, person.name).find(({ credential }) => credential === id);
  if (own === undefined) throw new ControlRefusal("person_needed", "the passkey is none of yours", "register it in the console");
  const evidence: PasskeyEvidence = { kind: "passkey", credential: id, publicKey: own.publicKey, ...response, origin, rpId };
  const problem = assertionProblem(evidence, challenge);
  if (problem !== undefined) throw new ControlRefusal("person_needed", `the passkey's answer does not hold: ${problem}`);
  const counter = counterOf(evidence);
  if (counter === 0 && own.counter === 0) return evidence;
  if (counter <= own.counter)
    throw new ControlRefusal("person_needed", "the passkey counts backwards: there may be a copy of it", "remove it, and register another");
  await parts.passkeys.used(person.name, id, counter);
  return evidence;
}

function termsOf({ plan, nonce }: ApprovalView): ApprovalTerms {
  return { actDigest: plan.act.digest, planDigest: plan.digest, nonce };
}

function passkeysOf({ parts, site }: Pick<WebConsole, "parts" | "site">, name: string) {
  const own = parts.persons().find((person) => person.name === name)?.passkeys ?? [];
  return own.filter(({ rpId }) => rpId === site.rpId);
}

/** Of an AuthenticationResponseJSON; what else browsers put there is of no use. */
function fieldsOf(assertion: unknown) {
  const outer = new Fields(assertion, ["id", "rawId", "type", "response", "clientExtensionResults", "authenticatorAttachment"]);
  const inner = new Fields(outer.raw("response"), ["clientDataJSON", "authenticatorData", "signature", "userHandle"]);
  const text = (fields: Fields, name: string): string => {
    const value = fields.raw(name);
    if (typeof value !== "string" || !/^[\w-]{1,3000}$/.test(value))
      throw new ControlRefusal("bad_request", `\`${name}\` must be base64url`);
    return value;
  };
  const response = {
    clientData: text(inner, "clientDataJSON"),
    authenticatorData: text(inner, "authenticatorData"),
    signature: text(inner, "signature"),
  };
  return { id: text(outer, "id"), response };
}
