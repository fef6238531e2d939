/**
 * A role of AWS, taken for a session by `sts:AssumeRole`: it may do what both the role and the session's policy allow, and ends by itself.
 * Facts: AWS STS API reference. AWS takes none back before it ends. The key pair's own permissions should be this call alone.
 */
import type { Clock } from "../../base/clock.ts";
import { sha256Hex } from "../sigv4/canonical.ts";
import { keyPairOf, keyPairText } from "../sigv4/key-pair.ts";
import { signedInHeader } from "../sigv4/sign-anew.ts";
import { stampOf } from "../sigv4/signing.ts";
import type { Minted, Minter, MintProblem, MintSend } from "./minter.ts";

export interface AssumeRoleOptions {
  readonly role: string;
  /** Where STS is asked: its own region's endpoint. */
  readonly region: string;
  /** JSON of the session's policy; absent: all that the role may do. */
  readonly policy?: string;
  readonly policyArns: readonly string[];
  readonly externalId?: string;
  readonly durationS: number;
}

export function assumeRoleMinter(options: AssumeRoleOptions, send: MintSend, clock: Pick<Clock, "now">): Minter {
  const { role, region, policy, policyArns } = options;
  const host = `sts.${region}.amazonaws.com`;
  const narrowed = policy === undefined && policyArns.length === 0 ? "" : ", narrowed by the session's policy";
  return {
    told: `the role ${role}${narrowed}`,
    async mint(secret, principal, signal) {
      const pair = keyPairOf(secret);
      if (pair === undefined) return { problem: "the secret is no key pair of AWS" };
      const body = new URLSearchParams(fieldsOf(options, principal)).toString();
      const asked = {
        method: "POST",
        host,
        target: "/",
        headers: [["content-type", "application/x-www-form-urlencoded; charset=utf-8"]] as const,
        payload: sha256Hex(body),
        signed: ["content-type", "host", "x-amz-date"],
        scope: { region, api: "sts" },
        form: "normalised" as const,
        stamp: stampOf(clock.now()),
      };
      const { headers } = signedInHeader(asked, pair);
      const reply = await send({ method: "POST", url: `https://${host}/`, headers, body }, signal);
      if (typeof reply === "string") return { problem: reply };
      const code = element(reply.text, "Code");
      const word = code !== undefined && /^[A-Za-z.]{1,64}$/.test(code) ? ` ${code}` : "";
      return reply.status === 200 ? mintedOf(reply.text) : { problem: `the provider refused to make one: ${reply.status}${word}` };
    },
  };
}

function fieldsOf({ role, policy, policyArns, externalId, durationS }: AssumeRoleOptions, principal: string): Record<string, string> {
  return {
    Action: "AssumeRole",
    Version: "2011-06-15",
    RoleArn: role,
    // What CloudTrail shows of every act with it.
    RoleSessionName: `holdfast-${principal}`.replace(/[^\w+=,.@-]/g, "-").slice(0, 64),
    DurationSeconds: String(durationS),
    ...(policy === undefined ? {} : { Policy: policy }),
    ...Object.fromEntries(policyArns.map((arn, at) => [`PolicyArns.member.${at + 1}.arn`, arn])),
    ...(externalId === undefined ? {} : { ExternalId: externalId }),
  };
}

function mintedOf(text: string): Minted | MintProblem {
  const credentials = element(text, "Credentials") ?? "";
  const [id, secret, token] = ["AccessKeyId", "SecretAccessKey", "SessionToken"].map((name) => element(credentials, name));
  const expiresAtMs = Date.parse(element(credentials, "Expiration") ?? "");
  if (id === undefined || secret === undefined || token === undefined || Number.isNaN(expiresAtMs))
    return { problem: "the provider's answer holds no credentials" };
  return { value: keyPairText({ id, secret, token }), expiresAtMs, parts: [secret, token] };
}

/** The first of the name, without elements inside it being told apart: STS gives each name once. */
function element(text: string, name: string): string | undefined {
  const from = text.indexOf(`<${name}>`);
  const to = from < 0 ? -1 : text.indexOf(`</${name}>`, from);
  return to < 0 ? undefined : text.slice(from + name.length + 2, to).trim();
}
