/**
 * `GET /v1/kept/TARGET`: transactions that can be taken back. `POST /v1/undo-plans`: what an undo would do; nothing of it stays.
 * `POST /v1/undos`: a person who signed what was shown has it done.
 */
import { Fields } from "../fields.ts";
import { ControlRefusal, type ControlParts } from "../parts.ts";
import type { Route } from "../route.ts";
import type { UndoControl, UndoWhat } from "../undo-port.ts";

const bodyBytesMax = 1024 * 1024;
const TRANSACTIONS_MAX = 10_000;

export const keptTransactions: Route = {
  method: "GET",
  path: "/v1/kept/",
  signed: false,
  answer: async ({ id }, parts) => ({ status: 200, body: { kept: await undoOf(parts).kept(id === "-" ? "" : id) } }),
};

export const undoPlan: Route = {
  method: "POST",
  path: "/v1/undo-plans",
  signed: false,
  bodyBytesMax,
  answer: async ({ body }, parts) => {
    const fields = new Fields(body, ["target", "database", "name", "sinceMs", "transactions"]);
    const wanted = { target: fields.text("target", 0), database: fields.text("database", 0), what: whatOf(fields) };
    return { status: 200, body: await undoOf(parts).plan(wanted) };
  },
};

export const undo: Route = {
  method: "POST",
  path: "/v1/undos",
  signed: true,
  bodyBytesMax,
  answer: async ({ body }, parts, by) => {
    const fields = new Fields(body, ["undo", "target", "database", "transactions", "digest", "skipConflicts"]);
    const skipConflicts = fields.raw("skipConflicts");
    if (typeof skipConflicts !== "boolean") throw new ControlRefusal("bad_request", "`skipConflicts` must be true or false");
    const [id, target, database, digest] = [fields.text("undo"), fields.text("target"), fields.text("database"), fields.text("digest")];
    if (!/^u_[0-9a-z]{12}$/.test(id)) throw new ControlRefusal("bad_request", "`undo` must be the id of an undo's plan");
    const signed = { undo: id, target, database, digest, skipConflicts, transactions: transactionsOf(fields) };
    return { status: 200, body: await undoOf(parts).undo(signed, by) };
  },
};

function undoOf({ undo: control }: ControlParts): UndoControl {
  if (control === undefined) throw new ControlRefusal("unavailable", "this gateway undoes nothing");
  return control;
}

function whatOf(fields: Fields): UndoWhat {
  const given = ["name", "sinceMs", "transactions"].filter((name) => fields.raw(name) !== undefined);
  if (given.length !== 1) throw new ControlRefusal("bad_request", "give one of `name`, `sinceMs`, `transactions`");
  if (given[0] === "name") return { kind: "named", name: fields.text("name") };
  if (given[0] === "sinceMs") return { kind: "since", sinceMs: fields.number("sinceMs", Number.MAX_SAFE_INTEGER) };
  return { kind: "transactions", transactions: transactionsOf(fields) };
}

function transactionsOf(fields: Fields): readonly string[] {
  const given = fields.raw("transactions");
  const fits = Array.isArray(given) && given.length > 0 && given.length <= TRANSACTIONS_MAX && given.every(isTransaction);
  if (!fits) throw new ControlRefusal("bad_request", `\`transactions\` must be 1 to ${TRANSACTIONS_MAX} of the server's transaction ids`);
  return given as readonly string[];
}

function isTransaction(value: unknown): boolean {
  return typeof value === "string" && /^[1-9][0-9]{0,17}$/.test(value);
}
