/**
 * Random histories of an agent in random worlds, each taken back in one of several ways and held against pictures of the tables.
 * A history follows from its seed alone; the error of one that fails names it, with every statement.
 */
import assert from "node:assert/strict";
import type pg from "pg";
import { carryOutUndo, planUndo, type UndoEnd, type UndoWanted } from "../../src/recovery/undo/undo.ts";
import type { AdminClient } from "../../src/provision/sql.ts";
import { CopyIn } from "../chaos/copy-in.ts";
import type { ServerVersion } from "../support/servers.ts";
import { type Act, randomAct } from "./acts.ts";
import { Chance } from "./chance.ts";
import { brokenForeignKeys, openUndoGround, type UndoGround } from "./ground.ts";
import { meddle, withMeddler } from "./meddling.ts";
import { makeWorld, type World } from "./world.ts";

export interface HistoriesOptions {
  readonly version: ServerVersion;
  readonly replica: boolean;
  readonly seed: number;
  readonly worlds: number;
  readonly histories: number;
  /** Spoils what undo asks of the server: then the property must fail. */
  readonly defect?: (text: string) => string;
}

export interface Played {
  histories: number;
  transactions: number;
  undone: number;
  conflicts: number;
}

export async function playHistories(options: HistoriesOptions): Promise<Played> {
  const { version, replica, seed } = options;
  const worlds = Array.from({ length: options.worlds }, (_, at) => makeWorld(new Chance(seed + at * 7919), `w${at}`, version));
  const setup = worlds.map((world) => world.setup).join(";\n");
  const ground = await openUndoGround({ version, replica, setup, schemas: worlds.map(({ schema }) => schema) });
  const played: Played = { histories: 0, transactions: 0, undone: 0, conflicts: 0 };
  try {
    for (const [at, world] of worlds.entries()) {
      const share = Math.ceil(options.histories / worlds.length);
      for (let n = 0; n < share; n++) await new History(ground, world, seed + at * 7919 + n * 104_729, options, played).play();
      await ground.judge.query("TRUNCATE holdfast_undo.change");
    }
    return played;
  } finally {
    await ground.stop();
  }
}

class History {
  readonly #ground: UndoGround;
  readonly #world: World;
  readonly #seed: number;
  readonly #chance: Chance;
  readonly #options: HistoriesOptions;
  readonly #played: Played;
  readonly #log: string[] = [];

  constructor(ground: UndoGround, world: World, seed: number, options: HistoriesOptions, played: Played) {
    this.#ground = ground;
    this.#world = world;
    this.#seed = seed;
    this.#chance = new Chance(seed * 31 + 7);
    this.#options = options;
    this.#played = played;
  }

  async play(): Promise<void> {
    try {
      await this.#play();
      this.#played.histories += 1;
    } catch (error) {
      const { version, replica } = this.#options;
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      throw new Error(
        `history ${this.#seed} in ${this.#world.schema} (PostgreSQL ${version}, replica ${replica}):\n${this.#log.join("\n")}\n${message}\n\n${this.#world.setup}`,
      );
    }
  }

  async #play(): Promise<void> {
    const { picture } = this.#ground;
    const { schema } = this.#world;
    const before = await picture(schema);
    const known = await this.#ground.transactions([]);
    const pictures = [before];
    const kept: string[] = [];
    for (let n = this.#chance.int(1, 3); n > 0; n--) {
      await this.#transact();
      const more = await this.#ground.transactions([...known, ...kept]);
      assert(more.length <= 1, "one transaction, one set of images");
      if (more.length === 0) continue;
      kept.push(...more);
      pictures.push(await picture(schema));
    }
    if (kept.length === 0) return assert.equal(await picture(schema), before, "what is not kept changed nothing");
    this.#played.transactions += kept.length;
    const way = this.#chance.next();
    if (way < 0.12 && kept.length > 1) return this.#inTwo(kept, pictures);
    if (way < 0.2) return this.#andBack(kept, pictures);
    if (way < 0.33) return this.#meddledWith(kept, before);
    await this.#undo(kept);
    assert.equal(await picture(schema), before, "all is as it was");
  }

  /** The last ones first. */
  async #inTwo(kept: readonly string[], pictures: readonly string[]): Promise<void> {
    const { picture } = this.#ground;
    const at = this.#chance.int(1, kept.length - 1);
    await this.#undo(kept.slice(at));
    assert.equal(await picture(this.#world.schema), pictures[at], "the later ones are taken back");
    await this.#undo(kept.slice(0, at));
    assert.equal(await picture(this.#world.schema), pictures[0], "and then the earlier ones");
  }

  /** An undo is undone, and that again. */
  async #andBack(kept: readonly string[], pictures: readonly string[]): Promise<void> {
    const { picture } = this.#ground;
    const { schema } = this.#world;
    const first = await this.#undo(kept);
    assert.equal(await picture(schema), pictures[0], "all is as it was");
    if (pictures[0] === pictures.at(-1)) return;
    const second = await this.#undo([first]);
    assert.equal(await picture(schema), pictures.at(-1), "the undo is taken back");
    await this.#undo([second]);
    assert.equal(await picture(schema), pictures[0], "and taken back again");
  }

  /** Others write between the acts and the undo, and while it runs: nothing of theirs is lost. */
  async #meddledWith(kept: readonly string[], before: string): Promise<void> {
    const { ground, world, chance } = { ground: this.#ground, world: this.#world, chance: this.#chance };
    await this.#save();
    const marks = await meddle(ground, world, chance, (line) => this.#log.push(line));
    const during = chance.is(0.5);
    const undo = () => this.#againAfterDeadlock(() => this.#attempt(kept, true));
    const { end, more } = during ? await withMeddler(ground, world, chance, undo) : { end: await undo(), more: undefined };
    this.#log.push(`undo with others: ${end.kind}, ${end.found.conflicts.length} conflicts`);
    this.#played.conflicts += end.found.conflicts.length;
    assert(end.kind === "done", end.kind);
    await marks.assertKept();
    await more?.assertKept();
    assert.deepEqual(await brokenForeignKeys(ground.judge, world), [], "foreign keys hold");
    await this.#reset();
    await this.#undo(kept);
    assert.equal(await ground.picture(world.schema), before, "without them all goes back");
  }

  /** The server may end either of two that wait for each other: then nothing was changed, and it is tried again. */
  async #againAfterDeadlock(undo: () => Promise<UndoEnd>): Promise<UndoEnd> {
    try {
      return await undo();
    } catch (error) {
      if ((error as { code?: unknown }).code !== "40P01") throw error;
      this.#log.push("undo: ended by a deadlock, and tried again");
      return undo();
    }
  }

  async #transact(): Promise<void> {
    const { agent } = this.#ground;
    await this.#run("BEGIN");
    let open: string[] = [];
    for (let n = this.#chance.int(1, 5); n > 0; n--) {
      const act = randomAct(this.#chance, this.#world);
      await this.#run("SAVEPOINT each");
      const error = await this.#act(act);
      if (error !== undefined) await this.#run("ROLLBACK TO each");
      if (this.#chance.is(0.15)) {
        const name = `s${n}`;
        await this.#run(`SAVEPOINT ${name}`);
        open.push(name);
      } else if (open.length > 0 && this.#chance.is(0.3)) {
        await this.#run(`ROLLBACK TO ${open.at(-1)}`);
        open = open.slice(0, -1);
      }
    }
    const end = this.#chance.is(0.08) ? "ROLLBACK" : "COMMIT";
    this.#log.push(end);
    await agent.query(end).catch((error: unknown) => this.#log.push(`  -- ${String(error)}`));
    await agent.query("ROLLBACK");
  }

  async #act(act: Act): Promise<unknown> {
    this.#log.push(act.text);
    try {
      if (act.kind === "copy") await this.#ground.agent.query(new CopyIn(act.text, act.lines) as unknown as pg.Submittable & CopyIn).done;
      else await this.#ground.agent.query(act.text);
      return undefined;
    } catch (error) {
      this.#log.push(`  -- ${String(error)}`);
      return error;
    }
  }

  async #run(text: string): Promise<void> {
    this.#log.push(text);
    await this.#ground.agent.query(text);
  }

  /** Every tenth is planned first, and then done just so. */
  async #undo(transactions: readonly string[]): Promise<string> {
    const end = await this.#attempt(transactions, false);
    this.#log.push(`undo ${transactions.join(" ")}: ${end.kind} ${JSON.stringify(end.found.conflicts)}`);
    assert(end.kind === "done", `undone: ${end.kind}`);
    this.#played.undone += 1;
    return end.transaction;
  }

  async #attempt(transactions: readonly string[], skipConflicts: boolean): Promise<UndoEnd> {
    const { undoer, actAs } = this.#ground;
    const { defect } = this.#options;
    const client: AdminClient =
      defect === undefined
        ? undoer
        : { query: (text, values) => undoer.query(defect(text), values === undefined ? undefined : [...values]) };
    const wanted: UndoWanted = { transactions, actAs, limits: { lockMs: 20_000, statementMs: 120_000 }, mayShow: () => false };
    const plan = !skipConflicts && this.#chance.is(0.1) ? await planUndo(client, wanted) : undefined;
    const fits = (found: { digest: string }) => plan === undefined || plan.digest === found.digest;
    return carryOutUndo(client, wanted, { fits, skipConflicts, begin: () => Promise.resolve() });
  }

  /** Everything as it is now, for {@link History.#reset}. */
  async #save(): Promise<void> {
    const { judge } = this.#ground;
    const copies = await this.#stored();
    await judge.query(copies.map(({ name, at }) => `CREATE TEMPORARY TABLE saved_${at} AS SELECT * FROM ONLY ${name}`).join("; "));
  }

  async #reset(): Promise<void> {
    const { judge } = this.#ground;
    const steps = ["BEGIN", "SET LOCAL session_replication_role = replica"];
    for (const { name, at, columns } of await this.#stored()) {
      steps.push(`ALTER TABLE ${name} DISABLE TRIGGER USER`, `DELETE FROM ONLY ${name}`);
      steps.push(`INSERT INTO ${name} (${columns}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM saved_${at}`);
      steps.push(`DROP TABLE saved_${at}`);
    }
    const firing = await this.#firing();
    await judge.query([...steps, ...firing, "COMMIT"].join("; "));
  }

  async #firing(): Promise<readonly string[]> {
    const { rows } = await this.#ground.judge.query(
      `SELECT format('ALTER TABLE ONLY %s %s TRIGGER %I', t.tgrelid::regclass, CASE t.tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA'
         ELSE 'ENABLE' END, t.tgname) AS sql FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
       WHERE c.relnamespace = CAST($1 AS regnamespace) AND NOT t.tgisinternal`,
      [this.#world.schema],
    );
    return (rows as { sql: string }[]).map(({ sql }) => sql);
  }

  async #stored(): Promise<readonly { name: string; at: number; columns: string }[]> {
    const { rows } = await this.#ground.judge.query(
      `SELECT c.oid::regclass::text AS name, (row_number() OVER (ORDER BY c.oid))::int AS at,
         (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
          AND NOT a.attisdropped AND a.attgenerated = '') AS columns
       FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = CAST($1 AS regnamespace)`,
      [this.#world.schema],
    );
    return rows as { name: string; at: number; columns: string }[];
  }
}
