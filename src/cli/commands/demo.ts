/**
 * `holdfast demo`: a real PostgreSQL, a small shop in it, Holdfast in front, and an agent's bad day through a real client.
 * Everything it prints is measured; a check that does not hold makes the exit code 1.
 */
import { figure } from "../../base/counted.ts";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type pg from "pg";
import { stateDirectory } from "../../control/state-directory.ts";
import { tamperWithCopy, verifyHere } from "../demo/evidence.ts";
import { type DemoGateway, startDemoGateway } from "../demo/gateway.ts";
import { playIncident } from "../demo/incident.ts";
import { tokenFile, volumes } from "../demo/incident-calls.ts";
import { playQuestion, type QuestionParts } from "../demo/question.ts";
import { play, playUnguarded, rowsIn } from "../demo/play.ts";
import { type Report, changesBetween, openReport } from "../demo/report.ts";
import { type Scene, badDay, everyday } from "../demo/scenes.ts";
import { startDemoServer } from "../demo/server.ts";
import { type Holdings, type Shop, holdingsOf, once, openShop } from "../demo/shop.ts";
import { makeStaging, type Staging } from "../demo/staging.ts";
import { type StandInRailway, startStandIn } from "../demo/stand-in-railway.ts";
import { playTakeBack } from "../demo/take-back.ts";
import { exitCodes, wrongUse } from "../errors.ts";
import { table } from "../output.ts";
import { setExit } from "../exit.ts";
import type { Terminal } from "../terminal.ts";
import type { Define } from "../define.ts";

interface Options {
  readonly upstream?: string;
  readonly stay?: boolean;
  readonly auto?: boolean;
}

export const define: Define = (command, terminal) => {
  command
    .option("--upstream <url>", "use this PostgreSQL server instead of starting one; the demo makes and drops a database of its own")
    .option("--auto", "answer the held statement by script; so it is where standard output is no terminal")
    .option("--stay", "keep everything running afterwards, to try by hand")
    .addHelpText(
      "after",
      "\nExamples:\n  holdfast demo\n  holdfast demo --auto --stay\n  holdfast demo --upstream " +
        "postgres://postgres@127.0.0.1:5432/postgres\n\nThe exit code is 1 when one of the checks it prints does not hold.\n",
    )
    .action((options: Options) => demo(options, terminal));
};

/** Undone in reverse order, whatever happens. */
type Cleanup = (() => void | Promise<void>)[];

async function demo(options: Options, terminal: Terminal): Promise<void> {
  const ended = terminal.untilEnded();
  const report = openReport(terminal);
  const cleanup: Cleanup = [];
  try {
    const stage = await build(options, report, cleanup);
    if (!ended.aborted) await playDay(stage, report, ended);
    if (!ended.aborted) await ask(stage, options, { report, terminal, ended });
    if (!ended.aborted) await playIncident({ ...stage, report, terminal, ended });
    if (!ended.aborted) await playTakeBack({ ...stage, url: stage.staging.url, report, terminal });
    if (!ended.aborted) await showEvidence(stage, report);
    if (report.failures > 0) setExit(terminal, exitCodes.failed);
    if (!ended.aborted) await end(stage, options, report, terminal);
    if (options.stay === true && !ended.aborted) await new Promise((resolve) => ended.addEventListener("abort", resolve, { once: true }));
    if (ended.aborted && options.stay !== true) setExit(terminal, exitCodes.failed);
  } finally {
    for (const undo of cleanup.reverse()) await undo();
  }
}

interface Stage {
  readonly shop: Shop;
  readonly gateway: DemoGateway;
  readonly folder: string;
  readonly staging: Staging;
  readonly railway: StandInRailway;
  readonly unguarded: StandInRailway;
  readonly token: string;
}

async function build(options: Options, report: Report, cleanup: Cleanup): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-demo-"));
  cleanup.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const server = options.upstream === undefined ? await ownServer(folder, cleanup) : givenServer(options.upstream);
  const shop = await openShop(server.url, server.adminDatabase);
  cleanup.push(() => shop.drop());
  const upstreamUrl = server.url(shop.database);
  const [version] = await once(
    upstreamUrl,
    async (client) => (await client.query<{ v: string }>("SELECT current_setting('server_version') AS v")).rows,
  );
  const loaded = await holdingsOf(upstreamUrl);
  const staging = await makeStaging(shop, folder, options.upstream === undefined);
  const provider = await standIns(folder, cleanup);
  const { railway, token } = provider;
  const gateway = await startDemoGateway({ folder, upstreamUrl, database: shop.database, staging, railway, token });
  cleanup.push(() => gateway.stop());
  await report.heading(`PostgreSQL ${version?.v ?? ""} with a small shop in it, and Holdfast in front`);
  await report.line(
    `  ${Object.entries(loaded.rows)
      .map(([name, rows]) => `${figure(rows)} ${name.replaceAll("_", " ")}`)
      .join(", ")}`,
  );
  await report.line("  foreign keys that cascade, a view, a trigger, and a function that deletes");
  await report.line(`  the agent connects to ${new URL(gateway.agentUrl).host}, policy guarded-writes, environment production`);
  return { shop, gateway, folder, staging, ...provider };
}

/** Two of the provider, alike: one behind Holdfast, and one to show what the call does. The token lies where the agent will find it. */
async function standIns(folder: string, cleanup: Cleanup): Promise<Pick<Stage, "railway" | "unguarded" | "token">> {
  const token = `rw_${randomBytes(24).toString("hex")}`;
  const started = async (): Promise<StandInRailway> => {
    const standIn = await startStandIn({ token, volumes, nowMs: Date.now() });
    cleanup.push(() => standIn.close());
    return standIn;
  };
  const [railway, unguarded] = [await started(), await started()];
  mkdirSync(join(folder, dirname(tokenFile)));
  writeFileSync(join(folder, tokenFile), `RAILWAY_TOKEN=${token}\n`, { mode: 0o600 });
  writeFileSync(join(folder, "unguarded-ca.pem"), unguarded.certificate);
  return { railway, unguarded, token };
}

interface UsedServer {
  readonly url: (database: string) => string;
  readonly adminDatabase: string;
}

async function ownServer(folder: string, cleanup: Cleanup): Promise<UsedServer> {
  const server = await startDemoServer(folder);
  cleanup.push(() => server.stop());
  return { url: server.url, adminDatabase: "postgres" };
}

function givenServer(text: string): UsedServer {
  if (!URL.canParse(text) || !/^postgres(ql)?:$/.test(new URL(text).protocol)) {
    throw wrongUse("--upstream is no PostgreSQL URL", "for example: --upstream postgres://postgres@127.0.0.1:5432/postgres");
  }
  const url = (database: string): string => {
    const changed = new URL(text);
    changed.pathname = `/${database}`;
    return changed.href;
  };
  const database = decodeURIComponent(new URL(text).pathname.slice(1));
  return { url, adminDatabase: database === "" ? "postgres" : database };
}

async function playDay(stage: Stage, report: Report, ended: AbortSignal): Promise<void> {
  const { shop, gateway } = stage;
  const url = shop.url(shop.database);
  await once(gateway.agentUrl, async (agent) => {
    await report.heading("An ordinary morning", "Reads and restricted changes pass, at once and unchanged.");
    for (const scene of everyday) if (!ended.aborted) await showEveryday(scene, agent, report);
    const before = await holdingsOf(url);
    await report.heading(
      "A bad day",
      "Each is refused, or held for a person with what it was measured to do. The last line is measured too: the same on a copy, without Holdfast.",
    );
    for (const scene of badDay) if (!ended.aborted) await showBad(scene, agent, shop, report);
    if (!ended.aborted) await showCounts(before, await holdingsOf(url), report);
  });
}

async function ask(
  { shop, gateway }: Stage,
  { auto }: Options,
  parts: Pick<QuestionParts, "report" | "terminal" | "ended">,
): Promise<void> {
  const asks = auto !== true && parts.terminal.interactive;
  const url = shop.url(shop.database);
  await once(gateway.agentUrl, (agent) => playQuestion({ ...parts, gateway, url, agent }, asks));
}

async function showEveryday(scene: Scene, agent: pg.Client, report: Report): Promise<void> {
  const { refusal, rows } = await play(scene, agent);
  const told = refusal === undefined ? [] : [refusal.message];
  const outcome = refusal === undefined ? "passed" : "refused";
  const title = refusal === undefined ? `${scene.title}: ${figure(rows)} row${rows === 1 ? "" : "s"}` : scene.title;
  await report.scene({ title, statements: scene.statements, holds: refusal === undefined && rows > 0, outcome, told });
}

async function showBad(scene: Scene, agent: pg.Client, shop: Shop, report: Report): Promise<void> {
  const { refusal, alive } = await play(scene, agent);
  const { before, after } = await playUnguarded(scene, shop);
  const lost = rowsIn(before) - rowsIn(after);
  const told =
    refusal === undefined ? [] : [`${refusal.sqlstate} ${refusal.message}`, ...(refusal.hint === undefined ? [] : [`→ ${refusal.hint}`])];
  // The refusal must be ours and not the server's, the session must live on, and the copy must show that it was no idle threat.
  const ours = refusal?.message.startsWith("holdfast: ") === true;
  await report.scene({
    title: scene.title,
    statements: scene.statements,
    holds: ours && alive && lost > 0,
    outcome: refusal === undefined ? "passed" : refusal.message.startsWith("holdfast: held") ? "held" : "refused",
    told,
    otherwise: changesBetween(before.rows, after.rows),
  });
}

async function showCounts(before: Holdings, after: Holdings, report: Report): Promise<void> {
  await report.heading("What is left", "Counted on the server, round Holdfast, before and after the bad day.");
  const heads = [{ title: "  TABLE" }, { title: "BEFORE", align: "right" }, { title: "AFTER", align: "right" }] as const;
  const rows = Object.entries(before.rows).map(([name, count]) => [`  ${name}`, figure(count), figure(after.rows[name] ?? 0)]);
  await report.line(table(heads, rows, 100));
  await report.check(
    Object.entries(before.rows).every(([name, count]) => after.rows[name] === count),
    "every table has as many rows as before",
  );
  await report.check(before.digest === after.digest, "every row is the same: a digest over all of them did not change");
  await report.check(
    before.objects === after.objects,
    `all ${figure(before.objects)} tables, views, indexes, functions, triggers and schemas are there`,
  );
}

async function showEvidence(stage: Stage, report: Report): Promise<void> {
  const { keys } = stateDirectory(stage.gateway.config.state);
  const audit = stage.gateway.config.auditDirectory;
  await report.heading(
    "The record",
    "Every statement is in a Merkle log with signed checkpoints. It verifies; a copy with one byte changed does not.",
  );
  const whole = await verifyHere(audit, keys);
  await report.check(
    whole.ok,
    `the log verifies: ${figure(whole.records)} records, ${figure(whole.checkpoints.count)} signed ` +
      `checkpoint${whole.checkpoints.count === 1 ? "" : "s"}`,
  );
  const tampered = await tamperWithCopy(audit, keys, join(stage.folder, "tampered"));
  const problem = tampered.report.problems[0];
  await report.line(
    `\n  a copy with byte ${figure(tampered.offset)} changed, so that \`${tampered.before}\` reads ` +
      `\`${tampered.after}\` in record ${tampered.record}:`,
  );
  await report.check(
    !tampered.report.ok,
    `the copy does not verify${problem === undefined ? "" : `: ${problem.code} at record ${problem.record ?? "?"}: ${problem.message}`}`,
  );
}

async function end(stage: Stage, options: Options, report: Report, terminal: Terminal): Promise<void> {
  const { style } = terminal;
  const held = report.checks - report.failures;
  const tally =
    report.failures === 0
      ? style(["bold", "green"], `all ${held} checks hold`)
      : style(["bold", "red"], `${report.failures} of ${report.checks} checks do not hold`);
  await report.line(`\n${tally}`);
  if (options.stay !== true) return report.line(style("dim", "keep it running to try by hand: holdfast demo --stay"));
  await report.heading("Try it by hand", "Ctrl-C ends it and removes everything.");
  await report.line(`  as the agent, through Holdfast   ${stage.gateway.agentUrl}`);
  await report.line(`  straight to the server           ${stage.shop.url(stage.shop.database)}`);
  await report.line(`  the console                      ${stage.gateway.consoleUrl}`);
  await report.line(`    as ${stage.gateway.person.name}, passphrase ${stage.gateway.person.passphrase}`);
  await report.line(`  the gateway                      holdfast status --config ${stage.gateway.configFile}`);
  await report.line(`  the record                       holdfast audit tail --follow --config ${stage.gateway.configFile}\n`);
}
