/**
 * `holdfast grants`: rights that persons opened and what agents ask for; a person takes one back.
 * It opens nothing.
 */
import { figure } from "../../base/counted.ts";
import type { Ask, Grant } from "../../model/grant.ts";
import type { Define } from "../define.ts";
import { table, visible } from "../output.ts";
import { ask, askAsPerson, personOptions, type PersonOptions, socketOptions, type SocketOptions } from "../person-call.ts";
import type { Terminal } from "../terminal.ts";

interface ListOptions extends SocketOptions {
  readonly all?: boolean;
}

export const define: Define = (command, terminal) => {
  command.addHelpText("after", "\nExamples:\n  holdfast grants list\n  holdfast grants revoke g_8k2m1v0q4c\n");
  socketOptions(command.command("list").description("Show open grants and asks."))
    .option("--all", "those that are over too")
    .action((options: ListOptions) => list(options, terminal));
  personOptions(command.command("revoke <grant>").description("Take a grant back; what rests on it is rolled back.")).action(
    (grant: string, options: PersonOptions) => revoke(grant, options, terminal),
  );
};

async function list(options: ListOptions, terminal: Terminal): Promise<void> {
  const { asks } = (await ask(options, { method: "GET", path: "/v1/asks" }, terminal)) as { asks: readonly Ask[] };
  const { grants } = (await ask(options, { method: "GET", path: "/v1/grants" }, terminal)) as { grants: readonly Grant[] };
  const shown = {
    asks: asks.filter(({ state }) => options.all === true || state === "open"),
    grants: grants.filter(({ state }) => options.all === true || state === "open"),
  };
  if (options.json === true) return terminal.out(`${JSON.stringify(shown)}\n`);
  await terminal.out(`${grantTable(shown.grants, terminal)}\n${askTable(shown.asks, terminal)}`);
}

function grantTable(grants: readonly Grant[], terminal: Terminal): string {
  if (grants.length === 0) return terminal.style("dim", "no grants\n");
  const heads = [
    { title: "GRANT" },
    { title: "SESSION" },
    { title: "ALLOWS" },
    { title: "TABLES", shrink: true },
    { title: "STATEMENTS" },
    { title: "ROWS" },
    { title: "UNTIL" },
    { title: "BY" },
  ];
  const rows = grants.map((grant) => [
    grant.id,
    visible(grant.principal),
    grant.operations.join(","),
    grant.tables.map(visible).join(" "),
    grant.usesMax === null ? figure(grant.uses) : `${figure(grant.uses)}/${figure(grant.usesMax)}`,
    `${figure(grant.rows)}/${figure(grant.rowsMax)}`,
    grant.state === "lapsed" ? visible(grant.because ?? "over") : new Date(grant.untilMs).toISOString().slice(0, 19),
    `${visible(grant.by)}${grant.approval === undefined ? "" : `, with ${visible(grant.approval)}`}`,
  ]);
  return table(heads, rows, terminal.columns);
}

function askTable(asks: readonly Ask[], terminal: Terminal): string {
  if (asks.length === 0) return terminal.style("dim", "nobody asks\n");
  const heads = [
    { title: "ASK" },
    { title: "SESSION" },
    { title: "WANTS" },
    { title: "TABLES", shrink: true },
    { title: "STATE" },
    { title: "PURPOSE" },
  ];
  const rows = asks.map((each) => [
    each.id,
    visible(each.principal),
    each.operations.join(","),
    each.tables.map(visible).join(" "),
    each.state,
    visible(each.purpose),
  ]);
  return table(heads, rows, terminal.columns);
}

async function revoke(grant: string, options: PersonOptions, terminal: Terminal): Promise<void> {
  const call = { method: "DELETE" as const, path: `/v1/grants/${encodeURIComponent(grant)}` };
  const answer = await askAsPerson(options, call, `take back grant ${visible(grant)}\n`, terminal);
  await terminal.out(
    options.json === true ? `${JSON.stringify(answer)}\n` : `${terminal.style("green", "taken back")} ${visible(grant)}\n`,
  );
}
