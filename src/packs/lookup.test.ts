/** The packs' data on how things are asked about hang together: nothing is named that is not there, and reads only read. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "graphql";
import { packs } from "./index.ts";
import type { PackModels } from "./models.ts";
import type { PackThing } from "./lookup.ts";

/** The names of a template's places. */
const placesOf = (template: string): readonly string[] => [...template.matchAll(/\{([a-zA-Z_.*]+)\}/g)].map(([, name = ""]) => name);

function pathsOf({ name, within, ids, same, environment, flags, size, dependants, backups, notes }: PackThing): readonly string[] {
  const at = [...(flags ?? []), ...(dependants ?? []), ...(notes ?? [])].map((each) => each.at);
  return [
    ...[name, ids, same, environment].flatMap((paths) => paths ?? []),
    ...(within ?? []).flat(),
    ...at,
    ...(size === undefined ? [] : [size.at]),
    ...(backups === undefined ? [] : [backups.at, backups.time, ...(backups.in === undefined ? [] : [backups.in])]),
  ];
}

/** Of routes in the models of its services. */
function labelsOf(models: PackModels | undefined): ReadonlySet<string> {
  return new Set([...(models?.apis() ?? "").matchAll(/\{(\w+)\+?\}/g)].map(([, label = ""]) => label));
}

for (const { provider, operations, lookups, graphql, models } of packs) {
  if (lookups === undefined) continue;
  describe(`what ${provider} is asked`, () => {
    test("operations and things that are there, and every thing is used", () => {
      const ids = new Set(operations.map(({ id }) => id));
      const used = new Set<string>();
      for (const [id, { names }] of Object.entries(lookups.operations)) {
        assert(ids.has(id), `\`${id}\` is no operation`);
        for (const { thing, at } of names) {
          assert(Object.hasOwn(lookups.things, thing), `\`${thing}\` of \`${id}\` is no thing`);
          assert(at.length > 0);
          used.add(thing);
        }
      }
      assert.deepEqual([...used].sort(), Object.keys(lookups.things).sort());
    });

    test("places of paths are places of the operation's doors", () => {
      for (const [id, { names }] of Object.entries(lookups.operations)) {
        const doors = operations.find((operation) => operation.id === id)?.doors ?? [];
        for (const place of names.flatMap(({ at }) => at).filter((at) => at.startsWith("path "))) {
          const name = place.slice("path ".length);
          assert(
            doors.some((door) => door.includes(`{${name}}`) || door.includes(`{${name}*}`)) ||
              (doors.some((door) => door.startsWith("AWS ")) && labelsOf(models).has(name)),
            `no door of \`${id}\` has \`{${name}}\``,
          );
        }
      }
    });

    test("reads that only read, each made of what is known by then, and answers looked for where one is", () => {
      for (const [kind, thing] of Object.entries(lookups.things)) {
        const known = new Set<string>();
        for (const { as, ask, with: from, headers, body } of thing.reads) {
          const texts = Object.values(body?.json ?? {});
          const sources = ask.startsWith("GQL ") ? Object.values(from ?? {}) : [ask, ...texts].flatMap(placesOf);
          for (const source of sources.filter((each) => each.includes(".")))
            assert(known.has(source.split(".")[0] ?? ""), `${kind}: \`${source}\` is not known yet`);
          if (ask.startsWith("GQL ")) {
            assert(graphql !== undefined, kind);
            const [definition] = parse(ask.slice(4)).definitions;
            assert(definition?.kind === "OperationDefinition" && definition.operation === "query", `${kind}: it is no query`);
          } else if (headers === undefined) assert.match(ask, /^(?:GET \S+|HEAD own)$/);
          else assert.match(`${ask} ${headers["x-amz-target"]}`, /^POST \/ \w+\.(?:Describe|List)\w+$/);
          known.add(as);
        }
        for (const path of pathsOf(thing)) assert(known.has(path.split(/[.[]/)[0] ?? ""), `${kind}: \`${path}\` is in no answer`);
      }
    });
  });
}
