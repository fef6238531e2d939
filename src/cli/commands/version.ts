/** `holdfast version`: the version of Holdfast and of what it runs on. */
import type { Terminal } from "../terminal.ts";
import { version } from "../../wiring/version.ts";
import type { Define } from "../define.ts";

export const define: Define = (command, terminal) => {
  command
    .option("--json", "print one JSON object")
    .addHelpText("after", "\nExamples:\n  holdfast version\n  holdfast version --json\n")
    .action((options: { json?: boolean }) => print(options.json === true, terminal));
};

async function print(json: boolean, terminal: Terminal): Promise<void> {
  const known = { holdfast: version(), node: process.versions.node, platform: `${process.platform}-${process.arch}` };
  await terminal.out(json ? `${JSON.stringify(known)}\n` : `holdfast ${known.holdfast} (Node.js ${known.node}, ${known.platform})\n`);
}
