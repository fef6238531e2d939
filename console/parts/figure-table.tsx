/**
 * A table of figures by name, which folds to a list where the screen is narrow.
 * It works nothing out: cells are words already.
 */
import type { JSX } from "preact";
import { Data, Name } from "./data.tsx";

export interface FigureLine {
  readonly name: string;
  /** Beside the name. */
  readonly note?: string;
  readonly cells: readonly string[];
  /** The last cell is one to look at. */
  readonly grave?: boolean;
}

interface FigureTableProps {
  /** Of the names. */
  readonly title: string;
  /** Heard, not seen. */
  readonly caption: string;
  readonly heads: readonly string[];
  readonly lines: readonly FigureLine[];
}

export function FigureTable({ title, caption, heads, lines }: FigureTableProps): JSX.Element {
  return (
    <table class="changes">
      <caption class="heard">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{title}</th>
          {heads.map((head) => (
            <th scope="col" class="number">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {lines.map(({ name, note = "", cells, grave = false }) => (
          <tr key={name}>
            <th scope="row">
              <Name text={name} /> {note !== "" && <Data text={note} />}
            </th>
            {cells.map((cell, index) => (
              <td class="number" data-title={heads[index]}>
                {grave && index === cells.length - 1 ? <strong>{cell}</strong> : <Data text={cell} />}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
