/**
 * What could be taken back of an act, and how: a class for rules and sentences for people.
 * It claims nothing that Holdfast does not hold: rows are kept where a trial saw their images kept, and a backup counts as verified when
 * one was restored on trial.
 */
import { counted } from "../base/counted.ts";
import { assertNever } from "../base/assert.ts";
import { removes } from "../model/binnable.ts";
import type { Effect, Reversibility } from "../model/effect.ts";
import type { RecoveryFact } from "../model/facts.ts";
import type { Measured } from "../pipeline/approvals-port.ts";
import { goesToBin, type Measurement, type ObjectChange, type TableChange } from "../model/plan.ts";

export interface UndoProspect {
  readonly reversibility: Reversibility;
  readonly sentences: readonly string[];
}

/** Tables whose row images are kept, and for how long at most. */
type Kept = NonNullable<Measured["kept"]>;

/**
 * `measured` is `null` where nothing was measured: then the effects alone speak. `kept` is absent where nothing is, `recovery` where
 * nothing is known of the target's backups.
 */
export function undoProspect(effects: readonly Effect[], measured: Measurement | null, kept?: Kept, recovery?: RecoveryFact): UndoProspect {
  const binned = goesToBin(measured?.bin);
  const classes = effects.map((effect) => (binned && removes(effect) ? "restorable" : effect.reversibility));
  const reversibility = worst([...classes, ...(measured === null ? [] : measuredClasses(measured))]);
  const lost = measured === null ? lostByEffects(effects) : lostByMeasure(measured, kept);
  const irrevocable = effects.filter(beyondTables).map(irrevocableSentence);
  const sentences = [...lost.sentences, ...new Set(irrevocable)];
  if (sentences.length === 0) sentences.push(nothingLeft(reversibility));
  if (lost.data || irrevocable.length > 0 || reversibility === "unknown") sentences.push(backupSentence(recovery));
  return { reversibility, sentences };
}

/** A backup that nobody has restored is a hope, and is called so. */
function backupSentence(recovery: RecoveryFact | undefined): string {
  const { backupAgeDays = null, drillAgeDays = null } = recovery ?? {};
  if (backupAgeDays === null) return "no verified backup is known to Holdfast";
  const newest = `the newest backup is ${daysText(backupAgeDays)}`;
  if (drillAgeDays === null) return `${newest}, and none was ever restored on trial: no verified backup is known to Holdfast`;
  return `${newest}, and one was restored on trial ${drillAgeDays === 0 ? "today" : `${counted(drillAgeDays, "day")} ago`}: see holdfast restore`;
}

function daysText(days: number): string {
  return days === 0 ? "less than a day old" : `${counted(days, "day")} old`;
}

const order: readonly Reversibility[] = ["reversible", "restorable", "unknown", "irreversible"];

function worst(classes: readonly Reversibility[]): Reversibility {
  return order[Math.max(0, ...classes.map((each) => order.indexOf(each)))] ?? "irreversible";
}

/** A trial can show more than the text told: what a function or a trigger did. */
function measuredClasses({ tables, objects, bin }: Measurement): readonly Reversibility[] {
  const rows: Reversibility[] = tables.some((table) => changed(table) > 0) ? ["restorable"] : [];
  return objects.some(gone) ? [...rows, goesToBin(bin) ? "restorable" : "irreversible"] : rows;
}

function gone({ change }: ObjectChange): boolean {
  return change === "dropped" || change === "truncated";
}

function changed({ direct, following }: TableChange): number {
  return [direct, following].reduce((sum, { inserted, updated, deleted }) => sum + inserted + updated + deleted, 0);
}

interface Lost {
  readonly sentences: readonly string[];
  /** Something is gone that only a copy could bring back. */
  readonly data: boolean;
}

function lostByMeasure({ tables, objects, bin }: Measurement, kept: Kept | undefined): Lost {
  const isKept = ({ table }: Pick<TableChange, "table">) => kept?.tables.includes(table) === true;
  const binned = goesToBin(bin);
  // Their rows go with them, and rest with them.
  const whole = new Set(binned ? objects.filter(gone).map(({ name }) => name) : []);
  const of = (count: (change: TableChange) => number, which: boolean) =>
    tables
      .filter(({ table }) => !whole.has(table))
      .filter((each) => isKept(each) === which)
      .map((each) => ({ table: each.table, rows: count(each) }))
      .filter(({ rows }) => rows > 0);
  const counts = {
    deleted: ({ direct, following }: TableChange) => direct.deleted + following.deleted,
    updated: ({ direct, following }: TableChange) => direct.updated + following.updated,
    inserted: ({ direct, following }: TableChange) => direct.inserted + following.inserted,
  };
  const [deleted, updated, inserted] = [of(counts.deleted, false), of(counts.updated, false), of(counts.inserted, false)];
  const changedTo = (kind: ObjectChange["change"]) => objects.filter(({ change }) => change === kind);
  const [dropped, truncated, altered, created] = [changedTo("dropped"), changedTo("truncated"), changedTo("altered"), changedTo("created")];
  const sentences: string[] = [];
  const rests = binned ? `into the bin for up to ${spanText(bin.keepMs)}, and \`holdfast bin restore\` brings it back` : "";
  if (dropped.length > 0)
    sentences.push(`${named(dropped)} would be dropped: ${binned ? `it goes ${rests}` : "Holdfast keeps no copy of data or definition"}`);
  if (truncated.length > 0)
    sentences.push(
      `${named(truncated)} would be emptied: ${binned ? `what is in it goes ${rests}` : "Holdfast keeps no copy of what is in it"}`,
    );
  if (bin?.takes === "untried")
    sentences.push("whether the bin takes it was not tried, as the trial was at the clone: where it does not, nothing is carried out");
  if (bin?.takes === "nothing") sentences.push(`the bin does not take it: ${bin.because}`);
  if (kept !== undefined) {
    const back = `kept for up to ${spanText(kept.keepMs)}, and \`holdfast undo\` brings them back`;
    const [gone, changedRows, made] = [of(counts.deleted, true), of(counts.updated, true), of(counts.inserted, true)];
    if (gone.length > 0) sentences.push(`${rowsOf(gone)} would be deleted: they are ${back}`);
    if (changedRows.length > 0) sentences.push(`${rowsOf(changedRows)} would be overwritten: their old values are ${back}`);
    if (made.length > 0)
      sentences.push(
        `${rowsOf(made)} would be inserted: \`holdfast undo\` takes them away while nothing rests on them; numbers drawn from sequences stay used`,
      );
  }
  if (deleted.length > 0) sentences.push(`${rowsOf(deleted)} would be deleted: Holdfast keeps no copy of them`);
  if (updated.length > 0) sentences.push(`${rowsOf(updated)} would be overwritten: their old values are not kept`);
  if (altered.length > 0) sentences.push(`${named(altered)} would be altered: the former definition is not kept`);
  if (inserted.length > 0) sentences.push(`${rowsOf(inserted)} would be inserted: to be deleted again while nothing rests on them`);
  if (created.length > 0) sentences.push(`${named(created)} would be made: to be dropped again while nothing rests on it`);
  const lost = binned ? 0 : dropped.length + truncated.length;
  return { sentences, data: lost + deleted.length + updated.length + altered.length > 0 };
}

function lostByEffects(effects: readonly Effect[]): Lost {
  const sentences = effects.flatMap((effect) => {
    const what = `${effect.resource.type} ${effect.resource.name}`;
    switch (effect.operation) {
      case "delete":
        return [`how much is deleted of ${what}, and whether it is kept, nobody has measured`];
      case "update":
        return [`how much is overwritten in ${what}, and whether it is kept, nobody has measured`];
      case "define":
        return effect.reversibility === "reversible"
          ? []
          : [`${what} would be changed or gone (${effect.detail}): its former state is not kept`];
      case "create":
      case "read":
      case "execute":
      case "grant":
      case "connect":
      case "unknown":
        return [];
      default:
        return assertNever(effect.operation, "operation");
    }
  });
  return { sentences: [...new Set(sentences)], data: sentences.length > 0 };
}

/** What leaves the tables behind: a message, another server, a program, a file, or what was not understood. */
function beyondTables({ operation, reversibility }: Effect): boolean {
  if (reversibility === "unknown") return true;
  return reversibility === "irreversible" && operation !== "delete" && operation !== "update" && operation !== "define";
}

function irrevocableSentence({ resource, detail, reversibility }: Effect): string {
  const what = `${detail} on ${resource.type} ${resource.name}`;
  return reversibility === "unknown" ? `${what}: whether it can be taken back is not known` : `${what} cannot be taken back`;
}

function nothingLeft(reversibility: Reversibility): string {
  return reversibility === "reversible" || reversibility === "restorable"
    ? "nothing would be lost by it"
    : "whether it can be taken back is not known";
}

const NAMED_MAX = 3;

function named(objects: readonly ObjectChange[]): string {
  // What the act names itself comes before what goes along.
  const ordered = [...objects].sort((a, b) => Number(a.through !== undefined) - Number(b.through !== undefined));
  const shown = ordered.slice(0, NAMED_MAX).map(({ type, name }) => `${type} ${name}`);
  const more = objects.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` and ${counted(more, "more object")}` : ""}`;
}

function rowsOf(changes: readonly { readonly table: string; readonly rows: number }[]): string {
  const total = changes.reduce((sum, { rows }) => sum + rows, 0);
  const shown = changes.slice(0, NAMED_MAX).map(({ table }) => table);
  const more = changes.length - shown.length;
  return `${counted(total, "row")} of ${shown.join(", ")}${more > 0 ? ` and ${counted(more, "more table")}` : ""}`;
}

/** In the largest unit that it is a whole number of. */
function spanText(ms: number): string {
  const units = [
    [86_400_000, "day"],
    [3_600_000, "hour"],
    [60_000, "minute"],
  ] as const;
  const [unit, noun] = units.find(([size]) => ms >= size && ms % size === 0) ?? [1_000, "second"];
  return counted(Math.round(ms / unit), noun);
}
