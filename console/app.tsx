/**
 * The frame around every page: who is logged in, where one can go, whether the line stands, what is wrong with the gateway.
 * It shows no data before a login.
 */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { LineState } from "./parts/line-state.tsx";
import { BreakGlassNotice } from "./parts/break-glass.tsx";
import { GatewayWarnings } from "./parts/gateway-warnings.tsx";
import { KeysHelp, useKeys } from "./parts/keys.tsx";
import { Loading } from "./parts/page.tsx";
import { ApprovalsPage } from "./pages/approvals.tsx";
import { LoginPage } from "./pages/login.tsx";
import { PlanPage } from "./pages/plan.tsx";
import { AttentionPage } from "./pages/attention.tsx";
import { AuditLogPage } from "./pages/audit.tsx";
import { DecidedPage } from "./pages/decided.tsx";
import { GrantsPage } from "./pages/grants.tsx";
import { PasskeysPage } from "./pages/passkeys.tsx";
import { PolicyPage } from "./pages/policy.tsx";
import { RecoveryPage } from "./pages/recovery.tsx";
import { SessionPage } from "./pages/session.tsx";
import { SessionsPage } from "./pages/sessions.tsx";
import type { App } from "./state/app.ts";
import { follow } from "./state/live.ts";
import { addressOf, type Page, type Route, useRoute } from "./state/route.ts";
import { useStore } from "./state/store.ts";
import { isOpen } from "./words/states.ts";
import { Name } from "./parts/data.tsx";

const entries: readonly { readonly page: Page; readonly title: string }[] = [
  { page: "approvals", title: "Pending" },
  { page: "decided", title: "Decided" },
  { page: "sessions", title: "Sessions" },
  { page: "audit", title: "Audit" },
  { page: "grants", title: "Grants" },
  { page: "policy", title: "Policy" },
  { page: "attention", title: "Attention" },
  { page: "recovery", title: "Recovery" },
  { page: "passkeys", title: "Passkeys" },
];

export function Console({ app }: { app: App }): JSX.Element {
  const { login } = useStore(app.store);
  useEffect(() => (login === "in" ? follow(app) : undefined), [app, login]);
  if (login === "unknown") return <Loading />;
  return login === "out" ? <LoginPage app={app} /> : <Frame app={app} />;
}

function Frame({ app }: { app: App }): JSX.Element {
  const route = useRoute();
  const { line } = useStore(app.store);
  const [help, setHelp] = useState(false);
  useKeys(() => setHelp(true));
  return (
    <div class="frame">
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        To the page
      </button>
      <Top app={app} route={route} onHelp={() => setHelp(true)} />
      <main id="main" tabIndex={-1} class={line.state === "lost" ? "stale" : ""}>
        <LineState app={app} />
        <BreakGlassNotice app={app} />
        <GatewayWarnings app={app} />
        <CurrentPage app={app} route={route} />
      </main>
      {help && <KeysHelp onClose={() => setHelp(false)} />}
    </div>
  );
}

function Top({ app, route, onHelp }: { app: App; route: Route; onHelp: () => void }): JSX.Element {
  const { me, approvals } = useStore(app.store);
  const waiting = (approvals ?? []).filter(({ state }) => isOpen(state)).length;
  useEffect(() => {
    document.title = waiting > 0 ? `(${waiting}) Holdfast` : "Holdfast";
  }, [waiting]);
  return (
    <header class="top">
      <p class="brand">Holdfast</p>
      <nav aria-label="Pages">
        <ul>
          {entries.map(({ page, title }) => (
            <li>
              <a href={addressOf(page)} aria-current={route.page === page ? "page" : undefined}>
                {title}
                {page === "approvals" && waiting > 0 && (
                  <span class="badge">
                    {waiting}
                    <span class="heard"> waiting</span>
                  </span>
                )}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="who">
        <span>{me !== null && <Name text={me.person} />}</span>
        <button type="button" class="link" onClick={onHelp}>
          Keys
        </button>
        <button type="button" class="link" onClick={() => void app.logOut().catch(() => undefined)}>
          Log out
        </button>
      </div>
    </header>
  );
}

function CurrentPage({ app, route }: { app: App; route: Route }): JSX.Element {
  const { page, id } = route;
  const text = route.search.get("text") ?? "";
  switch (page) {
    case "approvals":
      return id === "" ? <ApprovalsPage app={app} /> : <PlanPage key={id} app={app} id={id} />;
    case "decided":
      return <DecidedPage app={app} />;
    case "sessions":
      return id === "" ? <SessionsPage app={app} /> : <SessionPage key={`${id} ${text}`} app={app} id={id} text={text} />;
    case "audit":
      return <AuditLogPage key={text} app={app} text={text} />;
    case "grants":
      return <GrantsPage app={app} />;
    case "policy":
      return <PolicyPage app={app} />;
    case "attention":
      return <AttentionPage app={app} />;
    case "recovery":
      return <RecoveryPage app={app} />;
    case "passkeys":
      return <PasskeysPage app={app} />;
  }
}
