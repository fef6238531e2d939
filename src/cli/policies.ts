/**
 * The policy that a person means by a name on the command line: a preset, or a file in the shape of one.
 * It does not look into holdfast.yaml; commands that mean that file read it themselves.
 */
import { readFile } from "node:fs/promises";
import type { Environment } from "../model/principal.ts";
import type { Policy } from "../policy/policy.ts";
import { causeText, wrongUse } from "./errors.ts";
import { visible } from "./output.ts";
import { problemsOf } from "./settings.ts";

/** The policy compiled for `environment`; without a name that environment's default preset. */
export async function policyNamed(name: string | undefined, environment: Environment): Promise<Policy> {
  const [{ defaultPreset, presetDocument, presetNames }, { compilePolicy }] = await Promise.all([
    import("../config/presets.ts"),
    import("../config/compile-policy.ts"),
  ]);
  const wanted = name ?? defaultPreset[environment];
  const preset = presetNames.find((known) => known === wanted);
  if (preset !== undefined) return compilePolicy(presetDocument(preset), { environment });
  const text = await readFile(wanted, "utf8").catch(async (error: unknown) => {
    const { nearest } = await import("../config/nearest.ts");
    const near = nearest(wanted, presetNames);
    const guess = near === undefined ? "" : `: did you mean \`${near}\`?`;
    throw wrongUse(
      `\`${visible(wanted)}\` is no preset and no file that can be read: ${causeText(error)}${guess}`,
      `presets: ${presetNames.join(", ")}`,
    );
  });
  const [{ loadPolicyText }, { detailWords }] = await Promise.all([import("../config/load-config.ts"), import("../effects/details.ts")]);
  const loaded = loadPolicyText(text, { details: detailWords.map(({ word }) => word) });
  if ("problems" in loaded) throw problemsOf(wanted, loaded.problems);
  return compilePolicy(loaded.document, { environment });
}
