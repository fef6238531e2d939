/**
 * Where a person answers one plan. The focus stands on Deny, which takes a reason and nothing else; agreeing takes a proof of its own each
 * time, and the name typed where something would be lost. What changes while somebody types closes the form.
 */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ApprovalView, ConsolePerson } from "../../src/control/contract.ts";
import type { App } from "../state/app.ts";
import { useStore } from "../state/store.ts";
import { isOpen, stateWords } from "../words/states.ts";
import { ApproveForm } from "./approve-form.tsx";
import { DenyForm } from "./deny-form.tsx";
import { Data, Name } from "./data.tsx";

type Mode = "rest" | "deny" | "approve";

export function AnswerPanel({ app, view, focus }: { app: App; view: ApprovalView; focus: boolean }): JSX.Element {
  const { me, line } = useStore(app.store);
  const [mode, setMode] = useState<Mode>("rest");
  const [seen, setSeen] = useState(view.plan.digest);
  const deny = useRef<HTMLButtonElement>(null);
  const open = isOpen(view.state);
  const changed = seen !== view.plan.digest;
  // Before anything is painted: a key pressed right after must not go elsewhere.
  useLayoutEffect(() => {
    if (focus && mode === "rest") deny.current?.focus({ preventScroll: true });
  }, [focus, mode, open]);
  const lost = line.state === "lost";
  useEffect(() => {
    if (!open || changed || lost) setMode("rest");
  }, [open, changed, lost]);
  if (!open) return <Result view={view} />;
  if (changed) return <Changed onSeen={() => setSeen(view.plan.digest)} />;
  if (lost)
    return <p class="problem">The line to Holdfast is lost. What stands here may be over, so nothing can be answered until it is back.</p>;
  if (mode === "deny") return <DenyForm app={app} view={view} onBack={() => setMode("rest")} />;
  if (mode === "approve" && me !== null)
    return <ApproveForm app={app} view={view} me={me} onBack={() => setMode("rest")} onDeny={() => setMode("deny")} />;
  const hindrance = me === null ? "" : hindranceOf(view, me);
  return (
    <div class="answers">
      <div class="buttons">
        <button type="button" class="deny" data-deny ref={deny} onClick={() => setMode("deny")}>
          Deny…
        </button>
        {hindrance === "" && (
          <button type="button" class="plain" onClick={() => setMode("approve")}>
            Approve…
          </button>
        )}
      </div>
      {hindrance !== "" && <p class="hint">{hindrance}</p>}
    </div>
  );
}

/** The server decides this; to offer what it will refuse would waste somebody's care. */
function hindranceOf(view: ApprovalView, me: ConsolePerson): string {
  if (!me.approves.includes(view.plan.target.environment)) return `You may not approve for ${view.plan.target.environment}.`;
  if (view.answers.some(({ person }) => person === me.person)) return "You have answered. It takes another person as well.";
  if (view.strength === "passkey" && me.passkeys.length === 0)
    return "To approve this takes a passkey, for it cannot be taken back. You have none: register one under Passkeys.";
  return "";
}

function Changed({ onSeen }: { onSeen: () => void }): JSX.Element {
  return (
    <div class="notice notice-wait" role="alert">
      <p class="notice-title">The plan has changed while you looked</p>
      <p>What you had begun to answer is gone. Read it again.</p>
      <button type="button" class="plain" onClick={onSeen}>
        I am reading it again
      </button>
    </div>
  );
}

/** What became of it, once nobody can answer it any more. */
export function Result({ view }: { view: ApprovalView }): JSX.Element {
  const { label, tone, means } = stateWords(view.state);
  const denial = view.answers.find(({ answer }) => answer === "deny");
  return (
    <div class={`notice notice-${tone}`} role="status">
      <p class="notice-title">
        {label}
        {view.state === "denied" && denial !== undefined && (
          <>
            {" "}
            by <Name text={denial.person} />
          </>
        )}
      </p>
      <p>{means}</p>
      {view.because !== undefined && view.because !== "" && (
        <p>
          <Data text={view.because} />
        </p>
      )}
    </div>
  );
}
