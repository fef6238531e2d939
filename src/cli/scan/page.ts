/**
 * The one page that `holdfast scan` prints: what could be destroyed first, then what was found besides, then what was not read.
 * It writes nothing.
 */
import { figure } from "../../base/counted.ts";
import type { Finding, Power, Report } from "../../scan/report.ts";
import { paragraph, visible } from "../output.ts";
import type { Terminal } from "../terminal.ts";

const findingsShown = 20;
const placesShown = 3;
const unreadShown = 5;

/** `where` is what was scanned, as it was named. */
export function renderPage(report: Report, where: string, terminal: Terminal): string {
  const of = (power: Power) => report.findings.filter((finding) => finding.power === power);
  const agent = `an agent started in \`${visible(where)}\``;
  const kinds = `${of("can").length > 0 ? "and" : `${agent} could`}, going by the kind of what lies there`;
  const parts = [
    section(of("can"), terminal.style(["bold", "red"], `${agent} could destroy`), terminal),
    section(of("may"), terminal.style(["bold", "red"], kinds), terminal),
    section(of("cannot"), terminal.style("bold", "found besides, without a way to destroy that is known here"), terminal),
    report.findings.length === 0 ? `${terminal.style("green", `${agent} finds no credential that is known here`)}\n` : "",
  ];
  return `${parts.filter((part) => part !== "").join("\n")}\n${summary(report)}${unread(report, terminal)}${next(report, terminal)}`;
}

function section(findings: readonly Finding[], title: string, terminal: Terminal): string {
  if (findings.length === 0) return "";
  const left = findings.length - findingsShown;
  const more = left > 0 ? `  and ${figure(left)} more: see --json\n` : "";
  const lines = findings.slice(0, findingsShown).map((finding) => rendered(finding, terminal));
  return `${title}\n${lines.join("")}${more}`;
}

/** A line that says where and what, then what was learnt: one more line where that is only its kind. */
function rendered(finding: Finding, terminal: Terminal): string {
  const { login, power } = finding;
  const address = login === undefined ? "" : ` ${visible(`${login.role}@${login.host}:${login.port}/${login.database}`)}`;
  const marks = `(${finding.fingerprint}, ${figure(finding.length)} characters)`;
  const head = `  ${placesOf(finding)}  ${terminal.style("bold", `${finding.kind}${address}`)} ${terminal.style("dim", marks)}\n`;
  const indented = (text: string) => paragraph(visible(text), terminal.columns, 6);
  const open = login?.outcome === "open" && power === "cannot" ? ["tried: the login is open, and can destroy nothing there"] : [];
  return [
    head,
    ...finding.destroys.map((text) => terminal.style(power === "can" ? "red" : "yellow", indented(text))),
    ...[...finding.also.map((text) => `also: ${text}`), ...(login?.why === undefined ? [] : [`tried: ${login.why}`]), ...open].map(
      indented,
    ),
  ].join("");
}

function placesOf({ places }: Finding): string {
  const left = places.length - placesShown;
  const shown = places.slice(0, placesShown).map(({ path, line }) => `${visible(path)}:${line}`);
  return `${shown.join(", ")}${left > 0 ? ` and ${figure(left)} more` : ""}`;
}

function summary({ credentials, findings, files }: Report): string {
  const count = (value: number, noun: string) => `${figure(value)} ${noun}${value === 1 ? "" : "s"}`;
  const different = findings.length === credentials ? "" : ` (${figure(findings.length)} different)`;
  return `${count(credentials, "credential")}${different} in ${count(files, "file")} looked at\n`;
}

function unread({ unread: all }: Report, terminal: Terminal): string {
  if (all.length === 0) return "";
  const left = all.length - unreadShown;
  const lines = all.slice(0, unreadShown).map(({ path, why }) => `  ${visible(path)}: ${why}\n`);
  const more = left > 0 ? `  and ${figure(left)} more: see --json\n` : "";
  return terminal.style("yellow", `not read: ${figure(all.length)}\n`) + lines.join("") + more;
}

function next(report: Report, terminal: Terminal): string {
  const untried = report.findings.filter(({ login }) => login !== undefined && login.outcome === undefined).length;
  if (untried === 0) return "";
  const logins = `${figure(untried)} PostgreSQL ${untried === 1 ? "login was" : "logins were"} not tried`;
  const advice = `${logins}: holdfast scan --try asks the servers what their holder could do, and changes nothing`;
  return `\n${terminal.style("dim", paragraph(advice, terminal.columns))}`;
}
