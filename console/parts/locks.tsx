/**
 * Which locks the trial took and for how long: what others would have waited for.
 */
import type { JSX } from "preact";
import type { Measurement } from "../words/sentence.ts";
import { duration } from "../words/times.ts";
import { Data, Name } from "./data.tsx";

const places = { target: "the server itself", replica: "a replica", clone: "a copy" } as const;

export function Locks({ measured }: { measured: Measurement }): JSX.Element {
  return (
    <section class="panel">
      <h2>How it was measured</h2>
      <p>
        Tried on {places[measured.on]} and rolled back, in {duration(measured.elapsedMs)}.{" "}
        {measured.locks.length === 0 && "No lock that others wait for."}
      </p>
      {measured.locks.length > 0 && (
        <table>
          <caption class="heard">Locks it took</caption>
          <thead>
            <tr>
              <th scope="col">Locked</th>
              <th scope="col">How</th>
              <th scope="col" class="number">
                Held
              </th>
            </tr>
          </thead>
          <tbody>
            {measured.locks.map(({ relation, mode, heldMs }) => (
              <tr>
                <th scope="row">
                  <Name text={relation} />
                </th>
                <td>
                  <Data text={mode} />
                </td>
                <td class="number">{duration(heldMs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
