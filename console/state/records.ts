/**
 * Pages of the audit log as they are asked for: the newest first, older ones added below, a search that starts anew.
 * It holds what the server gave and puts nothing together.
 */
import { useEffect, useState } from "preact/hooks";
import type { AuditLine, AuditPage } from "../../src/control/contract.ts";
import { wordsOf } from "../api/call.ts";
import type { App } from "./app.ts";

const PAGE = 50;

export interface Records {
  readonly events: readonly AuditLine[];
  readonly judgements: readonly AuditLine["event"][];
  /** `null` until the first answer. */
  readonly page: Pick<AuditPage, "size" | "verification"> | null;
  readonly problem: string;
  /** Whether the log has older ones that were not asked for. */
  readonly more: boolean;
  readonly loadOlder: () => void;
  readonly reload: () => void;
}

export function useRecords(app: App, session: string, text: string): Records {
  const [events, setEvents] = useState<readonly AuditLine[]>([]);
  const [judgements, setJudgements] = useState<Records["judgements"]>([]);
  const [page, setPage] = useState<Records["page"]>(null);
  const [problem, setProblem] = useState("");
  const [more, setMore] = useState(false);
  const [round, setRound] = useState(0);
  useEffect(() => {
    let current = true;
    load(app, { session, text }).then(
      (got) => {
        if (!current) return;
        setEvents(got.events);
        setJudgements(got.judgements ?? []);
        setPage(got);
        setMore(got.events.length === PAGE);
        setProblem("");
      },
      (error: unknown) => current && setProblem(wordsOf(error)),
    );
    return () => {
      current = false;
    };
  }, [app, session, text, round]);
  const loadOlder = (): void => {
    const last = events.at(-1);
    if (last === undefined) return;
    load(app, { session, text, before: String(last.index) }).then(
      (got) => {
        setEvents([...events, ...got.events]);
        setJudgements([...judgements, ...(got.judgements ?? [])]);
        setMore(got.events.length === PAGE);
      },
      (error: unknown) => setProblem(wordsOf(error)),
    );
  };
  return { events, judgements, page, problem, more, loadOlder, reload: () => setRound(round + 1) };
}

function load(app: App, asked: Readonly<Record<string, string>>): Promise<AuditPage> {
  const given = Object.entries({ limit: String(PAGE), ...asked }).filter(([, value]) => value !== "");
  return app.call<AuditPage>("GET", `/api/audit?${new URLSearchParams(given)}`);
}
