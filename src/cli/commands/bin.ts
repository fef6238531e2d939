/**
 * `holdfast bin`: what agents dropped and rests; brought back by a person, or gone for good.
 * It does neither by itself: both take the passphrase of a registered person, and emptying the name of what goes besides.
 */
import { parseDuration } from "../../config/quantities.ts";
import type { BinRestored, BinView } from "../../control/contract.ts";
import type { BinEntry } from "../../model/recovery.ts";
import { binListText, binRestoreTerms, binRestoredText, emptyTerms, titleOf } from "../bin-text.ts";
import type { Define } from "../define.ts";
import { ask as askAtTerminal, canAsk } from "../ask.ts";
import { failed, wrongUse } from "../errors.ts";
import { visible } from "../output.ts";
import { ask, askAsPerson, personOptions, type PersonOptions, socketOptions, type SocketOptions } from "../person-call.ts";
import type { Terminal } from "../terminal.ts";

interface Choice extends PersonOptions {
  readonly target?: string;
  readonly since?: string;
}

interface RestoreChoice extends Choice {
  readonly to?: string;
  readonly replace?: boolean;
  readonly withoutConstraint?: boolean;
}

/** Foreign keys are proven again and row by row: that takes its time. */
const ANSWER_MS_MAX = 3_600_000;

export const define: Define = (command, terminal) => {
  command.addHelpText(
    "after",
    "\nExamples:\n  holdfast bin list\n  holdfast bin restore n_4c7d9x2k8m\n  holdfast bin restore --since 2h --replace\n" +
      "  holdfast bin restore n_4c7d9x2k8m --to users_old\n  holdfast bin empty n_4c7d9x2k8m\n\n" +
      "Restoring and emptying ask for the passphrase of a registered person: an agent can do neither.\n",
  );
  socketOptions(command.command("list").description("Show what rests, newest first."))
    .option("--target <name>", "of this target alone")
    .action((_: SocketOptions, own: { optsWithGlobals(): SocketOptions & { target?: string } }) => {
      return list(own.optsWithGlobals(), terminal);
    });
  chosen(command.command("restore").description("Bring entries back as they were, all of them or none."))
    .option("--to <name>", "under another name, or schema.name; for one entry")
    .option("--replace", "what has the old names now goes into the bin in its turn")
    .option("--without-constraint", "leave out constraints that do not hold any more")
    .action((what: readonly string[], _: RestoreChoice, own: { optsWithGlobals(): RestoreChoice }) => {
      return restore(what, own.optsWithGlobals(), terminal);
    });
  chosen(command.command("empty").description("Drop entries for good: nothing brings them back."))
    .option("--confirm <name>", "the name of what goes, where nobody can be asked")
    .action((what: readonly string[], _: Choice, own: { optsWithGlobals(): Choice & { confirm?: string } }) => {
      return empty(what, own.optsWithGlobals(), terminal);
    });
};

function chosen(command: Parameters<typeof personOptions>[0]): ReturnType<typeof personOptions> {
  return personOptions(command)
    .argument("[what...]", "entries, acts or sessions by their ids")
    .option("--since <time>", "everything since then: a span such as 2h, or a time")
    .option("--target <name>", "of this target alone");
}

async function list(options: SocketOptions & { readonly target?: string }, terminal: Terminal): Promise<void> {
  const view = await viewOf(options, terminal);
  await terminal.out(options.json === true ? `${JSON.stringify(view)}\n` : binListText(view, terminal));
}

async function viewOf(options: SocketOptions & { readonly target?: string }, terminal: Terminal): Promise<BinView> {
  const path = `/v1/bin/${encodeURIComponent(options.target ?? "-")}`;
  return (await ask(options, { method: "GET", path, answerMsMax: ANSWER_MS_MAX }, terminal)) as BinView;
}

async function restore(what: readonly string[], options: RestoreChoice, terminal: Terminal): Promise<void> {
  const entries = await meant(what, options, terminal);
  const as = options.to ?? "";
  if (as !== "" && entries.length !== 1) throw wrongUse("`--to` gives one entry another name", "name that entry alone");
  const replace = options.replace === true;
  const withoutConstraints = options.withoutConstraint === true;
  const body = { target: targetOf(entries), entries: entries.map(({ id }) => id), as, replace, withoutConstraints };
  const call = { method: "POST" as const, path: "/v1/bin-restores", body, answerMsMax: ANSWER_MS_MAX };
  const done = (await askAsPerson(options, call, binRestoreTerms(entries, body, terminal), terminal)) as BinRestored;
  await terminal.out(options.json === true ? `${JSON.stringify(done)}\n` : binRestoredText(done, terminal));
}

async function empty(what: readonly string[], options: Choice & { readonly confirm?: string }, terminal: Terminal): Promise<void> {
  const entries = await meant(what, options, terminal);
  const [first] = entries;
  const name = entries.length === 1 && first !== undefined ? titleOf(first) : `${entries.length} entries`;
  const terms = emptyTerms(entries, terminal);
  if (options.confirm === undefined) {
    if (!canAsk(terminal)) throw failed("emptying the bin cannot be taken back", `give --confirm ${JSON.stringify(name)}`);
    terminal.err(terms);
    const typed = await askAtTerminal(`Type \`${visible(name)}\` to have it gone for good: `, terminal);
    if (typed !== name) throw failed("that is not its name: nothing was emptied");
  } else if (options.confirm !== name) throw failed(`what goes is called \`${visible(name)}\`: nothing was emptied`);
  const body = { target: targetOf(entries), entries: entries.map(({ id }) => id) };
  const call = { method: "POST" as const, path: "/v1/bin-empties", body, answerMsMax: ANSWER_MS_MAX };
  const done = (await askAsPerson(options, call, options.confirm === undefined ? "" : terms, terminal)) as { emptied: BinEntry[] };
  await terminal.out(
    options.json === true ? `${JSON.stringify(done)}\n` : `emptied: ${done.emptied.map(titleOf).map(visible).join(", ")}\n`,
  );
}

/** Of one target alone: a person signs for one. */
async function meant(what: readonly string[], options: Choice, terminal: Terminal): Promise<readonly BinEntry[]> {
  const { since } = options;
  if (what.length === 0 && since === undefined)
    throw wrongUse("say which entries", "give their ids, those of acts or sessions, or --since; see `holdfast bin list`");
  const { entries } = await viewOf(options, terminal);
  const sinceMs = since === undefined ? 0 : sinceOf(since, Date.now());
  const fits = (entry: BinEntry): boolean => what.length === 0 || what.some((id) => means(entry, id));
  const found = entries.filter((entry) => entry.atMs >= sinceMs && fits(entry));
  const missing = what.find((id) => !entries.some((entry) => means(entry, id)));
  if (missing !== undefined) throw failed(`nothing in the bin is of \`${visible(missing)}\``, "see `holdfast bin list`");
  if (found.length === 0) throw failed("nothing rests in the bin since then", "see `holdfast bin list`");
  const targets = new Set(found.map(({ target }) => target));
  if (targets.size > 1) throw failed(`that is of several targets: ${[...targets].join(", ")}`, "give --target");
  return found;
}

function means({ id, action }: BinEntry, wanted: string): boolean {
  return id === wanted || action === wanted || (action?.startsWith(`${wanted}.`) ?? false);
}

function targetOf(entries: readonly BinEntry[]): string {
  return entries[0]?.target ?? "";
}

/** `30m`, `2h` ago, or a time. */
function sinceOf(text: string, nowMs: number): number {
  const span = parseDuration(text.replace(/^(\d+) ?m$/, "$1min"));
  const since = span === undefined ? Date.parse(text) : nowMs - span;
  if (!Number.isSafeInteger(since))
    throw wrongUse(`\`${visible(text)}\` is no time`, "give a span such as 30m or 2h, or a time such as 2026-11-22T18:00:00Z");
  return since;
}
