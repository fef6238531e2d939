/**
 * Lays out what verifying the audit log found: one line a kind, so that chain, tree, checkpoints, gaps and the unanchored tail
 * stand apart. It does not verify.
 */
import { figure } from "../../base/counted.ts";
import type { VerifyReport } from "../../audit/verify.ts";
import { padEnd, paragraph, visible } from "../output.ts";
import type { Terminal } from "../terminal.ts";

export function renderVerification(report: VerifyReport, signed: string, terminal: Terminal): string {
  const mark = (good: boolean) => (good ? terminal.style("green", "ok  ") : terminal.style(["bold", "red"], "BAD "));
  const line = (good: boolean, name: string, text: string) => `  ${mark(good)} ${padEnd(name, 12)} ${text}\n`;
  const note = (name: string, text: string) => `       ${padEnd(name, 12)} ${text}\n`;
  const { checkpoints, witness } = report;
  const verified =
    line(report.lines, "lines", `${figure(report.records)} records in ${figure(report.segments)} segments`) +
    line(report.sequence, "gaps", report.sequence ? "no record is missing between others" : "records are missing or out of order") +
    line(report.chain, "chain", report.chain ? "each write commits to the one before" : "a write does not fit the one before") +
    line(
      report.tree,
      "tree",
      report.tree ? "the records are those that the checkpoints sign" : "the records are not those that the checkpoints sign",
    ) +
    line(checkpoints.signatures, "signatures", `${figure(checkpoints.count)} checkpoints`) +
    line(
      checkpoints.consistent,
      "checkpoints",
      checkpoints.consistent ? "each follows the one before" : "they contradict each other or the log",
    ) +
    line(report.persons !== false, "persons", signed) +
    (witness === null
      ? ""
      : line(
          !report.problems.some((p) => p.code === "witness_disagrees" || p.code === "rolled_back"),
          "witness",
          `${figure(witness.count)} checkpoints kept elsewhere, the newest of size ${figure(witness.newest)}`,
        ));
  const figures =
    note(
      "anchored",
      `${figure(report.anchored)} records stand under a signed checkpoint, ${figure(report.unanchored)} after it only under the chain`,
    ) +
    note(
      "outcomes",
      `${figure(report.openActs.length)} acts without an outcome, ${figure(report.unknownOutcomes)} recorded as unknown after a crash`,
    ) +
    (report.tornFiles.length + report.tornTailBytes === 0
      ? ""
      : note("torn", `${figure(report.tornFiles.length)} set-aside files, ${figure(report.tornTailBytes)} unfinished bytes at the end`));
  const problems = report.problems.slice(0, 10).map((problem) => {
    const place = [
      problem.file,
      problem.record === undefined ? undefined : `record ${problem.record}`,
      problem.byte === undefined ? undefined : `byte ${problem.byte}`,
    ];
    const where = place.filter((part) => part !== undefined).join(", ");
    return paragraph(visible(`${problem.code}${where === "" ? "" : ` (${where})`}: ${problem.message}`), terminal.columns, 2);
  });
  const more = report.problemCount > 10 ? `  and ${figure(report.problemCount - 10)} more\n` : "";
  const end = report.ok
    ? terminal.style(["bold", "green"], "the log verifies")
    : terminal.style(
        ["bold", "red"],
        `the log does not verify: ${figure(report.problemCount)} problem${report.problemCount === 1 ? "" : "s"}`,
      );
  return `${verified}${figures}\n${problems.join("")}${more}${problems.length > 0 ? "\n" : ""}${end}\n`;
}
