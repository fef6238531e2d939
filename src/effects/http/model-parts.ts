/**
 * What a request to a provider of models asks for: each operation that it calls, with what can be looked into.
 * It decides no classes: the pack's entries and families do.
 */
import type { Effect } from "../../model/effect.ts";
import type { PackModels } from "../../packs/models.ts";
import type { Pack, PackOperation } from "../../packs/pack.ts";
import type { CanonicalRequest } from "./canonical-request.ts";
import { type Place, readEffect, unknownChange } from "./meaning.ts";
import { withParameters, withXml } from "./model-body.ts";
import { type ModelCall, modelCalls, ROOT } from "./model-calls.ts";
import { operationsNamed } from "./model-operations.ts";

export type ModelPart =
  | { readonly kind: "effect"; readonly effect: Effect }
  | { readonly kind: "operation"; readonly operation: PackOperation; readonly place: Place }
  | { readonly kind: "opaque"; readonly because: string }
  /** The host is a customer's own, under the provider's domain. */
  | { readonly kind: "foreign" };

/** Never empty. */
export function modelParts(pack: Pack, models: PackModels, plain: CanonicalRequest): readonly ModelPart[] {
  const request = withParameters(plain);
  const found = modelCalls(models, request);
  switch (found.kind) {
    case "foreign":
      return [{ kind: "foreign" }];
    case "problem":
      return [{ kind: "opaque", because: found.because }];
    case "calls":
      // What a browser asks before it asks.
      if (request.methods.every((method) => method === "OPTIONS") && found.calls.every(({ operation }) => operation === undefined))
        return [{ kind: "effect", effect: readEffect(pack.provider, `OPTIONS ${request.path}`) }];
      return found.calls.flatMap((call) => partsOfCall(pack, models, request, call));
  }
}

function partsOfCall(
  pack: Pack,
  models: PackModels,
  request: CanonicalRequest,
  { api, name, operation, places }: ModelCall,
): readonly ModelPart[] {
  const shown = `${api.id}/${name ?? `${request.methods.join("+")} ${request.path}`}`;
  const unknown: ModelPart = { kind: "effect", effect: unknownChange(pack.provider, shown) };
  if (name === undefined) return [unknown];
  const { operations, reads } = operationsNamed(pack, models, { api, name, ...(operation === undefined ? {} : { operation }) });
  const read: ModelPart = { kind: "effect", effect: readEffect(pack.provider, shown) };
  if (operations.length === 0) return [operation?.reads === true ? read : unknown];
  const xml = operation?.route !== undefined && api.forms.every((form) => form === "rest-xml");
  const content = operation?.content === true && request.body.kind === "opaque";
  const called = [...places].flatMap(([label, each]) => (each === "-" || label === ROOT ? [] : [each])).join("/");
  const place: Place = {
    provider: pack.provider,
    request: content ? { ...request, body: { kind: "none" } } : xml ? withXml(request) : request,
    ...(called === "" ? {} : { name: called }),
    places,
    reads,
  };
  return operations.map((each) =>
    each.class === "read" && each.look === undefined ? read : { kind: "operation", operation: each, place },
  );
}

/** The operations of the pack that a request calls, in their order, and what stands in place of their names. */
export function operationsCalled(
  pack: Pack,
  request: CanonicalRequest,
): readonly { readonly operation: PackOperation; readonly places: ReadonlyMap<string, string> }[] {
  if (pack.models === undefined) return [];
  return modelParts(pack, pack.models, request).flatMap((part) =>
    part.kind === "operation" ? [{ operation: part.operation, places: part.place.places ?? new Map<string, string>() }] : [],
  );
}
