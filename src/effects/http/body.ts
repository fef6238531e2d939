/**
 * A request's body as a tree, or why it cannot be looked into.
 * JSON is known by its shape, not by what the request calls it: servers differ there.
 * It does not decompress: what comes compressed as it was sent is opaque.
 */
import { limits } from "../../base/limits.ts";
import { queryOf } from "./canonical-url.ts";
import { parseStrictJson } from "./strict-json.ts";
import { type Tree, UNDETERMINED } from "./tree.ts";

export type Body =
  | { readonly kind: "none" }
  | { readonly kind: "tree"; readonly tree: Tree }
  | { readonly kind: "opaque"; readonly because: string; readonly doubled?: boolean };

export function bodyOf(text: string, contentType: string | undefined, contentEncoding: string | undefined): Body {
  if (text === "") return { kind: "none" };
  if (text.length > limits.httpBodyBytesMax) return opaque(`its body is longer than ${limits.httpBodyBytesMax} bytes`);
  if (contentEncoding !== undefined && !/^(identity)?$/i.test(contentEncoding.trim())) return opaque("its body is compressed");
  const charset = /charset\s*=\s*"?([^";\s]*)/i.exec(contentType ?? "")?.[1];
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset)) return opaque("its body is not in UTF-8");
  const plain = text.replace(/^\ufeff/, "");
  if (/^\s*[[{]/.test(plain)) {
    // Read as the form that it says it is, it holds other keys.
    if (/x-www-form-urlencoded/i.test(contentType ?? "") && /[&;]/.test(plain))
      return opaque("its body is JSON, and says that it is a form");
    const parsed = parseStrictJson(plain);
    if ("tree" in parsed) return { kind: "tree", tree: parsed.tree };
    return { ...opaque(`its body cannot be read: ${parsed.problem}`), doubled: parsed.doubled === true };
  }
  if (/multipart\//i.test(contentType ?? "")) return opaque("its body has several parts");
  const form = contentType === undefined || /x-www-form-urlencoded/i.test(contentType);
  if (!form || !plain.includes("=")) return opaque("its body is of a kind that is not looked into");
  const parsed = queryOf(plain.trim());
  if ("refused" in parsed) return opaque("its body is no form that decodes");
  if (parsed.doubled !== undefined) return { ...opaque("a key stands in its body twice"), doubled: true };
  return { kind: "tree", tree: nested(parsed.query) };
}

function opaque(because: string): Extract<Body, { kind: "opaque" }> {
  return { kind: "opaque", because };
}

/** `a[b]=1` and `a.b=1` are both `a` with `b` inside: APIs write forms either way. */
export function nested(flat: ReadonlyMap<string, Tree>): ReadonlyMap<string, Tree> {
  const root = new Map<string, Tree>();
  for (const [key, value] of flat) {
    const names = key.split(/[.[\]]+/).filter((name) => name !== "");
    const last = names.pop() ?? key;
    let at: Map<string, Tree> | undefined = root;
    for (const name of names.slice(0, limits.httpBodyDepthMax)) {
      const inner: Tree | undefined = at.get(name);
      const next: Tree = inner === undefined ? new Map<string, Tree>() : inner;
      at.set(name, next instanceof Map ? next : UNDETERMINED);
      at = next instanceof Map ? (next as Map<string, Tree>) : undefined;
      if (at === undefined) break;
    }
    at?.set(last, at.has(last) ? UNDETERMINED : value);
  }
  return root;
}
