/**
 * A login for a new user of Holdfast: a password that is shown once, and the verifier that the configuration keeps.
 * It writes nothing.
 */
import type { RandomBytes } from "../base/ids.ts";
import { makeVerifier } from "../adapters/postgres/scram.ts";
import { formatVerifier } from "../adapters/postgres/scram-text.ts";

export interface NewLogin {
  /** 192 bits of chance in URL-safe characters: guessing it from the verifier is hopeless at any number of iterations. */
  readonly password: string;
  readonly verifier: string;
}

export function newLogin(random: RandomBytes): NewLogin {
  const password = Buffer.from(random(24)).toString("base64url");
  return { password, verifier: formatVerifier(makeVerifier(password, { iterations: 4096, salt: random(16) })) };
}
