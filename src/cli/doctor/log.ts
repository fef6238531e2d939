/**
 * Looks at the audit log: whether it verifies, and whether its end stands under a checkpoint.
 * It repairs nothing; `holdfast audit verify` says more.
 */
import { figure } from "../../base/counted.ts";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { publicKeyFile } from "../../audit/keys.ts";
import { verifyLog } from "../../audit/verify.ts";
import { PersonsReader } from "../../control/persons-reader.ts";
import { causeText } from "../errors.ts";
import type { StatePlaces } from "../settings.ts";
import { type Finding, finding, weakness } from "./finding.ts";

/** `running`: a gateway writes it now, and will sign what is new. */
export async function examineLog(places: Pick<StatePlaces, "keys" | "audit">, running: boolean): Promise<Finding> {
  const publicKey = await readFile(join(places.keys, publicKeyFile), "utf8").catch(() => undefined);
  if (publicKey === undefined) return finding("audit log", "unknown", "there is no log yet", "start the gateway once: holdfast up");
  try {
    const report = await verifyLog({ directory: places.audit, publicKey, persons: new PersonsReader() });
    if (report.ok && report.unanchored > 0 && !running)
      return weakness("log-unanchored", "audit log", "weak", {
        text: `verifies, and ${figure(report.unanchored)} of its ${figure(report.records)} records are under no checkpoint`,
        why: "whoever cuts them off is not noticed: the last stop was no clean one",
        next: "holdfast up (it makes one), and keep checkpoints elsewhere, see docs/audit.md",
      });
    if (report.ok)
      return finding(
        "audit log",
        "good",
        `verifies: ${figure(report.records)} records, ${figure(report.unanchored)} of them not yet under a checkpoint`,
      );
    return finding(
      "audit log",
      "bad",
      `does not verify: ${report.problems[0]?.message ?? "for a reason not given"}`,
      "see `holdfast audit verify`, and keep a copy of the folder",
    );
  } catch (error) {
    return finding("audit log", "bad", `cannot be verified: ${causeText(error)}`, "see `holdfast audit verify`");
  }
}
