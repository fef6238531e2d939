/**
 * What all pages share: who is logged in, what the gateway last said, and how to ask it. One is made in `main.tsx` and handed down.
 * It draws nothing, and keeps no passphrase longer than a call takes.
 */
import type { ApprovalView, AuditLine, ConsoleLists, ConsolePerson, GatewayStatus, SessionView } from "../../src/control/contract.ts";
import { type Call, callsWith, Refused } from "../api/call.ts";
import { createStore, type Store } from "./store.ts";

export interface AppState {
  /** `unknown` until the server has said whether the cookie is one. */
  readonly login: "unknown" | "out" | "in";
  readonly me: ConsolePerson | null;
  /** For the login page: why one stands there. */
  readonly notice: string;
  /** `null` until they came for the first time. */
  readonly approvals: readonly ApprovalView[] | null;
  readonly sessions: readonly SessionView[] | null;
  readonly status: GatewayStatus | null;
  /** Records that came since the page was opened, newest first, the last few only. */
  readonly records: readonly AuditLine[];
  readonly line: Line;
}

/** `sinceMs`: of `lost`, when the server was last heard. */
export interface Line {
  readonly state: "connecting" | "live" | "lost";
  readonly sinceMs: number;
}

export interface App {
  readonly store: Store<AppState>;
  readonly call: Call;
  /** The server's clock, as near as its answers tell. */
  readonly now: () => number;
  readonly logIn: (person: string, passphrase: string) => Promise<void>;
  readonly logOut: () => Promise<void>;
  /** Asks who is logged in. Resolves with whether somebody is. */
  readonly look: () => Promise<boolean>;
  readonly loadLists: () => Promise<void>;
  readonly takeApproval: (view: ApprovalView) => void;
  readonly loggedOut: (notice: string) => void;
}

const nobody = { login: "out", me: null, approvals: null, sessions: null, status: null, records: [] } as const;

export function createApp(clientNow: () => number): App {
  const store = createStore<AppState>({ ...nobody, login: "unknown", notice: "", line: { state: "connecting", sinceMs: clientNow() } });
  let clockAheadMs = 0;
  const loggedOut = (notice: string): void => {
    const { login } = store.get();
    // Who was not logged in has not been logged out.
    if (login !== "out") store.set({ ...nobody, notice: login === "in" ? notice : "" });
  };
  const call = callsWith({
    csrf: () => store.get().me?.csrf,
    onLoggedOut: () => loggedOut("you have been logged out: log in again to go on"),
    // The header has whole seconds: half of one is the best guess of the rest.
    onDate: (serverMs) => {
      clockAheadMs = serverMs + 500 - clientNow();
    },
  });
  const takeApproval = (view: ApprovalView): void => store.set({ approvals: withView(store.get().approvals ?? [], view) });
  const look = async (): Promise<boolean> => {
    try {
      const me = await call<ConsolePerson>("GET", "/api/me");
      store.set({ me, login: "in", notice: "" });
      return true;
    } catch (error) {
      if (!(error instanceof Refused) || error.status === 0) throw error;
      loggedOut("you have been logged out: log in again to go on");
      return false;
    }
  };
  return {
    store,
    call,
    // A difference under two seconds is the header's own coarseness.
    now: () => clientNow() + (Math.abs(clockAheadMs) < 2_000 ? 0 : clockAheadMs),
    look,
    loggedOut,
    takeApproval,
    logIn: async (person, passphrase) => {
      await call("POST", "/api/login", { person, passphrase });
      await look();
    },
    logOut: async () => {
      await call("POST", "/api/logout");
      loggedOut("you have logged out");
    },
    loadLists: async () => {
      const [{ approvals }, { sessions }, status] = await Promise.all([
        call<Pick<ConsoleLists, "approvals">>("GET", "/api/approvals"),
        call<Pick<ConsoleLists, "sessions">>("GET", "/api/sessions"),
        call<GatewayStatus>("GET", "/api/status"),
      ]);
      store.set({ approvals: approvals.reduce(withView, store.get().approvals ?? []), sessions, status });
    },
  };
}

/** An event may overtake the list that was asked for before it: the higher revision is the later truth. */
function withView(views: readonly ApprovalView[], view: ApprovalView): readonly ApprovalView[] {
  const known = views.find(({ id }) => id === view.id);
  if (known === undefined) return [...views, view].toSorted((a, b) => a.askedAtMs - b.askedAtMs || (a.id < b.id ? -1 : 1));
  return known.revision > view.revision ? views : views.map((each) => (each.id === view.id ? view : each));
}
