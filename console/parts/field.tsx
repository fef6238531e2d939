/**
 * A labelled field with its hint and its error, tied together for those who do not see the page.
 */
import type { ComponentChildren, JSX, RefObject } from "preact";
import { useId } from "preact/hooks";

/** The server takes no more in a reason. */
const CHARACTERS_MAX = 500;

interface FieldProps {
  readonly label: ComponentChildren;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly type?: "text" | "password" | "search";
  readonly hint?: ComponentChildren;
  readonly error?: string;
  readonly autocomplete?: "username" | "current-password" | "off";
  readonly required?: boolean;
  readonly name: string;
  readonly input?: RefObject<HTMLInputElement | null>;
}

export function Field({
  label,
  value,
  onValue,
  type = "text",
  hint,
  error = "",
  autocomplete = "off",
  required = false,
  name,
  input,
}: FieldProps): JSX.Element {
  const id = useId();
  const described = [hint === undefined ? "" : `${id}-hint`, error === "" ? "" : `${id}-error`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        ref={input ?? null}
        id={id}
        name={name}
        // Preact has a type for each kind of input, and none for one of several.
        type={type as "text"}
        value={value}
        required={required}
        maxLength={type === "password" ? 1_000 : CHARACTERS_MAX}
        autocomplete={autocomplete}
        autocapitalize="off"
        spellcheck={false}
        aria-invalid={error !== ""}
        {...(described === "" ? {} : { "aria-describedby": described })}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error !== "" && (
        <p class="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

/** What went wrong with a form as a whole; read aloud as it comes. */
export function Problem({ text }: { text: string }): JSX.Element {
  return (
    <p class="problem" role="alert">
      {text}
    </p>
  );
}
