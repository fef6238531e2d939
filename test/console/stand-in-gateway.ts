/**
 * Stands in for a running gateway behind the console's server: approvals that only remember their answers, one real person, no database.
 * The server, the logins, the signatures and the passkeys are the real ones; what an approval means is not here.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { type RandomBytes, systemRandom } from "../../src/base/ids.ts";
import { openAuthority, type RegisteredPasskey, type RegisteredPerson } from "../../src/control/authority.ts";
import type { Authority } from "../../src/control/authority-port.ts";
import type { ApprovalView, AuditLine, GatewayStatus, SessionView } from "../../src/control/contract.ts";
import { type ApprovalControl, ControlRefusal, type SessionControl } from "../../src/control/parts.ts";
import { derivePersonKey, publicKeyText } from "../../src/control/person-key.ts";
import type { WebParts } from "../../src/control/web/parts.ts";
import { type WebOptions, type WebServer, startWebServer } from "../../src/control/web/server.ts";
import type { AnswerEvidence, ApprovalAnswer } from "../../src/model/approval.ts";
import type { AuditEvent } from "../../src/model/event.ts";
import { RecoveryFold } from "../../src/recovery/told.ts";
import { standInApproval } from "./stand-in-approval.ts";

export const passphrase = "a passphrase that nobody would guess 7";

/** As cheap as a key may be: tests log in often. */
const cheap = { cost: 2 ** 15, blockSize: 8, parallelization: 1 };

export interface StandIn {
  readonly server: WebServer;
  readonly parts: WebParts;
  /** Changed by tests as the vault would change. */
  readonly persons: RegisteredPerson[];
  readonly events: AuditEvent[];
  readonly answers: { readonly answer: ApprovalAnswer; readonly evidence: AnswerEvidence }[];
  /** What was asked of sessions, in words. */
  readonly asked: string[];
  readonly put: (view: ApprovalView) => void;
  readonly tell: (lines: readonly AuditLine[]) => void;
  readonly close: () => Promise<void>;
}

export interface StandInOptions extends Partial<WebOptions> {
  readonly clock?: Clock;
  readonly random?: RandomBytes;
  readonly approvals?: readonly ApprovalView[];
  readonly sessions?: readonly SessionView[];
}

export async function standInPerson(name: string, words = passphrase): Promise<RegisteredPerson> {
  const key = { salt: Buffer.from(systemRandom(32)).toString("base64"), ...cheap };
  return { name, approves: ["production", "staging"], key, publicKey: publicKeyText(await derivePersonKey(Buffer.from(words), key)) };
}

export async function openStandIn(options: StandInOptions = {}): Promise<StandIn> {
  const { clock = systemClock, random = systemRandom, approvals = [standInApproval()], sessions = [], ...web } = options;
  const folder = mkdtempSync(join(tmpdir(), "holdfast-console-"));
  const gateway = join(folder, "control.sock");
  const persons = [await standInPerson("ada")];
  const events: AuditEvent[] = [];
  const record = (event: AuditEvent): void => void events.push(event);
  const authority = openAuthority({ clock, random: systemRandom, gateway, persons: () => persons, record });
  const desk = openDesk(approvals, clock);
  const asked: string[] = [];
  const followers = new Set<(lines: readonly AuditLine[]) => void>();
  const parts: WebParts = {
    ...controls(authority, sessions, asked, clock),
    approvals: desk.control,
    clock,
    random,
    gateway,
    persons: () => persons,
    passkeys: passkeysIn(persons),
    log: {
      page: () => Promise.resolve({ events: [], size: 0, verification: { state: "verified", checkedTo: 0 } }),
      follow: (take) => {
        followers.add(take);
        return () => followers.delete(take);
      },
      recovery: () => {
        const fold = new RecoveryFold();
        for (const event of events) fold.step(event, clock.now());
        return Promise.resolve({ ...fold.told(), readFrom: 0 });
      },
    },
    policies: () => Promise.resolve([]),
    explain: () => Promise.reject(new ControlRefusal("unavailable", "nothing is explained by a stand-in")),
  };
  const server = await startWebServer({ host: "127.0.0.1", port: 0, assets: join(folder, "none"), ...web }, parts);
  const tell = (lines: readonly AuditLine[]): void => followers.forEach((take) => take(lines));
  return { server, parts, persons, events, answers: desk.answers, asked, put: desk.put, tell, close: () => server.close() };
}

function openDesk(approvals: readonly ApprovalView[], clock: Clock) {
  const kept = new Map(approvals.map((view) => [String(view.id), view]));
  const answers: { answer: ApprovalAnswer; evidence: AnswerEvidence }[] = [];
  const changed = new Set<(view: ApprovalView) => void>();
  const put = (view: ApprovalView): void => {
    kept.set(view.id, view);
    for (const tell of changed) tell(view);
  };
  const one = (id: string): ApprovalView => {
    const view = kept.get(id);
    if (view === undefined) throw new ControlRefusal("not_found", `no approval is named \`${id}\``);
    return view;
  };
  const control: ApprovalControl = {
    list: () => Promise.resolve([...kept.values()]),
    one: (id) => Promise.resolve().then(() => one(id)),
    answer: (body, { person, evidence, channel }) =>
      Promise.resolve().then(() => {
        const view = one(body.approval);
        if (view.state !== "pending") throw new ControlRefusal("conflict", `approval \`${view.id}\` is ${view.state}`);
        if (body.planDigest !== view.plan.digest) throw new ControlRefusal("conflict", "the plan is another one now");
        const answer = { person: person.name, answer: body.answer, atMs: clock.now(), channel, reason: body.reason, tookMs: null };
        answers.push({ answer: { ...answer, evidence }, evidence });
        const next: ApprovalView = {
          ...view,
          revision: view.revision + 1,
          answers: [...view.answers, answer],
          state: body.answer === "approve" ? "approved" : "denied",
          ...(body.reason === "" ? {} : { because: body.reason }),
        };
        put(next);
        return next;
      }),
    onChange: (tell) => {
      changed.add(tell);
      return () => changed.delete(tell);
    },
  };
  return { control, answers, put };
}

function controls(authority: Authority, sessions: readonly SessionView[], asked: string[], clock: Clock) {
  const startedAtMs = clock.now();
  const status = (): GatewayStatus => ({
    version: "0.0.0",
    processId: process.pid,
    startedAtMs,
    targets: [],
    sessions: [],
    runs: sessions,
    audit: { directory: "nowhere", size: 0, writable: true },
    counters: { allowed: 0, denied: 0, held: 0, observed: 0, loginsRefused: 0, sessionsOpened: 0 },
  });
  const note = (what: string) => (session: string, because: string, by: { person: { name: string } }) => {
    asked.push(`${by.person.name} ${what} ${session}: ${because}`);
    return Promise.resolve();
  };
  const no = (): never => {
    throw new ControlRefusal("not_allowed", "a stand-in does not do this");
  };
  const control: SessionControl = {
    list: () => sessions,
    open: no,
    end: note("ended"),
    suspend: note("suspended"),
    resume: note("resumed"),
    asks: () => [],
    ask: no,
    grants: () => [],
    grant: no,
    revoke: no,
  };
  return { status, authority, sessions: control };
}

function passkeysIn(persons: RegisteredPerson[]): WebParts["passkeys"] {
  const change = (name: string, next: (passkeys: readonly RegisteredPasskey[]) => readonly RegisteredPasskey[]): Promise<void> => {
    const at = persons.findIndex((person) => person.name === name);
    const person = persons[at];
    if (person !== undefined) persons[at] = { ...person, passkeys: next(person.passkeys ?? []) };
    return Promise.resolve();
  };
  return {
    add: (name, passkey) => change(name, (passkeys) => [...passkeys, passkey]),
    remove: (name, credential) => change(name, (passkeys) => passkeys.filter((each) => each.credential !== credential)),
    used: (name, credential, counter) =>
      change(name, (passkeys) => passkeys.map((each) => (each.credential === credential ? { ...each, counter } : each))),
  };
}
