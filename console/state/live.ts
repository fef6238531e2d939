/**
 * Keeps what the pages show true: follows the server's events, and says so where it cannot. After each break everything is asked for anew,
 * for events that nobody heard are gone.
 */
import type { ApprovalView, AuditLine, GatewayStatus, SessionView } from "../../src/control/contract.ts";
import { readEvents, type ServerEvent } from "../api/stream.ts";
import type { App } from "./app.ts";

/** Longer than two of the server's heartbeats. */
const SILENCE_MS_MAX = 35_000;
const RETRY_MS = [500, 1_000, 2_000, 5_000] as const;
const RECORDS_MAX = 200;

/** Follows until the login ends or the returned function is called. */
export function follow(app: App): () => void {
  const ended = new AbortController();
  const lost = (): void => {
    const { line } = app.store.get();
    if (line.state !== "lost") app.store.set({ line: { state: "lost", sinceMs: line.sinceMs } });
  };
  void keepFollowing(app, ended.signal, lost);
  return () => ended.abort();
}

async function keepFollowing(app: App, ended: AbortSignal, lost: () => void): Promise<void> {
  let tries = 0;
  while (!ended.aborted) {
    await once(app, ended, () => {
      tries = 0;
    }).catch(() => undefined);
    if (ended.aborted) return;
    lost();
    await pause(RETRY_MS[Math.min(tries, RETRY_MS.length - 1)] ?? 5_000, ended);
    tries += 1;
  }
}

/** One stream from its start to its end. */
async function once(app: App, ended: AbortSignal, connected: () => void): Promise<void> {
  const silent = new AbortController();
  let timer = 0;
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silent.abort(), SILENCE_MS_MAX);
    if (app.store.get().line.state === "live") app.store.set({ line: { state: "live", sinceMs: app.now() } });
  };
  alive();
  // What is still open then is not trusted: it is begun anew.
  window.addEventListener("offline", () => silent.abort(), { signal: silent.signal });
  try {
    const response = await fetch("/api/events", {
      headers: { accept: "text/event-stream" },
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.any([ended, silent.signal]),
    });
    if (response.status === 401) return app.loggedOut("your login has ended: log in again to go on");
    if (!response.ok || response.body === null) throw new Error(`the server answered ${response.status}`);
    const reading = readEvents(response.body, alive, (event) => take(app, event));
    // The stream stands before the lists are asked for: what changes in between comes as an event.
    const loaded = app.loadLists().then(() => {
      connected();
      app.store.set({ line: { state: "live", sinceMs: app.now() } });
    });
    await Promise.all([reading, loaded]);
  } finally {
    clearTimeout(timer);
    silent.abort();
  }
}

function take(app: App, { name, data }: ServerEvent): void {
  const value: unknown = JSON.parse(data);
  switch (name) {
    case "approval":
      return app.takeApproval(value as ApprovalView);
    case "sessions":
      return app.store.set({ sessions: (value as { sessions: readonly SessionView[] }).sessions });
    case "status":
      return app.store.set({ status: value as GatewayStatus });
    case "audit":
      return takeRecords(app, (value as { events: readonly AuditLine[] }).events);
    default:
      return; // a newer server may tell more
  }
}

function takeRecords(app: App, events: readonly AuditLine[]): void {
  const last = app.store.get().records[0]?.index ?? -1;
  const fresh = events.filter(({ index }) => index > last).toSorted((a, b) => b.index - a.index);
  app.store.set({ records: [...fresh, ...app.store.get().records].slice(0, RECORDS_MAX) });
}

function pause(ms: number, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const stop = (): void => {
      clearTimeout(timer);
      resolve();
    };
    ended.addEventListener("abort", stop, { once: true });
  });
}
