/**
 * What the plan rests on: one of these changed, and it is worth nothing. With the digests, whole, for whoever compares them.
 */
import type { ComponentChildren, JSX } from "preact";
import type { ApprovalView } from "../../src/control/contract.ts";
import type { App } from "../state/app.ts";
import { clockTime, duration } from "../words/times.ts";
import { Data, Name } from "./data.tsx";

export function RestsOn({ app, view }: { app: App; view: ApprovalView }): JSX.Element {
  const { plan } = view;
  const waits = view.notBeforeMs === null ? null : Math.max(0, view.notBeforeMs - app.now());
  return (
    <section class="panel">
      <h2>What it rests on</h2>
      <p class="hint">If one of these is different when it is carried out, nothing runs and the plan is made again.</p>
      <dl class="facts">
        {plan.preconditions.map(({ name, value }) => (
          <Fact name={name}>
            <Data text={value} />
          </Fact>
        ))}
        <Fact name="server">
          <Data text={plan.target.identity} />
        </Fact>
        <Fact name="policy">
          <code>{plan.policy.digest}</code>
        </Fact>
        <Fact name="rules that asked">
          {plan.policy.rules.map((rule, index) => (
            <>
              {index > 0 && ", "}
              <Name text={rule} />
            </>
          ))}
        </Fact>
        <Fact name="the act">
          <code>{plan.act.digest}</code>
        </Fact>
        <Fact name="this plan">
          <code>{plan.digest}</code>
        </Fact>
        <Fact name="answered by">
          {view.strength === "passkey" ? "a passkey's signature over the plan" : "a person's signature"},{" "}
          {view.quorum === 1 ? "one person" : `${view.quorum} persons`}
        </Fact>
        <Fact name="good until">
          {clockTime(view.expiresAtMs, app.now())}
          {waits !== null && waits > 0 && `, and not before ${duration(waits)} from now`}
        </Fact>
        <Fact name="approval">
          <code>{view.id}</code>
        </Fact>
      </dl>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt>
        <Data text={name} />
      </dt>
      <dd>{children}</dd>
    </div>
  );
}
