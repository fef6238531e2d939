/**
 * `pulumi preview --json` as changes: its steps with their operations (github.com/pulumi/pulumi, PreviewDigest).
 * It does not judge them, and a preview is no plan file: what `pulumi up` does later may differ.
 */
import type { InfraChange, InfraPlan } from "./change.ts";
import { type Fields, fieldsOf, listOf, textOf } from "./fields.ts";

/** `undefined`: it is none. */
export function readPulumi(document: Fields): InfraPlan | undefined {
  const { steps, changeSummary } = document;
  if (!Array.isArray(steps) && typeof changeSummary !== "object") return undefined;
  const failed = listOf(document["diagnostics"]).some((entry) => fieldsOf(entry)["severity"] === "error");
  const changes = listOf(steps).flatMap((entry) => stepOf(fieldsOf(entry)));
  return { tool: "pulumi", version: "", changes, incomplete: failed ? "the preview ended with an error" : "" };
}

/** A replacement is three steps: the one that says `replace` stands for all. */
const operations: Readonly<Record<string, InfraChange["action"] | "none">> = {
  same: "none",
  read: "none",
  "read-replacement": "none",
  refresh: "none",
  import: "none",
  "create-replacement": "none",
  "delete-replaced": "none",
  "read-discard": "none",
  "discard-replaced": "none",
  "remove-pending-replace": "none",
  create: "create",
  update: "update",
  delete: "delete",
  replace: "replace",
  "import-replacement": "replace",
};

/** Commands of their own: https://www.pulumi.com/registry/packages/command. */
const commands = /^command:/;

function stepOf(step: Fields): readonly InfraChange[] {
  const action = operations[textOf(step["op"])] ?? "unknown";
  if (action === "none") return [];
  const [before, after] = [fieldsOf(step["oldState"]), fieldsOf(step["newState"])];
  const urn = textOf(step["urn"]);
  const type = textOf(before["type"]) || textOf(after["type"]) || typeIn(urn);
  const held = (state: Fields): unknown =>
    Object.keys(state).length === 0 ? null : { ...fieldsOf(state["outputs"]), ...fieldsOf(state["inputs"]), protect: state["protect"] };
  const runs = commands.test(type) ? { runs: true as const } : {};
  return [
    {
      tool: "pulumi",
      address: urn.split("::").slice(2).join("::") || urn,
      type,
      action,
      before: held(before),
      after: held(after),
      ...runs,
    },
  ];
}

/** `urn:pulumi:stack::project::parent$type::name`. */
function typeIn(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}
