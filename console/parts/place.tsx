/**
 * Where an act would happen: the environment first and big, so that production cannot be taken for anything else.
 * It is more than a colour: the word is always there.
 */
import type { JSX } from "preact";
import type { ApprovalView } from "../../src/control/contract.ts";
import { Name } from "./data.tsx";

type Target = ApprovalView["plan"]["target"];

export function Place({ target }: { target: Target }): JSX.Element {
  return (
    <p class={`place place-${target.environment}`}>
      <strong class="environment">{target.environment}</strong>
      <span class="where">
        database <Name text={target.database} /> at <Name text={target.name} />
      </span>
    </p>
  );
}

export function Environment({ name }: { name: Target["environment"] }): JSX.Element {
  return <span class={`tag tag-${name}`}>{name}</span>;
}
