/**
 * How many rows of which table: the act's own apart from what follows by cascades and triggers, each with its share.
 * A number that nobody counted is a dash, never a nought.
 */
import type { JSX } from "preact";
import type { Measurement, TableChange } from "../words/sentence.ts";
import { total } from "../words/sentence.ts";
import { count, share } from "../words/numbers.ts";
import { Bar } from "./bar.tsx";
import { Name } from "./data.tsx";

type Counts = TableChange["direct"];
const kinds = [
  { key: "deleted", title: "Deleted", sign: "−" },
  { key: "updated", title: "Changed", sign: "±" },
  { key: "inserted", title: "Added", sign: "+" },
] as const;

export function Changes({ measured }: { measured: Measurement }): JSX.Element | null {
  const direct = measured.tables.filter((table) => total(table.direct) > 0);
  const following = measured.tables.filter((table) => total(table.following) > 0);
  if (direct.length + following.length === 0) return null;
  const used = kinds.filter(({ key }) => measured.tables.some((table) => table.direct[key] + table.following[key] > 0));
  const columns = used.length + 2;
  return (
    <table class="changes">
      <caption class="heard">Rows that change, by table</caption>
      <thead>
        <tr>
          <th scope="col">Table</th>
          {used.map(({ title }) => (
            <th scope="col" class="number">
              {title}
            </th>
          ))}
          <th scope="col" class="number">
            Share
          </th>
        </tr>
      </thead>
      <Group
        title={following.length > 0 && direct.length > 0 ? "what it names itself" : ""}
        tables={direct}
        of="direct"
        used={used}
        columns={columns}
      />
      <Group title="what follows by cascades, triggers and functions" tables={following} of="following" used={used} columns={columns} />
    </table>
  );
}

interface GroupProps {
  readonly title: string;
  readonly tables: readonly TableChange[];
  readonly of: "direct" | "following";
  readonly used: readonly (typeof kinds)[number][];
  readonly columns: number;
}

function Group({ title, tables, of, used, columns }: GroupProps): JSX.Element | null {
  if (tables.length === 0) return null;
  return (
    <tbody class={of}>
      {title !== "" && (
        <tr>
          <th scope="rowgroup" colSpan={columns} class="group">
            {title}
          </th>
        </tr>
      )}
      {tables.map((table) => (
        <tr>
          <th scope="row">
            <Name text={table.table} />
          </th>
          {used.map(({ key, sign, title }) => (
            <td class={`number ${key}`} data-title={title.toLowerCase()}>
              {figure(table[of], key, sign)}
            </td>
          ))}
          <ShareCell counts={table[of]} rowsBefore={table.rowsBefore} />
        </tr>
      ))}
    </tbody>
  );
}

function figure(counts: Counts, key: keyof Counts, sign: string): string {
  return counts[key] === 0 ? "0" : `${sign}${count(counts[key])}`;
}

/** Of the rows that were there before: added ones are no share of those. */
function ShareCell({ counts, rowsBefore }: { counts: Counts; rowsBefore: number | null }): JSX.Element {
  const touched = counts.deleted + counts.updated;
  const of = touched > 0 ? share(touched, rowsBefore) : null;
  if (of === null || rowsBefore === null) return <td class="number quiet share">{rowsBefore === null ? "not counted" : "–"}</td>;
  return (
    <td class="number share">
      {of} <span class="quiet">of {count(rowsBefore)}</span>
      <Bar part={touched} of={rowsBefore} grave={counts.deleted > 0} />
    </td>
  );
}
