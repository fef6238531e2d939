/**
 * What `holdfast restore` shows: what it is about to do, how far it is, what differs, and what to type next.
 * It asks nobody and does nothing.
 */
import { counted, figure } from "../base/counted.ts";
import type { PreparedRestore, RestoreProgress, RowsBack, TableDifference } from "../wiring/restoring.ts";
import { paragraph, table, visible } from "./output.ts";
import type { Terminal } from "./terminal.ts";

/** Ends with a line end. */
export function preparedText({ target, database, moment, until, backup }: PreparedRestore, terminal: Terminal): string {
  const who = moment.principal === undefined ? "" : ` by ${visible(moment.principal)}`;
  const lines = [
    `target    ${visible(target.name)}, database ${visible(database)}`,
    `before    ${visible(moment.act)}${who}, ${new Date(moment.atMs).toISOString()}`,
    `until     ${visible(until)}`,
    `backup    ${backup.id} (${backup.method}) of ${new Date(backup.startedAtMs).toISOString()}, ${figure(backup.bytes)} bytes`,
  ];
  const dump = backup.method === "dump";
  const vague = dump
    ? "A dump has one moment, its own: what changed between it and the act is not in it."
    : "The log has no position for it, only its time: what others committed in the same moment may be in or not.";
  return `${lines.join("\n")}\n${moment.exact && !dump ? "" : terminal.style("yellow", paragraph(vague, terminal.columns))}`;
}

export function progressText(progress: RestoreProgress): string {
  switch (progress.step) {
    case "files": {
      const share = progress.of === 0 ? 100 : Math.min(100, Math.floor((100 * progress.bytes) / progress.of));
      return `unpacking   ${share} % of ${mebibytes(progress.of)}`;
    }
    case "start":
      return "starting the scratch server";
    default:
      return `replaying   ${progress.at === "" ? "..." : visible(progress.at)}${progress.to === null ? "" : ` to ${visible(progress.to)}`}`;
  }
}

export interface Connection {
  readonly socket: string;
  readonly port: number;
  readonly role: string;
  readonly database: string;
}

/** For psql, as the account that the server runs under, or as root. */
export function psqlText({ socket, port, role, database }: Connection): string {
  return `psql "host=${socket} port=${port} user=${role} dbname=${database}"`;
}

export function differencesText(differences: readonly TableDifference[], terminal: Terminal): string {
  const other = differences.filter(({ state }) => state !== "same");
  const same = differences.length - other.length;
  if (other.length === 0) return `${counted(same, "table")} hold now what they held then\n`;
  const rows = other.map((each) => [
    visible(each.table),
    each.rowsThen === null ? "-" : figure(each.rowsThen),
    each.rowsNow === null ? "-" : figure(each.rowsNow),
    each.state === "too_large" ? "?" : figure(each.onlyThen),
    each.state === "too_large" ? "?" : figure(each.changed),
    each.state === "too_large" ? "?" : figure(each.onlyNow),
    stateText(each),
  ]);
  const heads = [
    { title: "TABLE", shrink: true },
    { title: "THEN", align: "right" as const },
    { title: "NOW", align: "right" as const },
    { title: "ONLY THEN", align: "right" as const },
    { title: "OTHERWISE", align: "right" as const },
    { title: "ONLY NOW", align: "right" as const },
    { title: "" },
  ];
  const samples = other.flatMap((each) =>
    each.samples.length === 0 ? [] : [paragraph(`${visible(each.table)}: ${each.samples.map(visible).join("; ")} ...`, terminal.columns)],
  );
  const more = same === 0 ? "" : `${counted(same, "other table")} hold now what they held then\n`;
  return `${table(heads, rows, terminal.columns)}${more}${samples.join("")}`;
}

function stateText({ state, columns }: TableDifference): string {
  if (state === "gone") return "is not there any more";
  if (state === "new") return "was not there";
  if (state === "too_large") return "differs; too large to compare row by row";
  return columns.length === 0 ? "" : `columns: ${columns.map(visible).join(", ")}`;
}

export function rowsBackText({ tables }: RowsBack, files: readonly string[], target: string, terminal: Terminal): string {
  const lines = tables.map(({ table: name, inserted, updated, leftNow }) => {
    const left = leftNow === 0 ? "" : `; ${counted(leftNow, "row")} that came since stay`;
    return `${visible(name)}: ${counted(inserted, "row")} inserted, ${figure(updated)} given their values back${left}\n`;
  });
  if (files.length === 0) return `${lines.join("")}nothing is missing: nothing was written\n`;
  const commands = files.flatMap((file) => {
    const plan = `${file.replace(/\.sql$/, "")}.plan.json`;
    return [
      `  holdfast plan --target ${visible(target)} --ask --out ${visible(plan)} ${visible(file)}`,
      `  holdfast approve ID        (the plan says which)`,
      `  holdfast apply ${visible(plan)}`,
    ];
  });
  const head = paragraph(
    `Written: ${files.map(visible).join(", ")}. It changes nothing yet. Triggers run as at any change. Next, in this order:`,
    terminal.columns,
  );
  return `${lines.join("")}${head}${commands.join("\n")}\n`;
}

/** The whole data folder of a cluster, and what to do with it. */
export function clusterText(
  { backup, until }: PreparedRestore,
  { path, tablespaces, folder }: { readonly path: string; readonly tablespaces: boolean; readonly folder: string },
  terminal: Terminal,
): string {
  const major = Math.floor(backup.serverVersion / 10_000);
  const caution = `It is the whole cluster as of ${visible(until)}: what everybody has changed since is not in it. To bring back single tables, use --table and keep the cluster.`;
  const spaces = tablespaces
    ? paragraph(
        `Its tablespaces lie in ${visible(`${folder}/tablespaces`)} and have to stay there, or be moved with their links in pg_tblspc.`,
        terminal.columns,
      )
    : "";
  return [
    `data folder of PostgreSQL ${major}: ${visible(path)}\n`,
    terminal.style("yellow", paragraph(caution, terminal.columns)),
    spaces,
    paragraph("On Debian, with the usual cluster `main`; elsewhere the same with that server's names:", terminal.columns),
    `  systemctl stop postgresql@${major}-main\n`,
    `  mv /var/lib/postgresql/${major}/main /var/lib/postgresql/${major}/main.before\n`,
    `  mv ${visible(path)} /var/lib/postgresql/${major}/main\n`,
    `  chown -R postgres:postgres /var/lib/postgresql/${major}/main && chmod 0700 /var/lib/postgresql/${major}/main\n`,
    `  systemctl start postgresql@${major}-main\n`,
    `  holdfast backup now        (a new timeline begins here: make a backup of it)\n`,
  ].join("");
}

function mebibytes(bytes: number): string {
  return `${figure(Math.ceil(bytes / 1024 ** 2))} MiB`;
}
