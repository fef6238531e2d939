/**
 * `GET /v1/bin/TARGET`: what rests in bins. `POST /v1/bin-restores` and `POST /v1/bin-empties`: a person who signed it brings entries back,
 * or has them go for good.
 */
import type { BinControl } from "../bin-port.ts";
import { Fields } from "../fields.ts";
import { ControlRefusal, type ControlParts } from "../parts.ts";
import type { Route } from "../route.ts";

const ENTRIES_MAX = 10_000;
const bodyBytesMax = 1024 * 1024;

export const binEntries: Route = {
  method: "GET",
  path: "/v1/bin/",
  signed: false,
  answer: async ({ id }, parts) => ({ status: 200, body: await binOf(parts).list(id === "-" ? "" : id) }),
};

export const binRestore: Route = {
  method: "POST",
  path: "/v1/bin-restores",
  signed: true,
  bodyBytesMax,
  answer: async ({ body }, parts, by) => {
    const fields = new Fields(body, ["target", "entries", "as", "replace", "withoutConstraints"]);
    const [target, as, entries] = [fields.text("target"), fields.text("as", 0), entriesOf(fields)];
    const signed = { target, entries, as, replace: flag(fields, "replace"), withoutConstraints: flag(fields, "withoutConstraints") };
    return { status: 200, body: await binOf(parts).restore(signed, by) };
  },
};

export const binEmpty: Route = {
  method: "POST",
  path: "/v1/bin-empties",
  signed: true,
  bodyBytesMax,
  answer: async ({ body }, parts, by) => {
    const fields = new Fields(body, ["target", "entries"]);
    const emptied = await binOf(parts).empty({ target: fields.text("target"), entries: entriesOf(fields) }, by);
    return { status: 200, body: { emptied } };
  },
};

function binOf({ bin }: ControlParts): BinControl {
  if (bin === undefined) throw new ControlRefusal("unavailable", "this gateway keeps no bin");
  return bin;
}

function flag(fields: Fields, name: string): boolean {
  const value = fields.raw(name);
  if (typeof value !== "boolean") throw new ControlRefusal("bad_request", `\`${name}\` must be true or false`);
  return value;
}

function entriesOf(fields: Fields): readonly string[] {
  const given = fields.raw("entries");
  const fits = Array.isArray(given) && given.length > 0 && given.length <= ENTRIES_MAX && given.every(isEntry);
  if (!fits) throw new ControlRefusal("bad_request", `\`entries\` must be 1 to ${ENTRIES_MAX} ids of entries, such as n_0123456789`);
  return [...new Set(given as readonly string[])];
}

function isEntry(value: unknown): boolean {
  return typeof value === "string" && /^n_[0-9a-z]{10}$/.test(value);
}
