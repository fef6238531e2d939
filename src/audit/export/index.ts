/**
 * The export formats in the order they are listed to people: one line a format.
 * A format turns one record into one line, or into nothing.
 */
import type { ReadRecord } from "../events.ts";
import { cefExporter } from "./cef.ts";
import { ocsfExporter } from "./ocsf.ts";

export interface ExportFormat {
  readonly title: string;
  /** A fresh exporter; it remembers what later records refer to. */
  start(about: { readonly origin: string; readonly version: string }): (record: ReadRecord) => string | null;
}

export const exportFormats = {
  jsonl: { title: "the log's own lines, byte for byte", start: () => (record) => record.line.toString() },
  ocsf: { title: "OCSF 1.9 events, one a line", start: ({ origin }) => ocsfExporter(origin) },
  cef: { title: "Common Event Format, one line a record", start: ({ origin, version }) => cefExporter(origin, version) },
} as const satisfies Record<string, ExportFormat>;
