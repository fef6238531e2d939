/**
 * The steps that tests of a desk take again and again: one is opened, an act is asked about, a reason is read.
 * It tests nothing itself.
 */
import assert from "node:assert/strict";
import type { Desk } from "../../src/approvals/desk.ts";
import type { Approval } from "../../src/model/approval.ts";
import type { Reason } from "../../src/model/decision.ts";
import type { Presented } from "../../src/pipeline/approvals-port.ts";
import { DeskScene, heldAct, type Wanted } from "./desk-scene.ts";

/** Every scene that was opened is put in `scenes`, for the caller to stop. */
export async function opened(
  scenes: DeskScene[],
  change: (scene: DeskScene) => void = () => {},
): Promise<{ readonly scene: DeskScene; readonly desk: Desk }> {
  const scene = new DeskScene();
  scenes.push(scene);
  change(scene);
  return { scene, desk: await scene.desk() };
}

/** Presents an act that nobody has answered, and returns the question. */
export async function asked(desk: Desk, wanted: Wanted = {}): Promise<Approval> {
  const presented = await desk.present(heldAct(wanted));
  assert.equal(presented.kind, "waiting", JSON.stringify(presented));
  const approval = presented.kind === "waiting" ? await desk.one(presented.approval) : undefined;
  assert(approval !== undefined);
  return approval;
}

/** Of what was not approved. */
export function reason(presented: Presented): Reason {
  assert(presented.kind !== "approved");
  return presented.reason;
}

/** What the log holds, a word each. */
export const kinds = (scene: DeskScene): readonly string[] => scene.log.map(({ kind }) => kind.replace("approval_", ""));
