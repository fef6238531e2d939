/**
 * The test reporter of scripts/test.ts: one JSON line for each test that ended, suites left out.
 * It formats nothing for people. The default export is node:test's contract for reporters.
 */
import type { TestEvent } from "node:test/reporters";

/** One ended test. `path` names its ancestors, outermost first. */
export interface TestLine {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly error: string;
  readonly ms: number;
}

export default async function* reporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    if (event.type !== "test:pass" && event.type !== "test:fail") continue;
    const { data } = event;
    // A parent fails when a child does; the child's line says why, so the parent's would only count one failure twice.
    const cause = event.type === "test:fail" ? event.data.details.error : undefined;
    if (data.details.type === "suite" && (cause as { failureType?: string } | undefined)?.failureType !== "hookFailed") continue;
    const skipped = (data.skip !== undefined && data.skip !== false) || (data.todo !== undefined && data.todo !== false);
    const outcome = event.type === "test:fail" ? "failed" : skipped ? "skipped" : "passed";
    const line: TestLine = { name: data.name, outcome, error: cause ? described(cause) : "", ms: data.details.duration_ms };
    yield `${JSON.stringify(line)}\n`;
  }
}

function described(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause : error;
  return cause.stack ?? cause.message;
}
