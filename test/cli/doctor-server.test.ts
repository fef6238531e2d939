import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Login, testServer } from "../support/servers.ts";
import { holdfast, scratchFolder } from "./holdfast.ts";

test("doctor tells a superuser and a role with far-reaching powers from an ordinary one", async () => {
  const server = await testServer(18);
  const ordinary = await server.ordinaryRole();
  const mighty = await server.ordinaryRole("GRANT pg_write_server_files TO :role; ALTER ROLE :role BYPASSRLS");
  const examine = async (login: Login): Promise<string> => {
    const folder = scratchFolder();
    const text = `version: 1\ntargets:\n  t:\n    listen: 127.0.0.1:28910\n    upstream: { url: { env: SERVER } }\n`;
    writeFileSync(join(folder, "holdfast.yaml"), text, { mode: 0o600 });
    return (await holdfast(["doctor"], { cwd: folder, env: { SERVER: server.url("postgres", login) } })).out.replace(/\s+/g, " ");
  };
  assert.match(await examine(server.superuser), /BAD target t Holdfast logs in as `postgres`, a superuser/);
  assert.match(await examine(mighty), /BAD target t role `role_\w+` reaches past the rights on tables: BYPASSRLS, pg_write_server_files/);
  const out = await examine(ordinary);
  assert.match(out, /ok target t role `role_\w+` is no superuser/);
  assert.match(out, /ok target t PostgreSQL 18\.\d+ at 127\.0\.0\.1:\d+ answers/);
});
