/**
 * What is wrong with the gateway itself, on every page: a person who decides here must know that it is not well.
 */
import type { JSX } from "preact";
import type { GatewayStatus } from "../../src/control/contract.ts";
import type { App } from "../state/app.ts";
import { useStore } from "../state/store.ts";
import { Data } from "./data.tsx";

export function GatewayWarnings({ app }: { app: App }): JSX.Element | null {
  const { status } = useStore(app.store);
  const warnings = status === null ? [] : warningsOf(status);
  if (warnings.length === 0) return null;
  return (
    <ul class="warnings" role="alert">
      {warnings.map((warning) => (
        <li>
          <Data text={warning} />
        </li>
      ))}
    </ul>
  );
}

function warningsOf(status: GatewayStatus): readonly string[] {
  return [
    status.audit.writable ? "" : "The audit log cannot be written: nothing that changes data passes until the gateway is started anew.",
    status.control?.problem === undefined ? "" : `The control socket is not ours: ${status.control.problem}`,
    status.vault?.problem === undefined ? "" : `The vault: ${status.vault.problem}`,
    status.config === undefined || status.config.onDisk === "as loaded"
      ? ""
      : `The configuration file is ${status.config.onDisk} since it was loaded.`,
    ...(status.foundCredentials ?? []).map(
      ({ principal, target, provider, slot, count }) =>
        `${principal} (${target}) sent a credential that it was not given to ${provider}, in ${slot}, ${count === 1 ? "once" : `${count} times`}: ` +
        "refused. A real secret may lie where agents can read it.",
    ),
    ...status.targets
      .filter(({ policy }) => policy.mode === "observe")
      .map(({ name }) => `${name} only observes: nothing is refused there.`),
    ...status.targets.flatMap(({ name, replica }) =>
      replica?.state === "unusable" ? [`The replica of ${name} is of no use: ${replica.because ?? "no reason is known"}`] : [],
    ),
  ].filter(Boolean);
}
