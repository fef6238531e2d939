/**
 * What a person reads of a thing before it is agreed to: the sentence that nobody saw on the day of the incident.
 * Everything in it is what the provider said; it promises nothing.
 */
import { counted, figure } from "../../base/counted.ts";
import type { BackupCoupling } from "../../model/api-thing.ts";
import { pathOf, type ThingFacts } from "./resolve-facts.ts";

/** `volume \`data\` of production/postgres, 48 GB; its 6 backups are on the same volume and go with it`. */
export function thingSentences(things: readonly ThingFacts[], coupling: BackupCoupling, destroys: boolean): readonly string[] {
  return things.flatMap((thing, index) => sentencesOf(thing, index === 0 ? coupling : undefined, destroys));
}

function sentencesOf(thing: ThingFacts, coupling: BackupCoupling | undefined, destroys: boolean): readonly string[] {
  const { kind, id, name, within, placed, sizeBytes, dependants, notes, problem, unplaced } = thing;
  const environment =
    placed.environment === "unknown" ? unknownEnvironment(destroys, unplaced) : [`it counts as ${placed.environment}: ${placed.because}`];
  if (problem !== undefined) return [`what ${kind} \`${id}\` is could not be found out: ${problem}`, ...environment];
  const what = `${kind} \`${name ?? id}\`${within.length === 0 ? "" : ` of ${within.join("/")}`}`;
  const along = dependants
    .filter(({ count }) => count > 0)
    .map(({ what: noun, count }) => (noun.endsWith("ch") && count !== 1 ? `${figure(count)} ${noun}es` : counted(count, noun)));
  const parts = [
    `${what}${sizeBytes === undefined ? "" : `, ${sizeText(sizeBytes)}`}`,
    ...(along.length === 0 ? [] : [`with it ${destroys ? "go" : "are"} ${along.join(", ")}`]),
    ...(coupling === undefined ? [] : backupWords(thing, coupling, destroys)),
    ...notes,
  ];
  return [parts.join("; "), ...environment];
}

function unknownEnvironment(destroys: boolean, unplaced: boolean): readonly string[] {
  if (unplaced) return [];
  return [
    `which environment it belongs to is not known${destroys ? ", so it counts as production" : ""}: \`http.environments\` in holdfast.yaml can say it`,
  ];
}

function backupWords({ backups }: ThingFacts, coupling: BackupCoupling, destroys: boolean): readonly string[] {
  if (backups === undefined) {
    if (coupling === "same_blast_radius")
      return [destroys ? "its backups are kept with it and go with it" : "its backups are kept with it"];
    return coupling === "independent" ? ["its backups are kept apart from it"] : destroys ? ["whether there are backups is not known"] : [];
  }
  const { count, newestAtMs, lives } = backups;
  if (count === 0) return ["there is no backup of it"];
  const newest =
    newestAtMs === undefined ? "" : `, the newest of ${new Date(newestAtMs).toISOString().slice(0, 16).replace("T", " ")} UTC,`;
  const all = `its ${counted(count, "backup")}${newest}`;
  const verb = count === 1 ? "is" : "are";
  const where = lives === undefined ? "" : ` ${lives}`;
  switch (coupling) {
    case "same_blast_radius":
      return [
        destroys
          ? `${all} ${verb}${where || " kept with it"} and ${count === 1 ? "goes" : "go"} with it`
          : `${all} ${verb}${where || " kept with it"}`,
      ];
    case "independent":
      return [`${all} ${verb}${where || " kept apart from it"} and ${count === 1 ? "stays" : "stay"}`];
    case "unknown":
      return [`whether ${all} would ${destroys ? "stay" : "change"} is not known`];
  }
}

/** As providers sell it: powers of ten. */
function sizeText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${value >= 10 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1).replace(/\.0$/, "")} ${units[unit] ?? ""}`;
}

/** What must be the same still when it is carried out. Sizes and times change by themselves, and are not among it. */
export function bindingText(things: readonly ThingFacts[], coupling: BackupCoupling): string {
  const each = things.map((thing) => {
    const { kind, id, placed, dependants, backups, problem } = thing;
    const known = problem === undefined ? (pathOf(thing) ?? "without a name") : "not known";
    const along = dependants.map(({ what, count }) => `${count} ${what}`).join(", ");
    const kept = backups === undefined ? "not known" : backups.count === 0 ? "none" : "some";
    return `${kind} ${id} is ${known}, ${placed.environment}; with it ${along || "nothing"}; backups ${kept}`;
  });
  return `${each.join(" | ") || "nothing is known of it"}; backups: ${coupling}`;
}
