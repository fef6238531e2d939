/**
 * `holdfast backup drill`: has the newest backup restored on trial, by the gateway for a person who signs, or here when it is down.
 * The exit code is 1 when the drill did not pass.
 */
import { figure } from "../../base/counted.ts";
import { callControl, NoGateway } from "../../control/client.ts";
import type { Drill } from "../../model/recovery.ts";
import { causeText, exitCodes, failed } from "../errors.ts";
import { setExit } from "../exit.ts";
import { paragraph, table, visible } from "../output.ts";
import { askAsPerson, type PersonOptions, socketOf } from "../person-call.ts";
import { readConfig } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import { secretPlaces, unsealed, type VaultKeyOptions } from "../unseal.ts";

interface Options extends PersonOptions, VaultKeyOptions {
  readonly target?: string;
  readonly until?: string;
}

/** A large database takes its time. */
const ANSWER_MS_MAX = 24 * 3_600_000;

export async function drill(options: Options, terminal: Terminal): Promise<void> {
  const { target = "", until: before = "" } = options;
  const done = (await gatewayRuns(options, terminal)) ? await asked(options, { target, before }, terminal) : await alone(options, terminal);
  if (!done.passed) setExit(terminal, exitCodes.failed);
  await terminal.out(options.json === true ? `${JSON.stringify(done)}\n` : drillText(done, terminal));
}

async function gatewayRuns(options: Options, terminal: Terminal): Promise<boolean> {
  return callControl(await socketOf(options, terminal), { method: "GET", path: "/v1/status" }).then(
    () => true,
    (error: unknown) => (error instanceof NoGateway && error.code !== "EACCES" ? false : Promise.reject(failed(causeText(error)))),
  );
}

async function asked(options: Options, body: { readonly target: string; readonly before: string }, terminal: Terminal): Promise<Drill> {
  const where = body.target === "" ? "the only target" : `target ${visible(body.target)}`;
  const to = body.before === "" ? "now" : `before ${visible(body.before)}`;
  const terms = paragraph(`Restore the newest backup of ${where} on trial, up to ${to}.`, terminal.columns);
  return (await askAsPerson(options, { method: "POST", path: "/v1/drills", body, answerMsMax: ANSWER_MS_MAX }, terms, terminal)) as Drill;
}

async function alone(options: Options, terminal: Terminal): Promise<Drill> {
  const config = await readConfig(options.config, terminal);
  const vault = await unsealed(config, options, terminal);
  try {
    const { drillAlone } = await import("../../wiring/drill-alone.ts");
    const { target = "", until: before = "" } = options;
    const say = (what: string) => terminal.err(`${visible(what)}\n`);
    const parts = { config, vault, environment: secretPlaces(terminal, vault), target, before, say, signal: terminal.untilEnded() };
    return await drillAlone(parts).catch((error: unknown) => Promise.reject(failed(visible(causeText(error)))));
  } finally {
    vault?.close();
  }
}

/** Ends with a line end. */
function drillText({ id, target, backup, passed, checks, recoveryMs, lostMs }: Drill, terminal: Terminal): string {
  const rows = checks.map(({ name, passed: good, because }) => [good ? "passed" : "FAILED", visible(name), visible(because)]);
  const head = `drill ${id} of ${visible(target)}: ${backup === null ? "no backup" : `backup ${backup}`}\n`;
  const figures = [
    ...(recoveryMs === null ? [] : [`a server that answers after ${figure(Math.round(recoveryMs / 100) / 10)} s`]),
    ...(lostMs === null ? [] : [`changes of the last ${figure(Math.round(lostMs / 1000))} s not in it`]),
  ];
  const end = passed ? terminal.style("green", "passed") : terminal.style(["bold", "red"], "FAILED");
  const checked = table([{ title: "" }, { title: "CHECK" }, { title: "FOUND", shrink: true }], rows, terminal.columns);
  return `${head}${checked}${end}${figures.length === 0 ? "" : `: ${figures.join(", ")}`}\n`;
}
