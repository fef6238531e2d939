/**
 * What a plan would do, in one sentence with its numbers, for a person who is tired: the gravest first, nothing rounded away.
 * It knows effects and counts, and no protocol; every name in it is data and is handed on apart from the words.
 */
import type { ApprovalView } from "../../src/control/contract.ts";
import { count, rows, share } from "./numbers.ts";

export type Plan = ApprovalView["plan"];
export type Measurement = NonNullable<Plan["measured"]>;
export type TableChange = Measurement["tables"][number];
export type ObjectChange = Measurement["objects"][number];
type RowCounts = TableChange["direct"];

export type Piece =
  | { readonly kind: "words"; readonly text: string }
  | { readonly kind: "name"; readonly text: string }
  | { readonly kind: "figure"; readonly text: string };

const words = (text: string): Piece => ({ kind: "words", text });
const name = (text: string): Piece => ({ kind: "name", text });
const figure = (text: string): Piece => ({ kind: "figure", text });

/** Clauses shown of the act itself before the rest is only counted. */
const CLAUSES_MAX = 3;

/** "Delete 1,204 of 41,210 rows (2.9 %) of public.orders, and 8,311 rows of 2 more tables with them". No final stop. */
export function sentenceOf(plan: Plan): readonly Piece[] {
  const clauses = plan.measured === null ? [] : [...objectClauses(plan.measured.objects), ...tableClauses(plan.measured.tables)];
  if (plan.measured === null) return capital([...joined(effectClauses(plan)), words(": how much of it, nobody has measured")]);
  if (clauses.length === 0) return capital(nothingChanged(plan));
  return capital([...joined(clauses), ...followingClause(plan.measured)]);
}

export function plainText(pieces: readonly Piece[]): string {
  return pieces.map((piece) => piece.text).join("");
}

export function total(counts: RowCounts): number {
  return counts.inserted + counts.updated + counts.deleted;
}

function objectClauses(objects: readonly ObjectChange[]): readonly (readonly Piece[])[] {
  const verbs = { dropped: "drop", truncated: "empty", altered: "alter", created: "create" } as const;
  const order = ["dropped", "truncated", "altered", "created"];
  const own = objects.filter((object) => object.through === undefined);
  const clauses = own
    .toSorted((a, b) => order.indexOf(a.change) - order.indexOf(b.change))
    .map((object) => [words(`${verbs[object.change]} the ${object.type.replaceAll("_", " ")} `), name(object.name)]);
  const along = objects.filter((object) => object.through !== undefined && object.change === "dropped").length;
  if (along > 0) clauses.push([words("drop "), figure(count(along)), words(` more ${along === 1 ? "object" : "objects"} with it`)]);
  return clauses;
}

function tableClauses(tables: readonly TableChange[]): readonly (readonly Piece[])[] {
  const changes = tables.flatMap((table) => [
    ...rowsClause("delete", table.direct.deleted, table),
    ...rowsClause("change", table.direct.updated, table),
    ...rowsClause("add", table.direct.inserted, table),
  ]);
  const gravity = { delete: 0, change: 1, add: 2 } as const;
  return changes.toSorted((a, b) => gravity[a.verb] - gravity[b.verb] || b.rows - a.rows).map((change) => change.pieces);
}

interface RowsClause {
  readonly verb: "delete" | "change" | "add";
  readonly rows: number;
  readonly pieces: readonly Piece[];
}

function rowsClause(verb: RowsClause["verb"], changed: number, { table, rowsBefore }: TableChange): readonly RowsClause[] {
  if (changed === 0) return [];
  if (verb === "add") return [{ verb, rows: changed, pieces: [words("add "), figure(rows(changed)), words(" to "), name(table)] }];
  const of = share(changed, rowsBefore);
  if (of === null || rowsBefore === null)
    return [{ verb, rows: changed, pieces: [words(`${verb} `), figure(rows(changed)), words(" of "), name(table)] }];
  const pieces =
    changed === rowsBefore
      ? [words(`${verb} `), figure(changed === 1 ? "the only row" : `all ${rows(changed)}`), words(" of "), name(table)]
      : [
          words(`${verb} `),
          figure(`${count(changed)} of ${rows(rowsBefore)}`),
          words(` (${allBut(changed, rowsBefore) ?? of}) of `),
          name(table),
        ];
  return [{ verb, rows: changed, pieces }];
}

/** "all but 7": of nearly everything, what is left says more than a share. */
function allBut(changed: number, before: number): string | null {
  return changed / before >= 0.99 ? `all but ${count(before - changed)}` : null;
}

/** Only where nothing could be measured: what the analysis found, without any number. */
function effectClauses(plan: Plan): readonly (readonly Piece[])[] {
  const direct = plan.effects.filter((effect) => effect.cause === "direct" && effect.operation !== "read");
  const shown = direct.length > 0 ? direct : plan.effects;
  if (shown.length === 0) return [[words("do something that was not understood")]];
  return shown.map(({ operation, detail, resource, extent }) => [
    words(
      `${(detail || operation).replaceAll("_", " ")} ${extent.kind === "unbounded" ? "all of " : ""}the ${resource.type.replaceAll("_", " ")} `,
    ),
    name(resource.name),
  ]);
}

function nothingChanged(plan: Plan): readonly Piece[] {
  const follows = plan.measured === null ? [] : followingClause(plan.measured);
  return follows.length > 0
    ? [words("change nothing that it names"), ...follows]
    : [words("change no rows and no objects, as far as was measured")];
}

function followingClause(measured: Measurement): readonly Piece[] {
  const followed = measured.tables.filter((table) => total(table.following) > 0);
  const changed = followed.reduce((sum, table) => sum + total(table.following), 0);
  if (changed === 0) return [];
  const deleted = followed.reduce((sum, table) => sum + table.following.deleted, 0);
  const what = deleted === changed ? "deleted with it" : deleted === 0 ? "changed with it" : "deleted or changed with it";
  const only = followed.length === 1 ? followed[0] : undefined;
  return [
    words(", and "),
    figure(rows(changed)),
    words(" of "),
    ...(only ? [name(only.table)] : [words(`${followed.length} tables`)]),
    words(` ${what}`),
  ];
}

function joined(clauses: readonly (readonly Piece[])[]): readonly Piece[] {
  const shown = clauses.slice(0, CLAUSES_MAX);
  const rest = clauses.length - shown.length;
  const pieces = shown.flatMap((clause, index) => [
    ...(index === 0 ? [] : [words(index === shown.length - 1 && rest === 0 ? " and " : ", ")]),
    ...clause,
  ]);
  return rest > 0 ? [...pieces, words(" and do "), figure(count(rest)), words(rest === 1 ? " more thing" : " more things")] : pieces;
}

function capital(pieces: readonly Piece[]): readonly Piece[] {
  const [first, ...rest] = pieces;
  return first === undefined ? [] : [{ ...first, text: first.text.charAt(0).toUpperCase() + first.text.slice(1) }, ...rest];
}
