/**
 * What a text would be answered if an agent sent it now. It is judged, never run.
 */
import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import type { ExplainView } from "../../src/control/contract.ts";
import { wordsOf } from "../api/call.ts";
import type { App } from "../state/app.ts";
import { count } from "../words/numbers.ts";
import { Data, Name } from "./data.tsx";
import { Problem } from "./field.tsx";

const decisions = {
  allow: { title: "It would be let through", tone: "good" },
  hold: { title: "A person would be asked", tone: "wait" },
  deny: { title: "It would be refused", tone: "grave" },
} as const;

export function ExplainBox({ app, targets }: { app: App; targets: readonly string[] }): JSX.Element {
  const [target, setTarget] = useState(targets[0] ?? "");
  const [text, setText] = useState("");
  const [result, setResult] = useState<ExplainView | null>(null);
  const [problem, setProblem] = useState("");
  const id = useId();
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (text.trim() === "") return;
    setProblem("");
    try {
      setResult(await app.call<ExplainView>("POST", "/api/explain", { target, text }));
    } catch (error) {
      setResult(null);
      setProblem(wordsOf(error));
    }
  };
  return (
    <section class="panel">
      <h2>What would happen to this?</h2>
      <form class="answer-form plain-form" onSubmit={send}>
        <div class="field">
          <label for={`${id}-target`}>Sent to</label>
          <select id={`${id}-target`} value={target} onChange={(event) => setTarget(event.currentTarget.value)}>
            {targets.map((name) => (
              <option value={name}>{name}</option>
            ))}
          </select>
        </div>
        <div class="field">
          <label for={`${id}-text`}>The text</label>
          <textarea id={`${id}-text`} value={text} spellcheck={false} onInput={(event) => setText(event.currentTarget.value)} />
        </div>
        <div class="buttons">
          <button type="submit" class="primary">
            Explain
          </button>
        </div>
      </form>
      {problem !== "" && <Problem text={problem} />}
      <div aria-live="polite">{result !== null && <Result result={result} />}</div>
    </section>
  );
}

function Result({ result }: { result: ExplainView }): JSX.Element {
  const { title, tone } = decisions[result.decision];
  return (
    <div class={`notice notice-${tone}`}>
      <p class="notice-title">{title}</p>
      <p>
        <Data text={result.reason.message} />
        {result.reason.next !== undefined && (
          <>
            {" "}
            <Data text={result.reason.next} />
          </>
        )}{" "}
        <code class="quiet">{result.reason.code}</code>
      </p>
      <ul>
        {result.effects.map(({ operation, detail, resource, extent, rows, reversibility, cause }) => (
          <li>
            {(detail || operation).replaceAll("_", " ")} <Name text={resource} />,{" "}
            {rows === undefined ? `extent ${extent.replaceAll("_", " ")}` : `${count(rows)} rows`}, {reversibility}
            {cause !== "direct" && `, by ${cause}`}
          </li>
        ))}
      </ul>
    </div>
  );
}
