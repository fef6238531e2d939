/**
 * What a provider answered when it was asked what a request would do: sentences that say whose word it is.
 * They are never a measurement of ours, and promise nothing that the provider did not.
 */
import type { ProviderPreview, ShownEach } from "../../packs/lookup.ts";
import { answerTree } from "./answer-tree.ts";
import { answersAt, flat, textsAt } from "./resolve-paths.ts";
import { printable } from "./texts.ts";
import type { Tree } from "./tree.ts";

const SHOWN_MAX = 12;
const SHOWN_CHARACTERS_MAX = 160;

/** `reply` is a text where nothing came back. */
export function previewSentences(
  { called, shown = [], passes }: ProviderPreview,
  reply: { readonly status: number; readonly text: string } | string,
  id: string,
): readonly string[] {
  if (typeof reply === "string") return [`the provider's own preview (${called}) could not be asked: ${plain(reply)}`];
  const tree: Tree = new Map([["preview", answerTree(reply.text) ?? null]]);
  const would = passes === undefined ? reply.status < 300 : textsAt(tree, [passes.at], id).includes(passes.is);
  if (!would) return [`the provider's own preview (${called}) answered with status ${reply.status}: it would not go through as it stands`];
  const all = shown.flatMap((path) => (typeof path === "string" ? textsOf(tree, path, id) : eachOf(tree, path, id)));
  const more = all.length - SHOWN_MAX;
  const list = `${all.slice(0, SHOWN_MAX).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  return [`the provider says (${called}) that it would go through${all.length === 0 ? "" : `: ${list}`}`];
}

function textsOf(tree: Tree, path: string, id: string): readonly string[] {
  return textsAt(tree, [path], id).map((value) => `${wordOf(path)} ${plain(value)}`);
}

function eachOf(tree: Tree, { each, words }: ShownEach, id: string): readonly string[] {
  return answersAt(tree, each, id)
    .flatMap(flat)
    .map((one) => plain(words.flatMap((word) => textsAt(one, [word], id).slice(0, 1)).join(" ")));
}

/** `preview.volumes.name`: `volumes`. */
function wordOf(path: string): string {
  const words = path
    .split(".")
    .slice(1)
    .filter((word) => word !== "*");
  return words.length > 1 ? words.slice(0, -1).join(" ") : (words[0] ?? "");
}

function plain(text: string): string {
  return printable(text, SHOWN_CHARACTERS_MAX);
}
