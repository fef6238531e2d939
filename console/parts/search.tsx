/**
 * A search that asks when somebody says so, and not at each key.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Field } from "./field.tsx";

export function Search({ label, text, onSearch }: { label: string; text: string; onSearch: (text: string) => void }): JSX.Element {
  const [typed, setTyped] = useState(text);
  const send = (event: Event): void => {
    event.preventDefault();
    onSearch(typed.trim());
  };
  return (
    <search>
      <form class="inline-form" onSubmit={send}>
        <Field label={label} name="text" type="search" value={typed} onValue={setTyped} />
        <button type="submit" class="plain">
          Search
        </button>
      </form>
    </search>
  );
}
