/**
 * Holdfast asks the server questions of its own in the agent's session: after its names, its settings, what it changed. Whatever stands
 * first in the search path must not be what answers, and must not run.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serverVersions } from "../support/servers.ts";
import { cleared } from "./attempt.ts";
import { Gate } from "./gate.ts";
import { Scene } from "./scene.ts";
import { errorsOf, rowsOf, saidIn, WireClient } from "./wire/client.ts";

const database = "prize";

/** Functions and operators of the names that such questions use; each empties `prizes` when it runs. */
const functions: readonly (readonly [name: string, parameters: string, returns: string])[] = [
  ["current_schemas", "boolean", "name[]"],
  ["current_setting", "text", "text"],
  ["current_setting", "text, boolean", "text"],
  ["set_config", "text, text, boolean", "text"],
  ["pg_backend_pid", "", "int"],
  ["pg_my_temp_schema", "", "oid"],
  ["array_to_string", "anyarray, text", "text"],
  ["array_to_json", "anyarray", "json"],
  ["concat_ws", "text, text, text", "text"],
  ["quote_ident", "text", "text"],
  ["pg_stat_get_xact_tuples_deleted", "oid", "bigint"],
  ["pg_stat_get_xact_tuples_inserted", "oid", "bigint"],
  ["pg_stat_get_xact_tuples_updated", "oid", "bigint"],
  ["pg_current_xact_id_if_assigned", "", "xid8"],
];
const operators: readonly (readonly [name: string, type: string, returns: string])[] = [
  ["=", "oid", "boolean"],
  ["=", "name", "boolean"],
  ["<>", '"char"', "boolean"],
  ["+", "bigint", "bigint"],
  ["-", "bigint", "bigint"],
  [">", "bigint", "boolean"],
  ["||", "text", "text"],
];
const traps = [
  ...functions.map(
    ([name, parameters, returns]) =>
      `CREATE FUNCTION evil.${name}(${parameters}) RETURNS ${returns} LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.prizes; RETURN NULL; END $$`,
  ),
  ...operators.flatMap(([name, type, returns], at) => [
    `CREATE FUNCTION evil.trap_${at}(${type}, ${type}) RETURNS ${returns} LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.prizes; RETURN NULL; END $$`,
    `CREATE OPERATOR evil.${name} (LEFTARG = ${type}, RIGHTARG = ${type}, FUNCTION = evil.trap_${at})`,
  ]),
];
/** Relations come from pg_temp before all else, so that a temporary one of such a name answers an unqualified question. */
const relations = ["pg_class", "pg_namespace", "pg_settings", "pg_stat_xact_all_tables", "pg_stat_xact_user_tables", "pg_proc", "pg_type"];

for (const version of serverVersions) {
  describe(`questions of our own in the agent's session, PostgreSQL ${version}`, () => {
    let scene: Scene;
    let gate: Gate;
    before(async () => {
      scene = await Scene.open(version);
      await scene.fresh(database);
      const admin = await scene.admin(database);
      for (const trap of traps) await admin.query(trap);
      gate = await Gate.open(scene, { database });
    });
    after(async () => {
      await gate?.close();
      await scene?.close();
    });
    const left = async (): Promise<number> =>
      (await (await scene.admin(database)).query("SELECT pg_catalog.count(*)::int AS n FROM public.prizes")).rows[0].n as number;

    test("the traps are real", async () => {
      const admin = await scene.admin(database);
      await admin.query("BEGIN; SET LOCAL search_path = evil, pg_catalog, public");
      await admin.query("SELECT current_schemas(true), 'a'::text || 'b'");
      assert.equal((await admin.query("SELECT pg_catalog.count(*)::int AS n FROM public.prizes")).rows[0].n, 0);
      await admin.query("ROLLBACK");
    });

    test("functions and operators of an earlier schema answer none of them", async () => {
      for (const attacker of ["ordinary", "superuser"] as const) {
        for (const preset of ["read-only", "guarded-writes"] as const) {
          const client = await WireClient.login(gate.login(attacker, preset));
          for (const text of [
            "SET search_path = evil, pg_catalog, public",
            "TABLE prizes",
            "BEGIN",
            "SAVEPOINT a",
            "SET LOCAL search_path = evil",
            "INSERT INTO public.history (what) VALUES ('x')",
            "ROLLBACK TO a",
            "INSERT INTO history (what) VALUES ('y')",
            "COMMIT",
            "INSERT INTO history (what) VALUES ('z')",
            "CREATE TEMP TABLE scratch (id int)",
            "DISCARD ALL",
            "SELECT 1",
          ])
            await client.simple(text);
          assert.equal(await left(), 120, `${attacker}, ${preset}`);
          await client.end();
        }
      }
    });

    test("temporary relations of the names of catalogues blind neither the meter nor the names", async () => {
      const client = await WireClient.login(gate.login("ordinary", "guarded-writes"));
      for (const name of relations) {
        const made = await client.simple(`CREATE TEMP TABLE ${name} (id int)`);
        assert.deepEqual(errorsOf(made), [], saidIn(made));
      }
      assert.equal(
        errorsOf(await client.simple("DELETE FROM prizes WHERE id > 0"))[0]?.code,
        "54000",
        "more than one statement may change",
      );
      assert.equal(errorsOf(await client.extended("DELETE FROM prizes WHERE id > 0"))[0]?.code, "54000");
      assert.equal(await left(), 120);
      assert.deepEqual(errorsOf(await client.simple("UPDATE prizes SET worth = 7 WHERE id = 7")), []);
      assert.deepEqual(rowsOf(await client.simple("SELECT count(*) FROM pg_class")), [["0"]], "the session's own, as the server sees it");
      await cleared(client);
      await client.end();
    });
  });
}
