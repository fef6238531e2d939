/**
 * A plan of Terraform, OpenTofu or Pulumi in, its effects out: what would be gone with its data, unprotected, cut off or changed.
 * It decides nothing, and shows names of things and of settings, never a value.
 */
import { assertNever } from "../../base/assert.ts";
import type { Effect, Reversibility } from "../../model/effect.ts";
import type { OperationClass } from "../../packs/pack.ts";
import { type Holds, infraTypes, safeguards } from "../../packs/infra-types.ts";
import { globRegExp } from "../http/doors.ts";
import type { InfraChange, InfraPlan } from "./change.ts";
import { fieldsOf, entriesOf } from "./fields.ts";
import { readPulumi } from "./read-pulumi.ts";
import { readTerraform } from "./read-terraform.ts";

/** The plan that a text holds, or why it is none. Never throws. */
export function readInfraPlan(text: string): InfraPlan | string {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return "it is not JSON";
  }
  const fields = fieldsOf(document);
  return (
    readTerraform(fields) ??
    readPulumi(fields) ??
    "it is neither what `terraform show -json PLANFILE` nor what `pulumi preview --json` prints"
  );
}

/** The gravest first; of one change as many as it has. */
export function infraEffects(plan: InfraPlan): readonly Effect[] {
  const effects = plan.changes.flatMap(effectsOf);
  const missing = plan.incomplete === "" ? [] : [effect("unknown", `${plan.tool}:plan`, "unknown", plan.incomplete)];
  return [...effects, ...missing].toSorted((one, other) => order.indexOf(one.detail) - order.indexOf(other.detail));
}

const order: readonly string[] = ["destroy", "disarm", "exec", "credential", "unknown", "outage", "write"];

function effectsOf(change: InfraChange): readonly Effect[] {
  const name = `${change.tool}:${change.type}/${shown(change.address)}`;
  const runs = change.runs === true ? [effect("exec", name, "unknown", "a program of its own runs on the way")] : [];
  switch (change.action) {
    case "delete":
    case "replace":
      return [...gone(change, name), ...runs];
    case "update":
      return [...updated(change, name), ...runs];
    case "create":
      return [effect(holdsOf(change.type) === "rights" ? "credential" : "write", name, "reversible", "it is made"), ...runs];
    case "forget":
      return [effect("disarm", name, "reversible", `${change.tool} lets go of it: nothing watches over it any more`)];
    case "unknown":
      return [effect("unknown", name, "unknown", "what the plan calls this change is not known"), ...runs];
    default:
      return assertNever(change.action, "infra change");
  }
}

function gone(change: InfraChange, name: string): readonly Effect[] {
  const how = change.action === "replace" ? "it is deleted and made anew" : "it is deleted";
  const holds = holdsOf(change.type);
  switch (holds) {
    case "data": {
      const [reversibility, what] = lastCopy(change.before);
      return [effect("destroy", name, reversibility, `${how} with what is in it${what}`)];
    }
    case "everything":
      return [effect("destroy", name, "irreversible", `${how} with all that lies in it`)];
    case "rights":
      return [effect("credential", name, "unknown", `${how}: who uses it loses access`)];
    case "nothing":
      return [effect("outage", name, "restorable", how)];
    case "unknown":
      return [effect("destroy", name, "unknown", `${how}; what is lost with it is not known`)];
    default:
      return assertNever(holds, "what a type holds");
  }
}

/** What the thing's own settings say about a last copy. Names of AWS's attributes and the other clouds' like ones. */
function lastCopy(before: unknown): readonly [Reversibility, string] {
  const flags = new Map(entriesOf(before).map(([name, value]) => [plain(name), value]));
  if (flags.get("skipfinalsnapshot") === true) return ["irreversible", ", and the final snapshot is skipped"];
  if (flags.get("skipfinalsnapshot") === false) return ["restorable", "; a final snapshot is taken first"];
  if (flags.get("forcedestroy") === true) return ["irreversible", ", whether it is empty or not"];
  return ["irreversible", ""];
}

function updated(change: InfraChange, name: string): readonly Effect[] {
  const lost = [...new Set(disarmed(change.before, change.after))].map((because) => effect("disarm", name, "reversible", because));
  const rights = holdsOf(change.type) === "rights";
  const itself = effect(rights ? "credential" : "write", name, "reversible", "it is changed in place");
  return lost.length > 0 && !rights ? lost : [...lost, itself];
}

function disarmed(before: unknown, after: unknown): readonly string[] {
  const now = new Map(entriesOf(after));
  return entriesOf(before).flatMap(([name, value]) => {
    const then = now.get(name);
    const hit = safeguards.find((safeguard) => safeguard.name.test(plain(name)) && ends(safeguard.to, value, then));
    if (hit !== undefined) return [hit.because];
    if (Array.isArray(value)) return value.flatMap((item, index) => disarmed(item, Array.isArray(then) ? then[index] : undefined));
    return typeof value === "object" && value !== null ? disarmed(value, then) : [];
  });
}

/** A value that is only known after the apply counts as one that ends it. */
function ends(to: boolean | "less", value: unknown, then: unknown): boolean {
  if (to === "less") return typeof value === "number" && value > 0 && (typeof then !== "number" || then < value);
  return value === !to && then !== !to;
}

const patterns = infraTypes.map(([holds, globs]) => [holds, globs.map(globRegExp)] as const);

function holdsOf(type: string): Holds | "unknown" {
  return patterns.find(([, globs]) => globs.some((glob) => glob.test(type)))?.[0] ?? "unknown";
}

function plain(name: string): string {
  return name.replaceAll(/[_-]/g, "").toLowerCase();
}

const operationOf: Readonly<Record<string, Effect["operation"]>> = {
  destroy: "delete",
  disarm: "define",
  exec: "execute",
  credential: "grant",
  outage: "update",
  write: "update",
  unknown: "unknown",
};

function effect(detail: OperationClass | "unknown", name: string, reversibility: Reversibility, because: string): Effect {
  return {
    operation: operationOf[detail] ?? "unknown",
    resource: { type: "api_resource", name },
    extent: { kind: "exact", count: 1 },
    reversibility,
    cause: "direct",
    detail,
    because,
  };
}

function shown(address: string): string {
  const printable = address.replaceAll(/[^\x20-\x7e]/g, "?");
  return printable.length > 200 ? `${printable.slice(0, 200)}...` : printable;
}
