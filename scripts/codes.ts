/**
 * Writes docs/codes.md from the table of codes; `--check` only compares. `test/codes.test.ts` keeps the two equal.
 * It adds no knowledge: a code's meaning stands in src/model/codes.ts.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { reasonCodes } from "../src/model/codes.ts";
import { home } from "./files.ts";

export const codesPage = join(home, "docs", "codes.md");

/** The page as it must be. */
export function renderCodes(): string {
  const rows = Object.entries(reasonCodes).map(
    ([code, { sqlstate, title }]) => `| \`${code}\` | ${sqlstate ? `\`${sqlstate}\`` : "none"} | ${title} |`,
  );
  return `# Reason codes

Made from \`src/model/codes.ts\` by \`npm run codes\`; a test keeps them equal. Each refusal carries one code, a sentence with the
measured figures and, where there is one, the next step that would be allowed. On a PostgreSQL connection the code stands in
DETAIL, and the SQLSTATE is the one below.

| code | SQLSTATE | meaning |
|---|---|---|
${rows.join("\n")}
`;
}

if (import.meta.main) {
  if (!process.argv.includes("--check")) writeFileSync(codesPage, renderCodes());
  else if (readFileSync(codesPage, "utf8") !== renderCodes()) {
    console.error("docs/codes.md is not what src/model/codes.ts says: run `npm run codes`");
    process.exitCode = 1;
  }
}
