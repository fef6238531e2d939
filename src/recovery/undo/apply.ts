/**
 * Takes away what the acts left and puts back what was there, from the work table. What the server refuses is found row by row by halving.
 * It commits nothing.
 */
import type { UndoConflictKind } from "../../model/recovery.ts";
import { type AdminClient, ident } from "../../provision/sql.ts";
import type { Found } from "./find.ts";
import { sameKey, work } from "./net.ts";
import { hasColumn } from "./read-shapes.ts";
import { OtherRows } from "./verify.ts";
import { type ForeignKey, from, type Layout, type Shape } from "./shape.ts";

/** Rows of one table that the server refuses by themselves are looked for so long; then all that are left count as refused. */
const HALVINGS_MAX = 2_000;

export interface Applying {
  readonly shapes: readonly Shape[];
  readonly keys: readonly ForeignKey[];
  readonly replica: boolean;
  /** What hangs in the air after all of it. Rejects where something else came of it. */
  readonly verify: () => Promise<readonly Found[]>;
}

/** Returns what the server refused; then nothing of it may stay. */
export async function applyRows(client: AdminClient, { shapes, keys, replica, verify }: Applying): Promise<readonly Found[]> {
  const swapped = shapes.map((shape) => ({ shape, replaced: replacedLayouts(shape, keys, replica) }));
  if (replica) {
    const steps = [...swapped.map(deletion).reverse(), ...swapped.flatMap(changes), ...swapped.flatMap(insertions)];
    return verified(await inTurn(client, steps), verify);
  }
  const { gentle, last } = orders(swapped, keys);
  for (const order of gentle) {
    await client.query("SET CONSTRAINTS ALL DEFERRED; SAVEPOINT holdfast_order");
    try {
      const refused = await verified(await inTurn(client, order), verify);
      if (refused.length === 0) return refused;
    } catch (error) {
      if (isLost(error)) throw error;
    }
    await client.query("ROLLBACK TO SAVEPOINT holdfast_order");
  }
  await client.query("SET CONSTRAINTS ALL DEFERRED");
  return verified(await inTurn(client, last), verify);
}

interface Orders {
  readonly gentle: readonly (readonly Step[])[];
  /** What it refuses is what is told. */
  readonly last: readonly Step[];
}

/**
 * The server acts on foreign keys at each statement: a row that goes takes along, or changes, what refers to it by then. So rows that
 * nothing refers to go first and leave their room; rows that refer are moved away before those go that they refer to. What comes back
 * comes before the moving, or where it has no room yet after it, or when all has gone: then rows that the server changed are looked for
 * again.
 */
function orders(swapped: readonly Swapped[], keys: readonly ForeignKey[]): Orders {
  const isReferred = ({ shape }: Swapped) => keys.some(({ parent }) => parent.tab === shape.tab);
  const free = swapped.filter((each) => !isReferred(each)).map(deletion);
  const referred = swapped.filter(isReferred).reverse();
  const [change, back, held] = [swapped.flatMap(changes), swapped.flatMap(insertions), referred.map(deletion)];
  const again = swapped.flatMap(findingAgain);
  const away = [...free, ...referred.flatMap((each) => [...findingAgain(each), deletion(each)]), ...again];
  return {
    gentle: [
      [...free, ...back, ...change, ...held],
      [...free, ...change, ...held, ...back],
      [...away, ...back, ...change],
    ],
    last: [...away, ...change, ...back],
  };
}

async function verified(refused: readonly Found[], verify: Applying["verify"]): Promise<readonly Found[]> {
  return refused.length === 0 ? verify() : refused;
}

/** What is no answer of the server to these rows: another order does not help. */
function isLost(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === undefined ? !(error instanceof OtherRows) : typeof code !== "string" || !/^(2[0-9A-Z]|P0|44)/.test(code);
}

async function inTurn(client: AdminClient, steps: readonly Step[]): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const step of steps) found.push(...(await carried(client, step)));
  return found;
}

interface Step {
  /** What a foreign key that is in the way means. */
  readonly hanging: "referenced" | "parent_gone";
  /** Rows of the work table that it is about, as `w`. */
  readonly about: string;
  /** `range` stands where rows `w` are narrowed down. */
  readonly sql: (range: string) => string;
}

interface Swapped {
  readonly shape: Shape;
  /** Layouts of rows that go and come back rather than be updated. */
  readonly replaced: readonly Layout[];
}

function deletion({ shape, replaced }: Swapped): Step {
  const about = `w.tab = ${shape.tab} AND w.side = '-' AND NOT w.skip AND ${apart(replaced)}`;
  return {
    hanging: "referenced",
    about,
    sql: (range) => `DELETE FROM ${from(shape)} AS t USING ${work} w WHERE t.ctid = w.place AND t.tableoid = w.part AND ${about} ${range}`,
  };
}

/** A row that the server has changed since is at another place. */
function findingAgain({ shape }: Swapped): readonly Step[] {
  if (shape.key === undefined) return [];
  const about = `w.tab = ${shape.tab} AND w.side = '-' AND NOT w.skip`;
  const sql = (range: string) =>
    `UPDATE ${work} w SET part = t.tableoid, place = t.ctid FROM ${from(shape)} AS t
     WHERE ${about} AND ${sameKey(shape, "t", `(CAST(w.whole AS ${shape.name}))`)} ${range}`;
  return [{ hanging: "referenced", about, sql }];
}

function changes({ shape, replaced }: Swapped): readonly Step[] {
  return shape.layouts.flatMap((layout) => {
    if (replaced.includes(layout)) return [];
    const columns = writable(shape, layout).filter(({ identityAlways }) => !identityAlways);
    const changed = columns.filter(({ name }) => shape.key?.every((each) => each.name !== name) ?? true);
    if (changed.length === 0) return [];
    const about = `w.tab = ${shape.tab} AND w.side = '+' AND NOT w.skip AND w.peer IS NOT NULL AND w.layout = ${layout.id}`;
    const list = changed.map(({ name }) => `${ident(name)} = (p.r).${ident(name)}`).join(", ");
    return {
      hanging: "parent_gone",
      about,
      sql: (range) =>
        `UPDATE ${from(shape)} AS t SET ${list} FROM ${work} w JOIN ${work} m ON m.n = w.peer
         CROSS JOIN LATERAL (SELECT CAST(w.whole AS ${shape.name}) AS r OFFSET 0) p
         WHERE t.ctid = m.place AND t.tableoid = m.part AND ${about} ${range}`,
    };
  });
}

function insertions({ shape, replaced }: Swapped): readonly Step[] {
  return shape.layouts.map((layout) => {
    const alone = replaced.includes(layout) ? "" : "AND w.peer IS NULL";
    const about = `w.tab = ${shape.tab} AND w.side = '+' AND NOT w.skip AND w.layout = ${layout.id} ${alone}`;
    const columns = writable(shape, layout).map(({ name }) => ident(name));
    const list = columns.length === 0 ? "" : `(${columns.join(", ")}) OVERRIDING SYSTEM VALUE`;
    return {
      hanging: "parent_gone",
      about,
      sql: (range) =>
        `INSERT INTO ${shape.name} ${list} SELECT ${columns.map((name) => `(p.r).${name}`).join(", ")} FROM ${work} w
         CROSS JOIN LATERAL (SELECT CAST(w.whole AS ${shape.name}) AS r OFFSET 0) p WHERE ${about} ${range}`,
    };
  });
}

function writable(shape: Shape, layout: Layout): Shape["columns"] {
  return shape.columns.filter(({ name, generated }) => !generated && hasColumn(layout, name));
}

/**
 * Where values could collide on the way, or cannot be set, a row that changed goes and comes back. Not where columns were added since,
 * whose values only an update keeps; and not where the server would take along what refers to it.
 */
function replacedLayouts(shape: Shape, keys: readonly ForeignKey[], replica: boolean): readonly Layout[] {
  const inKey = (name: string) => shape.key?.some((each) => each.name === name) ?? false;
  const wanted = shape.otherUnique || shape.columns.some(({ identityAlways, name }) => identityAlways && !inKey(name));
  if (!wanted || (!replica && keys.some(({ parent }) => parent.tab === shape.tab))) return [];
  return shape.layouts.filter((layout) => shape.columns.every(({ name, generated }) => generated || hasColumn(layout, name)));
}

/** Rows that go for themselves: those without a row in their place, and those that are replaced. */
function apart(replaced: readonly Layout[]): string {
  const layouts = replaced.map(({ id }) => id);
  if (layouts.length === 0) return "w.peer IS NULL";
  return `(w.peer IS NULL OR EXISTS (SELECT FROM ${work} o WHERE o.n = w.peer AND o.layout IN (${layouts.join(", ")})))`;
}

async function carried(client: AdminClient, step: Step): Promise<readonly Found[]> {
  const whole = await attempt(client, step, "");
  if (whole === undefined) return [];
  const rows = (await client.query(`SELECT w.n::text AS n FROM ${work} w WHERE ${step.about} ORDER BY w.n`)).rows as readonly {
    n: string;
  }[];
  const found: Found[] = [];
  let halvings = 0;
  const halve = async (part: readonly { n: string }[], refused: Refusal): Promise<void> => {
    const [first, last] = [part[0], part.at(-1)];
    if (first === undefined || last === undefined) return;
    if (part.length === 1 || halvings > HALVINGS_MAX) return void found.push(...part.map(({ n }) => ({ n, ...refused })));
    const middle = Math.floor(part.length / 2);
    for (const half of [part.slice(0, middle), part.slice(middle)]) {
      halvings += 1;
      const again = await attempt(client, step, `AND w.n BETWEEN ${half[0]?.n} AND ${half.at(-1)?.n}`);
      if (again !== undefined) await halve(half, again);
    }
  };
  await halve(rows, whole);
  // What is refused together and not apart still cannot be done.
  return found.length > 0 ? found : rows.slice(0, 1).map(({ n }) => ({ n, ...whole }));
}

interface Refusal {
  readonly kind: UndoConflictKind;
  readonly because: string;
}

async function attempt(client: AdminClient, { sql, hanging }: Step, range: string): Promise<Refusal | undefined> {
  try {
    await client.query(`SAVEPOINT holdfast_step; ${sql(range)}; RELEASE SAVEPOINT holdfast_step`);
    return undefined;
  } catch (error) {
    const refused = refusalOf(error, hanging);
    if (refused === undefined) throw error;
    await client.query("ROLLBACK TO SAVEPOINT holdfast_step; RELEASE SAVEPOINT holdfast_step");
    return refused;
  }
}

/** What the server says of rows; anything else is no matter of rows, and ends the undo. Its detail holds values, and stays out. */
function refusalOf(error: unknown, hanging: Step["hanging"]): Refusal | undefined {
  const { code, constraint, message } = error as { code?: unknown; constraint?: unknown; message?: unknown };
  if (typeof code !== "string" || !/^(22|23|P0|44)/.test(code)) return undefined;
  const by =
    typeof constraint === "string" ? `constraint \`${constraint}\`` : code.startsWith("22") ? "its columns' types" : String(message);
  if (code === "23505" || code === "23P01") return { kind: "taken", because: `another row has what must be unique by ${by}` };
  if (code === "23503") return { kind: hanging, because: `a foreign key is in the way: ${by}` };
  return { kind: "not_allowed", because: `its former values are not allowed now by ${by}` };
}
