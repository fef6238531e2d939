/**
 * Reads fields out of a request's body, each with its bound. An unknown field is refused: a slip must not silently mean something else.
 * It knows no route.
 */
import { isAbsolute } from "node:path";
import { type GrantOperation, grantOperations } from "../model/grant.ts";
import { noBudget, type Budget } from "../model/run.ts";
import { ControlRefusal } from "./parts.ts";

export const textCharactersMax = 500;
const TABLES_MAX = 50;
const FOLDERS_MAX = 50;
const FOLDER_CHARACTERS_MAX = 4096;

export class Fields {
  readonly #fields: Readonly<Record<string, unknown>>;

  /** Throws {@link ControlRefusal} when `body` is no object or holds a field beside `known`. */
  constructor(body: unknown, known: readonly string[]) {
    if (typeof body !== "object" || body === null || Array.isArray(body)) throw bad("the body is no JSON object");
    this.#fields = body as Record<string, unknown>;
    const unknown = Object.keys(this.#fields).find((name) => !known.includes(name));
    if (unknown !== undefined) throw bad(`\`${unknown.slice(0, 40)}\` is not known here: ${known.join(", ")}`);
  }

  text(name: string, least = 1): string {
    const value = this.#fields[name] ?? (least === 0 ? "" : undefined);
    if (typeof value !== "string" || value.trim().length < least || value.length > textCharactersMax)
      throw bad(`\`${name}\` must be a text of ${least} to ${textCharactersMax} characters`);
    return value.trim();
  }

  oneOf<const T extends string>(name: string, known: readonly T[]): T {
    const value = known.find((each) => each === this.#fields[name]);
    if (value === undefined) throw bad(`\`${name}\` must be one of ${known.join(", ")}`);
    return value;
  }

  /** As it came, for whoever looks at it in its own way. */
  raw(name: string): unknown {
    return this.#fields[name];
  }

  number(name: string, max = 1e12): number {
    const value = this.#fields[name];
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1 || value > max)
      throw bad(`\`${name}\` must be a whole number from 1 to ${max}`);
    return value;
  }

  numberOrNull(name: string): number | null {
    return this.#fields[name] === null || this.#fields[name] === undefined ? null : this.number(name);
  }

  tables(): readonly string[] {
    const value = this.#fields["tables"];
    const fits = Array.isArray(value) && value.length > 0 && value.length <= TABLES_MAX && value.every(isTable);
    if (!fits) throw bad(`\`tables\` must be 1 to ${TABLES_MAX} names, each with its schema: \`public.orders\``);
    return value as readonly string[];
  }

  /** Absolute paths; none where there are none. */
  folders(): readonly string[] {
    const value = this.#fields["folders"] ?? [];
    const fits = Array.isArray(value) && value.length <= FOLDERS_MAX && value.every(isFolder);
    if (!fits) throw bad(`\`folders\` must be at most ${FOLDERS_MAX} absolute paths`);
    return value as readonly string[];
  }

  operations(): readonly GrantOperation[] {
    const value = this.#fields["operations"];
    const fits = Array.isArray(value) && value.length > 0 && value.every((each) => grantOperations.includes(each as GrantOperation));
    if (!fits) throw bad(`\`operations\` must be some of ${grantOperations.join(", ")}: nothing else is granted`);
    return [...new Set(value as readonly GrantOperation[])];
  }

  budget(): Partial<Budget> {
    const value = this.#fields["budget"] ?? {};
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad("`budget` is no object");
    const fields = new Fields(value, Object.keys(noBudget));
    return Object.fromEntries(Object.keys(noBudget).flatMap((name) => (name in value ? [[name, fields.numberOrNull(name)]] : [])));
  }
}

function isTable(value: unknown): boolean {
  return typeof value === "string" && value.length <= 130 && /^[^.]+\.[^.]/.test(value);
}

function isFolder(value: unknown): boolean {
  return typeof value === "string" && value.length <= FOLDER_CHARACTERS_MAX && isAbsolute(value);
}

function bad(message: string): ControlRefusal {
  return new ControlRefusal("bad_request", message);
}
