/**
 * Undo and the bin in the demo: what an agent changed and dropped in staging, and the two commands by which a person takes it back.
 * They are the commands themselves, as programs of their own; the rows are counted at the server, round Holdfast.
 */
import { spawn } from "node:child_process";
import { counted } from "../../base/counted.ts";
import { callControl } from "../../control/client.ts";
import type { BinRestored, BinView, SessionView, UndoneView } from "../../control/contract.ts";
import { stateDirectory } from "../../control/state-directory.ts";
import { failed } from "../errors.ts";
import type { Terminal } from "../terminal.ts";
import type { DemoGateway } from "./gateway.ts";
import { play } from "./play.ts";
import { changesBetween, type Report } from "./report.ts";
import { takenBack } from "./scenes.ts";
import { type Holdings, holdingsOf, once } from "./shop.ts";

export interface TakeBackParts {
  readonly gateway: DemoGateway;
  /** Of the staging database: straight to the server. */
  readonly url: string;
  readonly report: Report;
  readonly terminal: Terminal;
}

export async function playTakeBack(parts: TakeBackParts): Promise<void> {
  const { report, gateway } = parts;
  const { clerkUrl } = gateway;
  if (clerkUrl === undefined)
    return report.line(
      "\n  Undo and the bin are not shown: they take roles at the server, which the demo makes on a server of its own alone.",
    );
  const lead = "In staging an agent may do more, because it can be taken back: rows are kept as they were, and what is dropped rests.";
  await report.heading("Taken back", lead);
  await undone(parts, clerkUrl);
  await outOfTheBin(parts, clerkUrl);
}

async function undone(parts: TakeBackParts, clerkUrl: string): Promise<void> {
  const { report, gateway, url, terminal } = parts;
  const scene = takenBack.update;
  const before = await holdingsOf(url);
  const { refusal, rows } = await once(clerkUrl, (clerk) => play(scene, clerk));
  const changed = await holdingsOf(url);
  const told = refusal === undefined ? [`${counted(rows, "row")} changed`] : [refusal.message];
  const holds = refusal === undefined && rows > 0 && !same(before, changed);
  await report.scene({ ...scene, holds, outcome: refusal === undefined ? "passed" : "refused", told });
  const run = await runOf(gateway);
  const command = ["undo", run];
  await report.line(`      ${terminal.style("dim", "ada takes it back:")} holdfast ${command.join(" ")}`);
  const { outcome, tables } = await ran<UndoneView>([...command, "--yes"], gateway);
  const sums = tables.flatMap(({ table, inserted, updated, deleted }) => [
    ...part(updated, `of ${table} ${updated === 1 ? "has its" : "have their"} former values`),
    ...part(inserted, `of ${table} back`),
    ...part(deleted, `of ${table} gone again`),
  ]);
  await report.told([`${outcome}: ${sums.join(", ")}`]);
  await report.check(same(before, await holdingsOf(url)), "every row is as it was: a digest over all of them is the same again\n");
}

async function outOfTheBin(parts: TakeBackParts, clerkUrl: string): Promise<void> {
  const { report, gateway, url, terminal } = parts;
  const scene = takenBack.drop;
  const before = await holdingsOf(url);
  const { refusal } = await once(clerkUrl, (clerk) => play(scene, clerk));
  const gone = await holdingsOf(url);
  const told = refusal === undefined ? [`done, says the server: ${changesBetween(before.rows, gone.rows)}`] : [refusal.message];
  await report.scene({
    ...scene,
    holds: refusal === undefined && gone.objects < before.objects,
    outcome: refusal === undefined ? "passed" : "refused",
    told,
  });
  const { entries } = (await callControl(socketOf(gateway), { method: "GET", path: "/v1/bin/-", answerMsMax: 60_000 })) as BinView;
  const [entry] = entries;
  if (entry === undefined) return report.check(false, "what was dropped rests in the bin");
  const command = ["bin", "restore", entry.id];
  await report.line(`      ${terminal.style("dim", "ada brings it back:")} holdfast ${command.join(" ")}`);
  const { restored } = await ran<BinRestored>(command, gateway);
  const objects = restored.flatMap((each) => each.objects.map(({ type, name }) => `${type} ${name}`));
  await report.told([`restored: ${objects.join(", ")}`]);
  const after = await holdingsOf(url);
  await report.check(same(before, after), "the table is there with every row, its index, keys, trigger and the view over it");
}

/** The clerk's run at the gateway: everything that it did. */
async function runOf(gateway: DemoGateway): Promise<string> {
  const { sessions } = (await callControl(socketOf(gateway), { method: "GET", path: "/v1/sessions" })) as { sessions: SessionView[] };
  return sessions.find(({ principal }) => principal === "clerk")?.id ?? "";
}

/** One command as a person types it, with the passphrase on a pipe; what it says as one JSON object. */
async function ran<T>(words: readonly string[], { configFile, person }: DemoGateway): Promise<T> {
  const more = ["--json", "--config", configFile, "--as", person.name, "--passphrase-fd", "0"];
  const program = spawn(process.execPath, [process.argv[1] ?? "", ...words, ...more], { stdio: ["pipe", "pipe", "pipe"] });
  let out = "";
  let err = "";
  program.stdout.on("data", (chunk: Buffer) => (out += chunk.toString("utf8")));
  program.stderr.on("data", (chunk: Buffer) => (err += chunk.toString("utf8")));
  program.stdin.on("error", () => undefined);
  program.stdin.end(person.passphrase);
  const code = await new Promise((resolve) => program.once("close", resolve).once("error", resolve));
  if (code !== 0) throw failed(`\`holdfast ${words.join(" ")}\` did not work: ${err.trim()}`);
  return JSON.parse(out) as T;
}

function part(rows: number, what: string): readonly string[] {
  return rows === 0 ? [] : [`${counted(rows, "row")} ${what}`];
}

function socketOf({ config }: DemoGateway): string {
  return stateDirectory(config.state).controlSocket;
}

function same(before: Holdings, after: Holdings): boolean {
  return before.digest === after.digest && before.objects === after.objects;
}
