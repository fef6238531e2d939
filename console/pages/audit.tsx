/**
 * The audit log, newest first, with whether it hangs together. What comes while somebody reads is counted and shown on request.
 */
import type { JSX } from "preact";
import type { AuditLine, AuditPage } from "../../src/control/contract.ts";
import { Data } from "../parts/data.tsx";
import { Problem } from "../parts/field.tsx";
import { Heading, Loading } from "../parts/page.tsx";
import { Search } from "../parts/search.tsx";
import type { App } from "../state/app.ts";
import { useRecords } from "../state/records.ts";
import { addressOf } from "../state/route.ts";
import { useStore } from "../state/store.ts";
import { count } from "../words/numbers.ts";
import { clockTime } from "../words/times.ts";

export function AuditLogPage({ app, text }: { app: App; text: string }): JSX.Element {
  const records = useRecords(app, "", text);
  const { records: arrived } = useStore(app.store);
  const newest = records.events[0]?.index ?? -1;
  const waiting = records.page === null || text !== "" ? 0 : arrived.filter(({ index }) => index > newest).length;
  return (
    <>
      <Heading title="Audit log" aside={records.page === null ? "" : `${count(records.page.size)} records`} />
      {records.page !== null && <Verification page={records.page} />}
      <Search label="Search the log" text={text} onSearch={(wanted) => location.assign(addressOf("audit", "", { text: wanted }))} />
      {records.problem !== "" && <Problem text={records.problem} />}
      <p aria-live="polite" class="arrivals">
        {waiting > 0 && (
          <button type="button" class="plain" onClick={records.reload}>
            {waiting === 1 ? "1 newer record" : `${count(waiting)} newer records`}: show
          </button>
        )}
      </p>
      {records.page === null && records.problem === "" && <Loading />}
      {records.page !== null && records.events.length === 0 && <p class="empty">No record holds this text.</p>}
      <ol class="records">
        {records.events.map((record) => (
          <Record key={record.index} app={app} record={record} />
        ))}
      </ol>
      {records.more && (
        <button type="button" class="plain" onClick={records.loadOlder}>
          Older ones
        </button>
      )}
    </>
  );
}

function Verification({ page: { size, verification } }: { page: Pick<AuditPage, "size" | "verification"> }): JSX.Element {
  if (verification.state === "failed") {
    return (
      <div class="notice notice-grave" role="alert">
        <p class="notice-title">⚠ The log does not verify</p>
        <p>
          <Data text={verification.because ?? "no reason is known"} />
        </p>
        <p>Somebody or something changed it. Keep a copy of it as it is, and trust no record after the place named.</p>
      </div>
    );
  }
  return (
    <div class="notice notice-good">
      <p class="notice-title">✓ Verified</p>
      <p>
        {verification.checkedTo === size ? `All ${count(size)} records` : `${count(verification.checkedTo)} of ${count(size)} records`} hang
        together, and the signed checkpoints fit. To check it without this gateway: <code>holdfast audit verify</code>
      </p>
    </div>
  );
}

function Record({ app, record: { index, atMs, line, event } }: { app: App; record: AuditLine }): JSX.Element {
  return (
    <li class="record" data-card tabIndex={-1}>
      <details>
        <summary data-open>
          <span class="record-index quiet">{count(index)}</span>
          <time class="quiet">{clockTime(atMs, app.now())}</time>
          <span class="record-line">
            <Data text={line} />
          </span>
        </summary>
        <pre class="raw">
          <code>
            <Data text={JSON.stringify(event, null, 2)} lines />
          </code>
        </pre>
      </details>
    </li>
  );
}
