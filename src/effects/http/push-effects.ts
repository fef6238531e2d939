/**
 * What a push of git over HTTP does, by its own list of refs: each that is made, moved or deleted is an effect.
 * It asks nobody whether a branch that moves loses anything: what the pushed commits do not prove may be lost.
 */
import { assertNever } from "../../base/assert.ts";
import { type Effect, unknownEffect } from "../../model/effect.ts";
import type { PackOperation } from "../../packs/pack.ts";
import { type RefChange, pushedRefs } from "../git/push.ts";
import { effectsOfOperation, type Place, readEffect } from "./meaning.ts";

/** Branches that others build on and deploy from: what is lost there is missed. */
const shared = /^refs\/heads\/(main|master|trunk|develop|production|prod|staging|gh-pages|(release|hotfix|stable)([/._-].*)?)$/i;

export function effectsOfPush(operation: PackOperation, place: Place): readonly Effect[] {
  const { bytes, headers, path, body } = place.request;
  if (bytes === undefined) return body.kind === "none" ? effectsOfOperation(operation, place) : [unknown()];
  const changes = pushedRefs(bytes, headers.get("content-encoding"));
  if (changes === undefined) return [unknown()];
  const repository = path.replace(/^\/|(\.git)?\/git-receive-pack$/gi, "");
  // git asks with an empty list whether it may push at all.
  if (changes.length === 0) return [readEffect(place.provider, repository)];
  return changes.flatMap((change) => effectsOfOperation(meant(operation, change), { ...place, name: `${repository}@${change.ref}` }));
}

function unknown(): Effect {
  return unknownEffect("which refs the push changes cannot be read", "request");
}

/** The operation in the class that the change has. Nothing else of it holds for what only adds. */
function meant(operation: PackOperation, { ref, kind }: RefChange): PackOperation {
  const { undo: _undo, ...lasting } = operation;
  switch (kind) {
    case "created":
    case "moved_on":
      return { ...lasting, class: "write" };
    case "deleted":
      return operation;
    case "moved":
      return shared.test(ref) || !ref.startsWith("refs/heads/") ? lasting : operation;
    default:
      return assertNever(kind, "change of a ref");
  }
}
