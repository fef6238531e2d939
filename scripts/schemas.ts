/**
 * JSON Schemas of the configuration and of a policy file, for editors. Made from the zod schemas, so that they cannot drift apart.
 * It does not say everything: references between names are found when the file is loaded.
 */
import { z } from "zod";
import { configSchema } from "../src/config/config-schema.ts";
import { presetSchema } from "../src/config/policy-schema.ts";

/** Schema files under `presets/` with their text. */
export function schemaFiles(): ReadonlyMap<string, string> {
  return new Map([
    ["holdfast.schema.json", render(configSchema, "holdfast.yaml")],
    ["policy.schema.json", render(presetSchema, "a Holdfast policy")],
  ]);
}

function render(schema: z.ZodType, title: string): string {
  const body = z.toJSONSchema(schema, { io: "input", target: "draft-2020-12", reused: "ref" });
  return `${JSON.stringify({ title, ...body }, null, 2)}\n`;
}
