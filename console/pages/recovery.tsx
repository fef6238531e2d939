/**
 * What acts can be taken back with, per target: alarms, drills, backups, the bin, and what was undone.
 * It restores nothing: that is done at a terminal, where its plan is seen first; the commands stand here to be copied.
 */
import type { JSX } from "preact";
import type { RecoveryView } from "../../src/control/contract.ts";
import { Data, Name } from "../parts/data.tsx";
import { Problem } from "../parts/field.tsx";
import { FigureTable } from "../parts/figure-table.tsx";
import { Heading, Loading } from "../parts/page.tsx";
import type { App } from "../state/app.ts";
import { useNow } from "../state/clock.ts";
import { useFetched } from "../state/fetched.ts";
import { useStore } from "../state/store.ts";
import { bytes, count, rows } from "../words/numbers.ts";
import { concernsRecovery, lostWords, timeWords } from "../words/recovery.ts";
import { ago } from "../words/times.ts";

type Target = RecoveryView["targets"][number];

export function RecoveryPage({ app }: { app: App }): JSX.Element {
  const { records } = useStore(app.store);
  const last = records.find(({ event }) => concernsRecovery(event.kind))?.index ?? 0;
  const { value, problem } = useFetched<RecoveryView>(app, "/api/recovery", last);
  const alarms = (value?.targets ?? []).reduce((sum, target) => sum + target.alarms.length, 0);
  return (
    <>
      <Heading
        title="Recovery"
        aside={value === null ? "" : alarms === 0 ? "no alarms" : `${count(alarms)} ${alarms === 1 ? "alarm" : "alarms"}`}
      />
      {problem !== "" && <Problem text={problem} />}
      {value === null && problem === "" && <Loading />}
      {value !== null && value.targets.length === 0 && (
        <p class="empty">The log tells of no backup, no drill, nothing in a bin and nothing undone.</p>
      )}
      {(value?.targets ?? []).map((target) => (
        <TargetPart key={target.target} app={app} target={target} />
      ))}
      <p class="hint">
        What can be undone: <code>holdfast undo list</code>. The way back to before an act: <code>holdfast restore --before ACT</code>
      </p>
    </>
  );
}

function TargetPart({ app, target }: { app: App; target: Target }): JSX.Element {
  return (
    <section class="panel">
      <h2>
        <Name text={target.target} />
      </h2>
      <Alarms app={app} alarms={target.alarms} />
      <Drills app={app} drills={target.drills} />
      <Backups app={app} backups={target.backups} />
      <Bin app={app} bin={target.bin} />
      <Undone app={app} undone={target.undone} />
    </section>
  );
}

function Alarms({ app, alarms }: { app: App; alarms: Target["alarms"] }): JSX.Element | null {
  const now = useNow(app);
  if (alarms.length === 0) return null;
  return (
    <ul class="plain-list" aria-label="Alarms">
      {alarms.map(({ about, because, sinceMs }) => (
        <li>
          <strong>{about.replaceAll("_", " ")}</strong>: <Data text={because} /> <span class="quiet">since {ago(sinceMs, now)}</span>
        </li>
      ))}
    </ul>
  );
}

/** The newest with its checks; of those before it only how they ended. */
function Drills({ app, drills }: { app: App; drills: Target["drills"] }): JSX.Element {
  const now = useNow(app);
  const [newest, ...before] = drills;
  if (newest === undefined) return <p>No backup of it was ever restored to see whether it can be.</p>;
  const failed = newest.checks.filter(({ passed }) => !passed);
  return (
    <>
      <p>
        Last drill {ago(newest.atMs, now)}: <strong>{newest.passed ? "passed" : "FAILED"}</strong>, {timeWords(newest.recoveryMs)},{" "}
        {lostWords(newest.lostMs)}, {count(newest.checks.length - failed.length)} of {count(newest.checks.length)} checks passed
        {before.length > 0 && (
          <span class="quiet">
            {" "}
            (before: {before.filter(({ passed }) => passed).length} passed, {before.filter(({ passed }) => !passed).length} failed)
          </span>
        )}
      </p>
      {failed.length > 0 && (
        <ul class="plain-list" aria-label="Checks that failed">
          {failed.map(({ name, because }) => (
            <li>
              <Name text={name} />: <Data text={because} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Backups({ app, backups }: { app: App; backups: Target["backups"] }): JSX.Element | null {
  const now = useNow(app);
  if (backups.length === 0) return null;
  return (
    <FigureTable
      title="Backup"
      caption="Backups"
      heads={["state", "when", "size"]}
      lines={backups.map(({ id, method, state, atMs, bytes: size, because }) => ({
        name: id,
        note: because ?? "",
        cells: [`${state}${method === null ? "" : ` (${method})`}`, ago(atMs, now), size === undefined ? "–" : bytes(size)],
      }))}
    />
  );
}

function Bin({ app, bin }: { app: App; bin: Target["bin"] }): JSX.Element | null {
  const now = useNow(app);
  if (bin.length === 0) return null;
  return (
    <>
      <FigureTable
        title="In the bin"
        caption="What rests in the bin"
        heads={["act", "when", "objects", "size"]}
        lines={bin.map(({ entry, tag, names, atMs, objects, bytes: size }) => ({
          name: entry,
          note: names.join(", "),
          cells: [tag, ago(atMs, now), count(objects), bytes(size)],
        }))}
      />
      <p class="hint">
        Back with <code>holdfast bin restore ENTRY</code>
      </p>
    </>
  );
}

function Undone({ app, undone }: { app: App; undone: Target["undone"] }): JSX.Element | null {
  const now = useNow(app);
  if (undone.length === 0) return null;
  return (
    <FigureTable
      title="Undone"
      caption="What was undone"
      heads={["by", "when", "how", "taken back", "left"]}
      lines={undone.map(({ undo, person, atMs, how, rows: number, skipped, because }) => ({
        name: undo,
        note: because,
        cells: [person, ago(atMs, now), how, rows(number), skipped === 0 ? "–" : rows(skipped)],
      }))}
    />
  );
}
