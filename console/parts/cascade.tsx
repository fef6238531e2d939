/**
 * What goes along, as a tree: below the act the tables and objects that it names, below each what it takes with it.
 * Where the plan does not say through what something follows, it stands below the act itself and says why, if the analysis knew.
 */
import type { JSX } from "preact";
import { count } from "../words/numbers.ts";
import type { Measurement, ObjectChange, Plan, TableChange } from "../words/sentence.ts";
import { total } from "../words/sentence.ts";
import { Data, Name } from "./data.tsx";

export function Cascade({ plan, measured }: { plan: Plan; measured: Measurement }): JSX.Element | null {
  const following = measured.tables.filter((table) => total(table.following) > 0);
  const along = measured.objects.filter((object) => object.through !== undefined);
  if (measured.objects.length + following.length === 0) return null;
  const names = new Set([...measured.objects.map(({ name }) => name), ...measured.tables.map(({ table }) => table)]);
  const below = (name: string): readonly ObjectChange[] => along.filter(({ through }) => through === name);
  const roots = measured.objects.filter(({ through }) => through === undefined || !names.has(through));
  const tables = measured.tables.filter(({ table, direct }) => total(direct) > 0 && !roots.some(({ name }) => name === table));
  return (
    <section class="panel">
      <h2>What goes along</h2>
      <ul class="tree">
        {tables.map((table) => (
          <li>
            <TableLine table={table} counts={table.direct} />
            <Branches objects={below(table.table)} below={below} depth={0} />
          </li>
        ))}
        {roots.map((object) => (
          <li>
            <ObjectLine object={object} />
            <Branches objects={below(object.name)} below={below} depth={0} />
          </li>
        ))}
        {following.length > 0 && (
          <li>
            <span class="quiet">by cascades, triggers and functions</span>
            <ul>
              {following.map((table) => (
                <li>
                  <TableLine table={table} counts={table.following} />
                  <Because plan={plan} table={table.table} />
                </li>
              ))}
            </ul>
          </li>
        )}
      </ul>
    </section>
  );
}

/** Deeper than any schema; a circle among the names ends here too. */
const DEPTH_MAX = 20;

function Branches({
  objects,
  below,
  depth,
}: {
  objects: readonly ObjectChange[];
  below: (name: string) => readonly ObjectChange[];
  depth: number;
}): JSX.Element | null {
  if (objects.length === 0 || depth > DEPTH_MAX) return null;
  return (
    <ul>
      {objects.map((object) => (
        <li>
          <ObjectLine object={object} />
          <Branches objects={below(object.name)} below={below} depth={depth + 1} />
        </li>
      ))}
    </ul>
  );
}

function ObjectLine({ object }: { object: ObjectChange }): JSX.Element {
  return (
    <>
      <strong class={object.change === "dropped" || object.change === "truncated" ? "lost" : ""}>{object.change}</strong>{" "}
      {object.type.replaceAll("_", " ")} <Name text={object.name} />
    </>
  );
}

function TableLine({ table, counts }: { table: TableChange; counts: TableChange["direct"] }): JSX.Element {
  const parts = [
    counts.deleted > 0 ? `${count(counts.deleted)} deleted` : "",
    counts.updated > 0 ? `${count(counts.updated)} changed` : "",
    counts.inserted > 0 ? `${count(counts.inserted)} added` : "",
  ].filter(Boolean);
  return (
    <>
      <Name text={table.table} /> {parts.join(", ")}
    </>
  );
}

function Because({ plan, table }: { plan: Plan; table: string }): JSX.Element | null {
  const effect = plan.effects.find(({ cause, resource }) => cause !== "direct" && resource.name === table);
  if (effect === undefined) return null;
  return (
    <span class="quiet">
      {" "}
      by {effect.cause}
      {effect.because !== undefined && (
        <>
          : <Data text={effect.because} />
        </>
      )}
    </span>
  );
}
