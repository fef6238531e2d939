/**
 * `holdfast grant`: a person gives one session rights on named tables, for a time, a number of statements and of rows.
 * It signs what stands on the command line; an ask only fills in what was left out, and is shown before.
 */
import type { Ask, Grant } from "../../model/grant.ts";
import type { Define } from "../define.ts";
import { failed, wrongUse } from "../errors.ts";
import { countOf, operationsOf, rowsOf, tablesOf, termsText, untilOf } from "../grant-terms.ts";
import { visible } from "../output.ts";
import { ask, askAsPerson, personOptions, type PersonOptions } from "../person-call.ts";
import type { Terminal } from "../terminal.ts";

interface Options extends PersonOptions {
  readonly table?: readonly string[];
  readonly allow?: string;
  readonly until?: string;
  readonly count?: string;
  readonly rows?: string;
  readonly reason?: string;
}

export const define: Define = (command, terminal) => {
  personOptions(command)
    .argument("<session>", "the session, by its id or name, or an ask by its id: see `holdfast grants list`")
    .option("--table <name...>", "the tables, with their schemas")
    .option("--allow <operations>", "some of select, insert, update, delete, with commas between")
    .option("--until <when>", "a span such as 30m, or a time; 30m when left out, 24h at most")
    .option("--count <n>", "statements that may rest on it (default: any number until then)")
    .option("--rows <n>", "rows that may be changed by it in all (default: 100)")
    .option("--reason <text>", "why, for the record")
    .addHelpText(
      "after",
      "\nExamples:\n  holdfast grant r_8k2m1v0q4c7d --table public.orders --allow delete --until 30m --rows 5\n" +
        "  holdfast grant a_3f9x0k2m1v --count 1\n\nIt asks for the passphrase of a registered person: an agent cannot grant.\n",
    )
    .action((named: string, options: Options) => grant(named, options, terminal));
};

async function grant(named: string, options: Options, terminal: Terminal): Promise<void> {
  const asked = named.startsWith("a_") ? await askNamed(named, options, terminal) : undefined;
  const tables = tablesOf(options.table);
  const operations = operationsOf(options.allow);
  const terms = {
    session: asked?.run ?? named,
    tables: tables.length > 0 ? tables : (asked?.tables ?? []),
    operations: operations.length > 0 ? operations : (asked?.operations ?? []),
    untilMs: untilOf(options.until, Date.now()),
    usesMax: countOf(options.count, "--count"),
    rowsMax: rowsOf(options.rows),
  };
  if (terms.tables.length === 0) throw wrongUse("no table is named", "give --table SCHEMA.NAME");
  if (terms.operations.length === 0) throw wrongUse("no operation is named", "give --allow with some of select, insert, update, delete");
  const purpose = asked === undefined ? "" : `${visible(asked.principal)} asks: ${visible(asked.purpose)}\n`;
  const body = { ...terms, reason: options.reason ?? asked?.purpose ?? "", ...(asked === undefined ? {} : { ask: asked.id }) };
  const given = (await askAsPerson(
    options,
    { method: "POST", path: "/v1/grants", body },
    `${purpose}${termsText(terms)}`,
    terminal,
  )) as Grant;
  if (options.json === true) return terminal.out(`${JSON.stringify(given)}\n`);
  const back = terminal.style("bold", `holdfast grants revoke ${given.id}`);
  await terminal.out(`${terminal.style("green", "granted")} ${given.id}; take it back with ${back}\n`);
}

async function askNamed(id: string, options: Options, terminal: Terminal): Promise<Ask> {
  const { asks } = (await ask(options, { method: "GET", path: "/v1/asks" }, terminal)) as { asks: readonly Ask[] };
  const found = asks.find((each) => each.id === id);
  if (found === undefined) throw failed(`no ask is named \`${visible(id)}\``, "see `holdfast grants list`");
  if (found.state !== "open") throw failed(`ask \`${visible(id)}\` is ${found.state} already`);
  return found;
}
