/**
 * A password for a new account, and the verifier that the configuration keeps in its place.
 * It stores neither: the password is printed once by whoever asked.
 */
import { type RandomBytes, randomText } from "../base/ids.ts";
import { makeVerifier } from "../adapters/postgres/scram.ts";
import { formatVerifier } from "../adapters/postgres/scram-text.ts";

/** 160 bits of chance; PostgreSQL's own iteration count and salt length. */
export function newLogin(random: RandomBytes): { readonly password: string; readonly verifier: string } {
  const password = randomText(32, random);
  return { password, verifier: formatVerifier(makeVerifier(password, { iterations: 4096, salt: random(16) })) };
}
