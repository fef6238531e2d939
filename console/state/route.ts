/**
 * Which page stands in the address: `#/approvals/ID?text=...`. The part after `#` never leaves the browser.
 * An address that is none leads to the pending approvals.
 */
import { useEffect, useState } from "preact/hooks";

export const pages = ["approvals", "decided", "sessions", "audit", "grants", "policy", "attention", "recovery", "passkeys"] as const;
export type Page = (typeof pages)[number];

export interface Route {
  readonly page: Page;
  /** Empty where the page stands for all of its kind. */
  readonly id: string;
  readonly search: URLSearchParams;
}

export function routeOf(address: string): Route {
  const [path = "", search = ""] = address.replace(/^#?\/?/, "").split("?", 2);
  const [first = "", id = ""] = path.split("/");
  const page = pages.find((each) => each === first) ?? "approvals";
  return { page, id: decoded(id), search: new URLSearchParams(search) };
}

export function addressOf(page: Page, id = "", search: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams(Object.entries(search).filter(([, value]) => value !== "")).toString();
  return `#/${page}${id === "" ? "" : `/${encodeURIComponent(id)}`}${query === "" ? "" : `?${query}`}`;
}

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = (): void => setHash(location.hash);
    window.addEventListener("hashchange", changed);
    return () => window.removeEventListener("hashchange", changed);
  }, []);
  return routeOf(hash);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
