/**
 * One answer of the server for one page, asked for when the page opens and whenever `again` changes.
 */
import { useEffect, useState } from "preact/hooks";
import { wordsOf } from "../api/call.ts";
import type { App } from "./app.ts";

export interface Fetched<T> {
  /** `null` until it came; what came last stays while it is asked for anew. */
  readonly value: T | null;
  readonly problem: string;
}

export function useFetched<T>(app: App, path: string, again: unknown = null): Fetched<T> {
  const [fetched, setFetched] = useState<Fetched<T>>({ value: null, problem: "" });
  useEffect(() => {
    let current = true;
    app.call<T>("GET", path).then(
      (value) => current && setFetched({ value, problem: "" }),
      (error: unknown) => current && setFetched((before) => ({ ...before, problem: wordsOf(error) })),
    );
    return () => {
      current = false;
    };
  }, [app, path, again]);
  return fetched;
}
