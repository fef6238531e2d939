/**
 * The founding incident in the demo: a staging session, a token in a file that has nothing to do with its task, and one call. Everything
 * goes through a real client with what `holdfast run` gives a program; what is there before and after is the stand-in's own count.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { callControl, type HeldSession, holdSession } from "../../control/client.ts";
import { stateDirectory } from "../../control/state-directory.ts";
import { type HttpEnvironment, openHttpEnvironment } from "../run/http-environment.ts";
import type { Terminal } from "../terminal.ts";
import { DemoPerson } from "./decision.ts";
import type { DemoGateway } from "./gateway.ts";
import type { Report } from "./report.ts";
import { calls, type IncidentCall, tokenFile } from "./incident-calls.ts";
import { railwayHost, railwayUrl, type StandInRailway } from "./stand-in-railway.ts";
import { stagingTarget } from "./staging.ts";

export interface IncidentParts {
  readonly gateway: DemoGateway;
  readonly railway: StandInRailway;
  /** Another like it, which is destroyed for show. */
  readonly unguarded: StandInRailway;
  /** The real one, as it lies in the file. */
  readonly token: string;
  readonly folder: string;
  readonly report: Report;
  readonly terminal: Terminal;
  readonly ended: AbortSignal;
}

interface Answered {
  readonly status: number;
  readonly body: string;
  readonly approval: string | undefined;
  /** Why, where the proxy refused it. */
  readonly refusal: { readonly code: string; readonly message: string; readonly next?: string } | undefined;
}

export async function playIncident(parts: IncidentParts): Promise<void> {
  const { report, gateway } = parts;
  await report.heading(
    "The incident",
    "An agent on a staging task meets an error, finds a token in a file that has nothing to do with it, and makes one API call. " +
      `What answers as ${railwayHost} is a stand-in on this machine that really deletes. The agent itself was given a placeholder.`,
  );
  const socket = stateDirectory(gateway.config.state).controlSocket;
  const purpose = "bring staging up again";
  const held = await holdSession(socket, { target: stagingTarget, program: "agent", actsFor: "sam", purpose });
  const environment = await openHttpEnvironment(held.opened, {}, undefined);
  try {
    await new Incident(parts, held, environment).play();
  } finally {
    held.letGo();
    await environment.close();
    // The next scenes show sessions; this one is over when the gateway says so.
    await callControl(socket, { method: "GET", path: "/v1/sessions" }).catch(() => undefined);
  }
}

class Incident {
  readonly #parts: IncidentParts;
  readonly #environment: HttpEnvironment;
  readonly #placeholder: string;
  readonly #person: DemoPerson;

  constructor(parts: IncidentParts, { opened }: HeldSession, environment: HttpEnvironment) {
    this.#parts = parts;
    this.#environment = environment;
    this.#placeholder = opened.http?.placeholders[0]?.placeholder ?? "";
    this.#person = new DemoPerson(parts.gateway);
  }

  async play(): Promise<void> {
    const { ended } = this.#parts;
    await this.#reads();
    if (!ended.aborted) await this.#found();
    if (!ended.aborted) await this.#production();
    if (!ended.aborted) await this.#asked();
  }

  async #reads(): Promise<void> {
    for (const call of [calls.read, calls.deploy]) {
      const { status, body } = await this.#call(call, this.#placeholder);
      const holds = status === 200 && !body.includes("errors") && !body.includes(this.#parts.token);
      await this.#show(call, "$RAILWAY_API_TOKEN", { holds, outcome: status === 200 ? "passed" : "refused", told: [body] });
    }
  }

  /** The call of the day. Not a byte of it arrives. */
  async #found(): Promise<void> {
    const { railway, unguarded, token, gateway, report, terminal } = this.#parts;
    const [before, arrived, warned] = [railway.counts(), railway.arrived(), gateway.warnings.length];
    const answered = await this.#call(calls.production, token);
    const kept = same(before, railway.counts()) && railway.arrived() === arrived;
    const was = unguarded.counts();
    await this.#past(calls.production);
    const otherwise = changed(was, unguarded.counts());
    await this.#show(calls.production, "<found>", {
      title: `deletes the volume of production with the token that it found in ${tokenFile}`,
      holds: answered.refusal?.code === "found_credential" && kept && otherwise !== "",
      outcome: outcomeOf(answered),
      told: toldOf(answered),
      otherwise,
    });
    const alarm = gateway.warnings.slice(warned).find((text) => text.startsWith("FOUND CREDENTIAL"));
    await report.line(`      ${terminal.style("dim", "the operator reads:")}`);
    await report.told(alarm === undefined ? ["nothing"] : [alarm]);
    const holds = alarm !== undefined && !alarm.includes(token);
    await report.check(holds, "an alarm says where the token was sent and where it stood, and not what it is\n");
  }

  /** The same with what the agent was given: what it means is found out first. */
  async #production(): Promise<void> {
    const { railway } = this.#parts;
    const before = railway.counts();
    const answered = await this.#call(calls.production, this.#placeholder);
    await this.#show(calls.production, "$RAILWAY_API_TOKEN", {
      title: "the same with its placeholder",
      holds: answered.refusal?.message.includes("production") === true && same(before, railway.counts()),
      outcome: outcomeOf(answered),
      told: toldOf(answered),
    });
  }

  /** What a person may allow goes once. */
  async #asked(): Promise<void> {
    const { railway, report, terminal } = this.#parts;
    const before = railway.counts();
    const call = calls.staging;
    const asked = await this.#call(call, this.#placeholder);
    const view = asked.approval === undefined ? undefined : await this.#person.view(asked.approval);
    // What the person reads: which volume that is, how large, and where its backups are.
    const told = view?.plan.told ?? [];
    await this.#show(call, "$RAILWAY_API_TOKEN", {
      holds: view?.state === "pending" && told.some((text) => text.includes("backup")) && same(before, railway.counts()),
      outcome: outcomeOf(asked),
      told: [...toldOf(asked), ...told],
    });
    if (view === undefined) return;
    await this.#person.answer(view, "approve", "the old volume of staging is not needed any more");
    await report.line(`      ${terminal.style("dim", "ada agrees, and the agent sends it again:")}`);
    const first = await this.#call(call, this.#placeholder);
    const after = railway.counts();
    await report.told([`${first.status} ${first.body}`, changed(before, after)]);
    const once = first.status === 200 && before.volumes - after.volumes === 1;
    await report.check(once, "it was sent once: the stand-in has one volume less");
    const second = await this.#call(call, this.#placeholder);
    const nothing = second.refusal !== undefined && same(after, railway.counts());
    await report.check(nothing, `sent a second time it is ${outcomeOf(second)}, and reaches nobody`);
  }

  async #show(
    call: IncidentCall,
    bearer: string,
    shown: Omit<Parameters<Report["scene"]>[0], "title" | "statements"> & { title?: string },
  ): Promise<void> {
    const statements = [`curl -X POST ${railwayUrl} \\`, `-H "Authorization: Bearer ${bearer}" -H "Content-Type: application/json" \\`];
    await this.#parts.report.scene({ title: call.title, statements: [...statements, `-d '${call.body}'`], ...shown });
  }

  async #call({ body }: IncidentCall, token: string): Promise<Answered> {
    return answeredOf(await sent({ body, token, variables: this.#environment.variables, folder: this.#parts.folder }));
  }

  /** Straight to the copy, as on the day. */
  async #past({ body }: IncidentCall): Promise<void> {
    const { unguarded, token, folder } = this.#parts;
    await sent({ body, token, variables: {}, folder, past: { port: unguarded.port, ca: join(folder, "unguarded-ca.pem") } });
  }
}

interface Sending {
  readonly body: string;
  readonly token: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly past?: { readonly port: number; readonly ca: string };
}

/** By curl, as on the day; by Node's own fetch where there is none. The status stands in the last line. */
function sent({ body, token, variables, folder, past }: Sending): Promise<string> {
  const curl = (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((place) => join(place, "curl"))
    .find((file) => existsSync(file));
  const way = past === undefined ? [] : ["--connect-to", `${railwayHost}:443:127.0.0.1:${past.port}`, "--cacert", past.ca];
  const words = ["-sS", "-X", "POST", railwayUrl, "-H", `Authorization: Bearer ${token}`, "-H", "Content-Type: application/json"];
  const [file, args] =
    curl === undefined ? [process.execPath, ["-e", fetching]] : [curl, [...words, ...way, "-d", body, "-w", "\n%{http_code}"]];
  const told = { DEMO_BODY: body, DEMO_TOKEN: token, DEMO_URL: railwayUrl, DEMO_PORT: String(past?.port ?? ""), DEMO_CA: past?.ca ?? "" };
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, ...variables, ...(curl === undefined ? told : {}) };
  return new Promise((resolve) => {
    execFile(file, args, { env, cwd: folder, timeout: 60_000 }, (_, out, err) => resolve(out === "" ? `${err.trim()}\n0` : out));
  });
}

const fetching = `
const { DEMO_BODY: body, DEMO_TOKEN: token, DEMO_URL: url, DEMO_PORT: port, DEMO_CA: ca } = process.env;
const at = new URL(url);
const past = port === "" ? {} : { port, host: "127.0.0.1", servername: at.host, ca: require("node:fs").readFileSync(ca) };
const headers = { host: at.host, authorization: "Bearer " + token, "content-type": "application/json", "content-length": Buffer.byteLength(body) };
require("node:https").request({ host: at.host, path: at.pathname, method: "POST", headers, ...past }, (answer) => {
  answer.on("end", () => console.log("\\n" + answer.statusCode)).pipe(process.stdout);
}).end(body);`;

function answeredOf(text: string): Answered {
  const lines = text.trimEnd().split("\n");
  const status = Number(lines.pop());
  const body = lines.join("\n").trim();
  let refusal: Answered["refusal"];
  try {
    refusal = status === 403 ? (JSON.parse(body) as { error?: Answered["refusal"] }).error : undefined;
  } catch {
    refusal = undefined;
  }
  return { status, body, refusal, approval: /q_[0-9a-z]{12}/.exec(refusal === undefined ? "" : body)?.[0] };
}

function outcomeOf({ status, approval }: Answered): "passed" | "held" | "refused" {
  if (status === 200) return "passed";
  return approval === undefined ? "refused" : "held";
}

function toldOf({ status, body, refusal, approval }: Answered): readonly string[] {
  if (refusal === undefined) return [`${status} ${body}`];
  const { code, message, next = "" } = refusal;
  return [`${status} ${code}: ${message}`, ...(next === "" || approval !== undefined ? [] : [`→ ${next}`])];
}

type Counts = ReturnType<StandInRailway["counts"]>;

function same(one: Counts, other: Counts): boolean {
  return one.volumes === other.volumes && one.backups === other.backups;
}

function changed(before: Counts, after: Counts): string {
  if (same(before, after)) return "";
  return `volumes ${before.volumes} → ${after.volumes}, backups ${before.backups} → ${after.backups}`;
}
