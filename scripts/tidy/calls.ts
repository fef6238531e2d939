/**
 * Calls that make a result depend on something other than its arguments, outside the few places that may make them.
 * It does not follow aliases: `const now = Date.now` is found, `const { now } = Date` is not.
 */
import ts from "typescript";
import { type Check, eachNode, type Finding, isTest, isTypeScript, lineOf, treeOf } from "./source.ts";

const allowed = /^src\/(base\/|cli\/|wiring\.ts$|wiring\/)/;
const instead: Readonly<Record<string, string>> = {
  "Date.now": "take a `Clock`",
  "performance.now": "take a `Clock`",
  "Math.random": "take `RandomBytes`",
  "process.env": "take the value by argument",
};

export const bannedCalls: Check = (files) =>
  files
    .filter((file) => isTypeScript(file) && file.path.startsWith("src/") && !isTest(file.path) && !allowed.test(file.path))
    .flatMap((file) => {
      const findings: Finding[] = [];
      eachNode(treeOf(file), (node) => {
        const name = ts.isPropertyAccessExpression(node) ? node.getText() : "";
        const clock = ts.isNewExpression(node) && node.expression.getText() === "Date" && (node.arguments?.length ?? 0) === 0;
        const remedy = instead[name] ?? (clock ? "take a `Clock`" : undefined);
        if (remedy) findings.push({ path: file.path, line: lineOf(node), message: `\`${clock ? "new Date()" : name}\`: ${remedy}` });
      });
      return findings;
    });
