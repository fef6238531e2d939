/**
 * The policies in force, rule by rule with their examples' results, and a box that says what a text would be answered. Nothing is run.
 */
import type { JSX } from "preact";
import type { PolicyView, RuleView } from "../../src/control/contract.ts";
import { Data, Name } from "../parts/data.tsx";
import { ExplainBox } from "../parts/explain-box.tsx";
import { Problem } from "../parts/field.tsx";
import { Heading, Loading } from "../parts/page.tsx";
import { Environment } from "../parts/place.tsx";
import type { App } from "../state/app.ts";
import { useFetched } from "../state/fetched.ts";

const answers = {
  forbid: { title: "Never", tone: "grave" },
  require_approval: { title: "Asks a person", tone: "wait" },
  bin: { title: "Puts into the bin", tone: "good" },
  permit: { title: "Lets through", tone: "good" },
} as const;

export function PolicyPage({ app }: { app: App }): JSX.Element {
  const { value, problem } = useFetched<{ readonly policies: readonly PolicyView[] }>(app, "/api/policies");
  return (
    <>
      <Heading title="Policy" />
      {problem !== "" && <Problem text={problem} />}
      {value === null && problem === "" && <Loading />}
      {value !== null && value.policies.length > 0 && <ExplainBox app={app} targets={value.policies.map(({ target }) => target)} />}
      {value?.policies.map((policy) => (
        <Policy key={policy.target} policy={policy} />
      ))}
    </>
  );
}

function Policy({ policy }: { policy: PolicyView }): JSX.Element {
  const examples = policy.rules.flatMap((rule) => rule.examples);
  const failed = examples.filter(({ ok }) => !ok).length;
  return (
    <section class="panel">
      <h2>
        <Name text={policy.target} /> <span class="aside">under</span> <Name text={policy.name} />
      </h2>
      <p class="entry-head">
        <Environment name={policy.environment} />
        <span class={`tag tag-${policy.mode === "enforce" ? "good" : "wait"}`}>
          {policy.mode === "enforce" ? "enforced" : "only observes: nothing is refused"}
        </span>
        <span class={failed === 0 ? "quiet" : "bad"}>
          {failed === 0 ? `all ${examples.length} examples hold` : `${failed} of ${examples.length} examples do not hold`}
        </span>
      </p>
      <p class="quiet digest">
        <code>{policy.digest}</code>
      </p>
      {(["forbid", "require_approval", "bin", "permit"] as const).map((answer) => (
        <Rules title={answers[answer].title} tone={answers[answer].tone} rules={policy.rules.filter((rule) => rule.answer === answer)} />
      ))}
    </section>
  );
}

function Rules({ title, tone, rules }: { title: string; tone: string; rules: readonly RuleView[] }): JSX.Element | null {
  if (rules.length === 0) return null;
  return (
    <>
      <h3>
        <span class={`tag tag-${tone}`}>{title}</span>
      </h3>
      <ul class="plain-list">
        {rules.map((rule) => (
          <li key={rule.id}>
            <Rule rule={rule} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Rule({ rule }: { rule: RuleView }): JSX.Element {
  const failed = rule.examples.filter(({ ok }) => !ok).length;
  return (
    <details>
      <summary>
        <Data text={rule.title} />{" "}
        {failed > 0 && <span class="tag tag-grave">{failed === 1 ? "1 example fails" : `${failed} examples fail`}</span>}
      </summary>
      <p>
        <Data text={rule.why} /> <code class="quiet">{rule.id}</code>
      </p>
      <ul class="examples">
        {rule.examples.map(({ text, kind, ok, problem }) => (
          <li>
            <span class={ok ? "good" : "bad"}>{ok ? "✓" : "✗"}</span>{" "}
            <span class="quiet">{kind === "matches" ? "applies to" : "leaves alone"}</span>{" "}
            <code>
              <Data text={text} />
            </code>
            {problem !== undefined && (
              <p class="bad">
                <Data text={problem} />
              </p>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}
