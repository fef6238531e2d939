/**
 * Some of the rows, as they are and as they would be. It says that these are a few of many, and shows a change by both its values.
 */
import type { JSX } from "preact";
import type { Measurement, TableChange } from "../words/sentence.ts";
import { total } from "../words/sentence.ts";
import { count } from "../words/numbers.ts";
import { Data, Name } from "./data.tsx";

type Sample = TableChange["samples"][number];

export function Samples({ measured }: { measured: Measurement }): JSX.Element | null {
  const tables = measured.tables.filter(({ samples }) => samples.length > 0);
  if (tables.length === 0) return null;
  return (
    <section class="panel">
      <h2>Rows, before and after</h2>
      {tables.map((table) => (
        <TableSamples table={table} />
      ))}
    </section>
  );
}

function TableSamples({ table }: { table: TableChange }): JSX.Element {
  const columns = [...new Set(table.samples.flatMap(({ before, after }) => [...Object.keys(before ?? {}), ...Object.keys(after ?? {})]))];
  const changed = total(table.direct) + total(table.following);
  return (
    <>
      <h3>
        <Name text={table.table} /> <span class="aside">{`${count(table.samples.length)} of ${count(changed)}`}</span>
      </h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="scroll" aria-label={`Sample rows of ${table.table}`} tabIndex={0}>
        <table class="samples">
          <thead>
            <tr>
              <th scope="col">
                <span class="heard">What happens</span>
              </th>
              {columns.map((column) => (
                <th scope="col">
                  <Data text={column} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {table.samples.map((sample) => (
              <SampleLine sample={sample} columns={columns} />
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

function SampleLine({ sample, columns }: { sample: Sample; columns: readonly string[] }): JSX.Element {
  const { before, after } = sample;
  const [sign, title] = after === null ? ["−", "deleted"] : before === null ? ["+", "added"] : ["±", "changed"];
  return (
    <tr class={`row-${title}`}>
      <th scope="row">
        <span aria-hidden="true">{sign}</span>
        <span class="heard">{title}</span>
      </th>
      {columns.map((column) => (
        <Cell before={before} after={after} column={column} />
      ))}
    </tr>
  );
}

function Cell({ before, after, column }: { before: Sample["before"]; after: Sample["after"]; column: string }): JSX.Element {
  if (before === null || after === null) return <td>{shown((before ?? after)?.[column])}</td>;
  if (before[column] === after[column]) return <td class="quiet">{shown(before[column])}</td>;
  return (
    <td class="differs">
      <del>{shown(before[column])}</del>
      <span class="heard"> becomes </span>
      <ins>{shown(after[column])}</ins>
    </td>
  );
}

function shown(value: string | null | undefined): JSX.Element {
  if (value === null) return <span class="null">null</span>;
  return value === undefined ? <span class="null">–</span> : <Data text={value} />;
}
