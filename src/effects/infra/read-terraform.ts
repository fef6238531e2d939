/**
 * `terraform show -json PLANFILE`, and OpenTofu's, as changes: format 1 of https://developer.hashicorp.com/terraform/internals/json-format.
 * It does not judge them, and cannot tell whether the text came from the plan file that will be applied.
 */
import type { InfraChange, InfraPlan } from "./change.ts";
import { entriesOf, listOf, type Fields, fieldsOf, textOf } from "./fields.ts";

/** `undefined`: it is none. A text: why it cannot be read. */
export function readTerraform(document: Fields): InfraPlan | string | undefined {
  const changes = document["resource_changes"];
  const format = document["format_version"];
  if (typeof format !== "string" || (changes === undefined && document["planned_values"] === undefined)) return undefined;
  if (!/^1[.]/.test(format)) return "the plan is of a format other than 1, and is not understood";
  const running = new Set(provisioned(fieldsOf(fieldsOf(document["configuration"])["root_module"]), ""));
  const read = listOf(changes).flatMap((entry) => changeOf(fieldsOf(entry), running));
  return { tool: "terraform", version: textOf(document["terraform_version"]), changes: read, incomplete: incompleteness(document) };
}

function incompleteness(document: Fields): string {
  if (document["errored"] === true) return "planning ended with an error";
  if (listOf(document["deferred_changes"]).length > 0) return "changes of it are deferred, and not in it";
  if (listOf(document["action_invocations"]).length > 0) return "it invokes actions of providers, which are not in it";
  return document["complete"] === false ? "it is not complete" : "";
}

/** Each list of Terraform's actions. A list that is none of these is not understood. */
const actions: Readonly<Record<string, InfraChange["action"] | "none">> = {
  "no-op": "none",
  read: "none",
  create: "create",
  update: "update",
  delete: "delete",
  forget: "forget",
  "delete,create": "replace",
  "create,delete": "replace",
  "create,forget": "create",
  "forget,create": "create",
};

function changeOf(entry: Fields, running: ReadonlySet<string>): readonly InfraChange[] {
  const change = fieldsOf(entry["change"]);
  const action = actions[listOf(change["actions"]).map(textOf).join(",")] ?? "unknown";
  if (action === "none" || (entry["mode"] === "data" && action !== "unknown")) return [];
  const address = textOf(entry["address"]);
  // An index tells one instance from another: provisioners belong to all of them.
  const runs = running.has(address.replaceAll(/\[[^\]]*\]/g, "")) ? { runs: true as const } : {};
  const deposed = typeof entry["deposed"] === "string" ? `${address} (deposed)` : address;
  return [
    { tool: "terraform", address: deposed, type: textOf(entry["type"]), action, before: change["before"], after: change["after"], ...runs },
  ];
}

/** Addresses of resources with a provisioner, without their indices. */
function provisioned(module: Fields, prefix: string): readonly string[] {
  const own = listOf(module["resources"]).flatMap((entry) => {
    const resource = fieldsOf(entry);
    return listOf(resource["provisioners"]).length > 0 ? [`${prefix}${textOf(resource["address"])}`] : [];
  });
  const inner = entriesOf(module["module_calls"]).flatMap(([name, call]) =>
    provisioned(fieldsOf(fieldsOf(call)["module"]), `${prefix}module.${name}.`),
  );
  return [...own, ...inner];
}
