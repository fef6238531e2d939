/**
 * What a logged-in person sees of itself: name, environments, passkeys, and the token for what changes something.
 * It shows nobody else.
 */
import type { ConsolePerson, PasskeyView } from "../contract.ts";
import type { WebConsole } from "./parts.ts";
import type { LoggedIn } from "./route.ts";

export function personView({ parts }: WebConsole, { login, person }: LoggedIn): ConsolePerson {
  return { person: person.name, approves: person.approves, csrf: login.csrf, passkeys: passkeysOf(parts.persons(), person.name) };
}

export function passkeysOf(persons: ReturnType<WebConsole["parts"]["persons"]>, name: string): readonly PasskeyView[] {
  const own = persons.find((person) => person.name === name)?.passkeys ?? [];
  return own.map(({ credential, registeredAtMs, label }) => ({ credential, registeredAtMs, label }));
}
