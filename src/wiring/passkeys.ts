/**
 * Persons' passkeys in the sealed vault, each change told in the log: first that it is meant, then that the vault has it.
 * It verifies no signature; whoever asks has done so.
 */
import { messageOf } from "../base/message-of.ts";
import type { RegisteredPasskey } from "../control/authority.ts";
import { ControlRefusal } from "../control/parts.ts";
import type { PasskeyControl } from "../control/web/parts.ts";
import type { VaultContent } from "../credentials/vault-content.ts";
import type { AuditEvent } from "../model/event.ts";
import type { Vault } from "./vault.ts";

export interface PasskeysParts {
  readonly vault: Vault | undefined;
  readonly append: (event: AuditEvent) => void;
  readonly seal: () => Promise<void>;
  /** Has the log told of the vault as it is. */
  readonly look: () => Promise<void>;
}

type PasskeyEvent = Extract<AuditEvent, { kind: "passkey_registered" | "passkey_removed" }>;

export function passkeysIn({ vault, append, seal, look }: PasskeysParts): PasskeyControl {
  const open = (): Vault => {
    if (vault === undefined) throw new ControlRefusal("unavailable", "there is no vault to keep a passkey in");
    return vault;
  };
  const change = async (person: string, next: Change, what: string | null): Promise<void> => {
    // What others changed meanwhile is told first.
    await look();
    await open()
      .update((content) => withPasskeys(content, person, next), what)
      .catch((error: unknown) => {
        if (error instanceof ControlRefusal) throw error;
        throw new ControlRefusal("unavailable", `the vault could not be written: ${messageOf(error)}`);
      });
  };
  const told = async (event: PasskeyEvent, next: Change, what: string): Promise<void> => {
    append(event);
    await seal();
    await change(event.person, next, what);
    await look();
    await seal();
  };
  return {
    add: async (person, passkey, nonce) => {
      const { credential, publicKey, rpId } = passkey;
      if (Object.values(open().content.persons).some(({ passkeys = [] }) => passkeys.some((each) => each.credential === credential)))
        throw new ControlRefusal("conflict", "the passkey is registered already");
      const next: Change = (passkeys) => [...passkeys, passkey];
      await told({ kind: "passkey_registered", person, credential, publicKey, rpId, nonce }, next, `registered a passkey of ${person}`);
    },
    remove: async (person, credential, nonce) => {
      const found = open().content.persons[person]?.passkeys?.find((each) => each.credential === credential);
      if (found === undefined) throw new ControlRefusal("not_found", "there is no such passkey of yours");
      const next: Change = (passkeys) => passkeys.filter((each) => each.credential !== credential);
      const { publicKey, rpId } = found;
      await told({ kind: "passkey_removed", person, credential, publicKey, rpId, nonce }, next, `removed a passkey of ${person}`);
    },
    used: (person, credential, counter) =>
      change(person, (passkeys) => passkeys.map((each) => (each.credential === credential ? { ...each, counter } : each)), null),
  };
}

type Change = (passkeys: readonly RegisteredPasskey[]) => readonly RegisteredPasskey[];

function withPasskeys(content: VaultContent, name: string, next: Change): VaultContent {
  const person = Object.hasOwn(content.persons, name) ? content.persons[name] : undefined;
  if (person === undefined) throw new ControlRefusal("not_found", "the person is not registered any more");
  return { ...content, persons: { ...content.persons, [name]: { ...person, passkeys: next(person.passkeys ?? []) } } };
}
