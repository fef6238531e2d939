/**
 * Fuzz targets of what is read before and beside a session: start-up packets, SCRAM messages, holdfast.yaml, lines of explain.
 * They start no server.
 */
import { tmpdir } from "node:os";
import { linesOf } from "../../src/cli/lines.ts";
import { readStartup, type StartupParameter, writeStartup } from "../../src/adapters/postgres/codec/startup.ts";
import { ClientLogin } from "../../src/adapters/postgres/login/client-login.ts";
import { makeVerifier, scram } from "../../src/adapters/postgres/scram.ts";
import { ScramClient } from "../../src/adapters/postgres/scram-client.ts";
import { formatVerifier } from "../../src/adapters/postgres/scram-text.ts";
import { ScramServer } from "../../src/adapters/postgres/scram-server.ts";
import { compilePolicy } from "../../src/config/compile-policy.ts";
import { renderInitialConfig } from "../../src/config/initial-config.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { presetDocument } from "../../src/config/presets.ts";
import { openExplainer } from "../../src/wiring.ts";
import { bytesOf, chopped, damaged, damagedText, pick } from "./mutate.ts";
import type { Random } from "./wire.ts";

function expect(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

const limits = { statementMsMax: null, transactionMsMax: null, idleInTransactionMsMax: null, sessionMsMax: null };
const salt = Buffer.from("0123456789abcdef");
const verifier = makeVerifier("pencil", { iterations: 1, salt });
const words = ["user", "agent", "database", "shop", "replication", "true", "options", "-c search_path=x", "_pq_.x", "client_encoding", ""];

export function startupPackets(random: Random): void {
  const parameters: StartupParameter[] = Array.from({ length: 1 + Math.floor(random() * 5) }, () => [
    pick(random, words.slice(0, -1)),
    pick(random, words),
  ]);
  const packet = writeStartup(parameters);
  const read = readStartup(packet.subarray(4));
  expect(read.kind === "startup" && JSON.stringify(read.parameters) === JSON.stringify(parameters), "what was written is read");
  const login = new ClientLogin({
    target: { accounts: new Map(), clientTlsRequired: false, limits, replication: false },
    tlsAvailable: random() < 0.5,
    subjectOf: () => ({ verifier, genuine: false }),
    nonce: "ours",
  });
  let ended = false;
  for (const chunk of chopped(random, damaged(random, packet))) {
    for (const { kind } of login.receive(chunk)) {
      expect(!ended, "nothing is said after the end");
      expect(kind !== "authenticated", "nobody gets in");
      ended ||= kind === "close";
    }
  }
}

/** With the right password the server lets in, and this fails: the canary does that. */
export function scramMessages(random: Random, password = "not pencil"): void {
  const server = new ScramServer({ verifier, genuine: true }, bytesOf(random, 9).toString("hex"));
  const client = new ScramClient({ binding: { kind: "unsupported" }, ownNonce: bytesOf(random, 9).toString("hex"), iterationsMax: 10 });
  const maybe = (text: string): string => (random() < 0.4 ? damagedText(random, text) : text);
  const first = server.first(maybe(client.first()));
  if (first.kind !== "send") return;
  const derive = client.received(maybe(first.message));
  if (derive.kind !== "derive") return;
  const last = server.final(maybe(client.final(scram.saltedPassword(password, salt, 1))));
  expect(last.kind !== "send", "a wrong proof is let in");
  expect(!client.verified(maybe(pick(random, ["v=AAAA", "e=other-error", "", "v="]))), "a server that proves nothing is believed");
}

const config = renderInitialConfig({
  target: "main",
  environment: "staging",
  listen: "127.0.0.1:6432",
  urlVariable: "DATABASE_URL",
  user: { name: "agent", kind: "ai_agent", verifier: formatVerifier(verifier).replace("$1:", "$4096:") },
});

export function configTexts(random: Random): void {
  const at = { directory: tmpdir() };
  const lines = config.split("\n");
  const line = Math.floor(random() * lines.length);
  const changed =
    random() < 0.5 ? damagedText(random, config) : lines.toSpliced(line, 1, damagedText(random, lines[line] ?? "")).join("\n");
  for (const text of [changed, `${config}\nzz${Math.floor(random() * 1000)}: 1\n`]) {
    const loaded = loadConfig({ ...at, text });
    if (!("problems" in loaded)) {
      expect(text === changed, "a key that is not known is accepted");
      continue;
    }
    const count = text.split("\n").length;
    expect(loaded.problems.length > 0, "a refusal without a reason");
    for (const { line: l, column, message } of loaded.problems) {
      expect(l >= 1 && l <= count + 1 && column >= 1 && message !== "", `a problem at ${l}:${column} of ${count} lines`);
    }
  }
}

const statements = [
  "SELECT 1",
  "DELETE FROM t",
  "DROP TABLE t",
  "WITH x AS (DELETE FROM t RETURNING 1) SELECT * FROM x",
  "COPY t TO PROGRAM 'x'",
];

export async function explainTarget(): Promise<{ run(random: Random): Promise<void>; close(): Promise<void> }> {
  const explainer = await openExplainer({
    environment: "production",
    policy: compilePolicy(presetDocument("read-only"), { environment: "production" }),
    schema: ["CREATE TABLE t (a int)"],
  });
  return {
    close: () => explainer.close(),
    async run(random) {
      const whole = JSON.stringify({ sql: pick(random, statements) });
      const input = Array.from({ length: 5 }, () => (random() < 0.7 ? damaged(random, Buffer.from(whole)) : Buffer.from(whole)));
      const bytes = Buffer.concat(input.flatMap((line) => [line, Buffer.from("\n")]));
      const due = bytes.toString("latin1").split("\n").length - 1;
      let seen = 0;
      for await (const line of linesOf(streamOf(chopped(random, bytes)), 10_000)) {
        seen += 1;
        if (line.kind !== "text") continue;
        const { decision, reason } = JSON.parse(await explainer.explain(line.text)) as { decision: string; reason: { code: string } };
        expect(/^(allow|hold|deny)$/.test(decision) && reason.code !== "internal", `no decision: ${line.text}`);
        expect(decision !== "allow" || !line.text.includes(whole) || whole.includes("SELECT 1"), `allowed: ${line.text}`);
      }
      expect(seen === due, `${due} lines and ${seen} results`);
    },
  };
}

async function* streamOf(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks;
}
