/**
 * A person as one gateway knows them, to be registered at another one: name, public key and how it is made, passkeys. No secret is in it,
 * but whoever changes it on its way puts another key in the person's place: the public key is shown at both ends.
 */
import { keyParametersOf, publicKeyOf } from "../control/person-key.ts";
import type { VaultContent } from "../wiring/vault.ts";

type Person = VaultContent["persons"][string];
type KeyRecord = Pick<Person, "key" | "publicKey" | "passkeys">;

export function personRecord(name: string, { approves, key, publicKey, passkeys = [] }: Person): string {
  return JSON.stringify({ person: name, approves, key, publicKey, passkeys });
}

/** Throws with a clause when the text is no such record. What the person may open is said where the record is read, not in it. */
export function readPersonRecord(text: string): KeyRecord {
  const { key, publicKey, passkeys = [] } = parsed(text);
  if (typeof publicKey !== "string" || !Array.isArray(passkeys)) throw new Error("it holds no public key of a person");
  publicKeyOf(publicKey);
  return { key: keyParametersOf(key), publicKey, ...(passkeys.length === 0 ? {} : { passkeys: passkeys.map(passkey) }) };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Told below.
  }
  throw new Error("it is not what `holdfast person show` prints");
}

function passkey(value: unknown): NonNullable<Person["passkeys"]>[number] {
  const { credential, publicKey, rpId, label, registeredAtMs, counter } = value as Readonly<Record<string, unknown>>;
  const texts = [credential, publicKey, rpId, label];
  if (!texts.every((each) => typeof each === "string") || typeof registeredAtMs !== "number" || typeof counter !== "number")
    throw new Error("it holds a passkey that is none");
  return { credential, publicKey, rpId, label, registeredAtMs, counter } as NonNullable<Person["passkeys"]>[number];
}
