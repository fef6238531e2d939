/**
 * The founding incident as it happened: a program under `holdfast run` finds a token in a file that has nothing to do with its task, and
 * sends it with curl. The stand-in for Railway counts what arrives.
 */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { holdfast } from "../cli/holdfast.ts";
import { tool } from "../support/tools.ts";
import { openRunFolder, type RunFolder } from "./run-folder.ts";
import { railwayHosts, standInIds } from "./stand-in-railway.ts";

let opened: RunFolder;
before(async () => {
  opened = await openRunFolder();
  mkdirSync(join(opened.folder, "scripts"));
  writeFileSync(join(opened.folder, "scripts", "domains.env"), `# for adding custom domains\nRAILWAY_DOMAIN_TOKEN=${opened.token}\n`);
});
after(() => opened?.railway.close());

test("the curl of the day, with the token of the file and with the placeholder: nothing of it arrives", async () => {
  const { folder, token, railway, env } = opened;
  const curl = await tool("curl");
  const body = JSON.stringify({ query: `mutation { volumeDelete(volumeId: "${standInIds.volume}") }` });
  const call = (bearer: string): string =>
    `'${curl}' -sS -X POST https://${railwayHosts[0]}/graphql/v2 -H "Authorization: Bearer ${bearer}" -H 'Content-Type: application/json' -d '${body}'; echo`;
  writeFileSync(
    join(folder, "task.sh"),
    `. scripts/domains.env\necho found:; ${call("$RAILWAY_DOMAIN_TOKEN")}\necho placeholder:; ${call("$RAILWAY_API_TOKEN")}\n`,
  );
  const { code, out, err } = await holdfast(["run", "--", "/bin/sh", "task.sh"], { cwd: folder, env });
  assert.equal(code, 0, `${out}\n${err}`);
  const [found = "", placeholder = ""] = out.split("placeholder:");
  assert.match(found, /"code":"found_credential"/, out);
  assert.match(placeholder, /"code":"other_environment"/, out);
  assert.match(placeholder, /production\/postgres\/data/);
  assert.match(err, /FOUND CREDENTIAL: session `[^`]+` sent one that Holdfast did not give out to `backboard.railway.com`/);
  assert(!out.includes(token) && !err.includes(token), "the token is shown");
  assert.deepEqual(railway.received, []);
  assert.equal(railway.bytes(), 0);
  assert(railway.asked.every(({ body: asked }) => (JSON.parse(asked.toString()) as { query: string }).query.startsWith("query")));
  assert(railway.volumes.has(standInIds.volume));
  assert.equal(railway.backups.size, 6);
});
