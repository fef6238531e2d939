/**
 * The keyboard: moving between cards, opening one, getting to Deny, help. No single key answers anything or stops anything.
 */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Dialog } from "./dialog.tsx";

const storedAs = "holdfast-keys";
const keys: readonly (readonly [string, string])[] = [
  ["j, k", "to the next, to the previous"],
  ["Enter", "open it"],
  ["d", "put the focus on Deny"],
  ["/", "put the focus on the search"],
  ["?", "this help"],
  ["Esc", "close a dialog"],
];

export function useKeys(onHelp: () => void): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || !keysOn() || isTyping(event.target)) return;
      if (document.querySelector("dialog[open]") !== null) return;
      if (act(event.key, onHelp)) event.preventDefault();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
}

/** Whether the key was one of ours. */
function act(key: string, onHelp: () => void): boolean {
  const cards = [...document.querySelectorAll<HTMLElement>("[data-card]")];
  const active = document.activeElement;
  const at = cards.findIndex((card) => card.contains(active));
  const current = cards[at];
  switch (key) {
    case "j":
      return focus(cards[Math.min(at + 1, cards.length - 1)]);
    case "k":
      return focus(cards[Math.max(at - 1, 0)]);
    case "Enter": {
      // On a button or link Enter is the browser's own.
      const open = current === active ? current?.querySelector<HTMLElement>("[data-open]") : undefined;
      open?.click();
      return open !== undefined && open !== null;
    }
    case "d":
      return focus((current ?? document).querySelector<HTMLElement>("[data-deny]"));
    case "/":
      return focus(document.querySelector<HTMLElement>("input[type=search]"));
    case "?":
      onHelp();
      return true;
    default:
      return false;
  }
}

function focus(element: HTMLElement | null | undefined): boolean {
  element?.focus();
  element?.scrollIntoView({ block: "nearest" });
  return element !== undefined && element !== null;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

function keysOn(): boolean {
  return localStorage.getItem(storedAs) !== "off";
}

export function KeysHelp({ onClose }: { onClose: () => void }): JSX.Element {
  const [on, setOn] = useState(keysOn());
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl class="keys">
        {keys.map(([key, does]) => (
          <div>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">No key answers a question or stops a session by itself.</p>
      <label class="check">
        <input
          type="checkbox"
          checked={on}
          onChange={(event) => {
            localStorage.setItem(storedAs, event.currentTarget.checked ? "on" : "off");
            setOn(event.currentTarget.checked);
          }}
        />
        Single keys are on
      </label>
      <form method="dialog" class="buttons">
        <button type="submit" class="plain">
          Close
        </button>
      </form>
    </Dialog>
  );
}
