import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { publicKeyFile } from "../../src/audit/keys.ts";
import { segmentName } from "../../src/audit/lines.ts";
import { examineLog } from "../../src/cli/doctor/log.ts";
import { judgeRoom } from "../../src/cli/doctor/machine.ts";
import { act, sampleLog } from "../audit/sample-log.ts";
import { binStatements, binVersion } from "../../src/recovery/bin/install.ts";
import { openShop, provisionShop, type Shop } from "../provision/shop.ts";
import { type ServerVersion, serverVersions, startServer, testServer } from "../support/servers.ts";
import { holdfast, scratchFolder, start } from "./holdfast.ts";

interface Said {
  readonly ok: boolean;
  readonly findings: readonly { id?: string; state: string; topic: string; text: string; why?: string; next?: string }[];
}

interface Installation {
  readonly folder: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A folder with a configuration and an empty home, as `holdfast init` would leave it. */
function install(shop: Shop, upstream: string, more: { roles?: string; policy?: string; comment?: string } = {}): Installation {
  const folder = scratchFolder();
  const home = join(folder, "home");
  mkdirSync(home);
  const project = join(folder, "project");
  mkdirSync(project, { mode: 0o700 });
  writeFileSync(
    join(project, "holdfast.yaml"),
    `version: 1
${more.comment ?? ""}
targets:
  ${shop.target}:
    environment: staging
    listen: 127.0.0.1:0
    upstream: { url: { env: UPSTREAM } }
    policy: ${more.policy ?? "guarded-writes"}
${more.roles ?? ""}
users:
  agent: { kind: ai_agent, password: { verifier: "SCRAM-SHA-256$4096:${Buffer.alloc(16, 7).toString("base64")}$${key}:${key}" }, targets: [${shop.target}] }
`,
    { mode: 0o600 },
  );
  const admin = shop.server.url(shop.database, shop.admin);
  return { folder: project, home, env: { HOME: home, UPSTREAM: upstream, ADMIN: admin } };
}
const key = Buffer.alloc(32, 9).toString("base64");

async function doctor({ folder, env }: Installation): Promise<{ code: number | null; said: Said; out: string }> {
  const { code, out, err } = await holdfast(["doctor", "--json"], { cwd: folder, env });
  assert.ok(out.startsWith("{"), err);
  return { code, said: JSON.parse(out) as Said, out };
}

const ids = ({ findings }: Said, state: string): readonly string[] =>
  findings.filter((found) => found.state === state).map(({ id, topic, text }) => id ?? `${topic}: ${text}`);

const roles = (shop: Shop) => `    roles:
      mode: ephemeral
      admin: { url: { env: ADMIN } }
      migration_role: ${shop.migrator.user}
      hide: [public.secrets]
      writers: { orders: { tables: [public.orders] } }`;

/** A login that reads the catalogue and nothing else. */
async function catalogueLogin(shop: Shop): Promise<string> {
  return shop.server.url(shop.database, await shop.server.ordinaryRole());
}

for (const version of serverVersions) {
  describe(`doctor at PostgreSQL ${version}`, () => {
    test("finds nothing in a provisioned installation, and exits 0", async () => {
      const shop = await openShop(await testServer(version));
      await provisionShop(shop, { bin: { statements: binStatements, version: binVersion }, undo: { logins: [], exclude: [] } });
      const place = install(shop, await catalogueLogin(shop), { roles: roles(shop) });
      const { code, said } = await doctor(place);
      assert.deepEqual(ids(said, "bad"), []);
      assert.match(textOf(said, "bin"), /has a bin, with 0 entries/);
      assert.equal(code, 0);
      assert.equal(said.ok, true);
      // What is weak without a vault and where any program of the account may attach is said, and nothing else.
      const weak = said.findings.filter(({ state, topic }) => state === "weak" && !["vault", "memory", "program"].includes(topic));
      assert.deepEqual(weak, []);
    });

    test("finds each of what was seeded, with why it matters and what mends it, and exits 1", async () => {
      const { shop, place } = await badInstallation(version);
      const { code, said, out } = await doctor(place);
      assert.equal(code, 1);
      const found = said.findings.filter(({ id }) => id !== undefined);
      const expected = [
        "config-readable",
        "config-secret",
        "door-dblink",
        "door-file_fdw",
        "executor-shared",
        "held-roles",
        "listens-everywhere",
        "no-bin",
        "owner-upstream",
        "role-settings",
        "stale-roles",
        "trust",
        "undo-missing",
        "way-around",
      ];
      assert.deepEqual([...new Set(found.map(({ id }) => id))].sort(), expected, out);
      for (const { id, why, next } of found) assert.ok(why && next, `${id} says why and what to do`);
      assert.match(textOf(said, "stale-roles"), /hfs_stale/);
      assert.match(textOf(said, "trust"), /lets in without a secret, seen from here/);
      for (const login of [shop.owner, shop.admin]) assert.ok(!out.includes(login.password), "no password is shown");
      const page = (await holdfast(["doctor"], { cwd: place.folder, env: place.env })).out;
      // A path may be longer than a line, and is not cut.
      const long = page.split("\n").filter((line) => line.length > 100 && line.trim().includes(" "));
      assert.deepEqual(long, []);
    });
  });
}

const textOf = ({ findings }: Said, id: string): string => findings.find((found) => found.id === id)?.text ?? "";

test("doctor tells a superuser's server what only a superuser sees, and a policy that only observes", async () => {
  const server = await startServer({ version: 18, hba: ["local all all trust", "host all all 127.0.0.1/32 scram-sha-256"] });
  const shop = await openShop(server);
  const { user, password } = server.superuser;
  const place = install({ ...shop, admin: { user, password } }, server.url(shop.database), { policy: "observe", roles: roles(shop) });
  const { code, said } = await doctor(place);
  assert.equal(code, 1);
  // Nothing was provisioned, so the group of readers is not there yet.
  assert.deepEqual(ids(said, "bad"), ["observe", "superuser", "public-rights", "trust"]);
  assert.match(textOf(said, "trust"), /line \d+: local all all trust/);
  assert.ok(["admin-superuser", "admin-shared"].every((id) => ids(said, "weak").includes(id)));
});

test("doctor tells a gateway that goes by another policy than the file, and one that is gone", async () => {
  const shop = await openShop(await testServer(18));
  const place = install(shop, await catalogueLogin(shop));
  const up = start(["up", "--json"], { cwd: place.folder, env: place.env });
  await new Promise((resolve) => up.stdout.once("data", resolve));
  const before = await doctor(place);
  assert.ok(
    before.said.findings.some(({ topic, state }) => topic === "gateway" && state === "good"),
    before.out,
  );
  const file = join(place.folder, "holdfast.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("policy: guarded-writes", "policy: read-only"));
  const { said } = await doctor(place);
  assert.ok(ids(said, "weak").includes("policy-drift"), JSON.stringify(said));
  assert.match(said.findings.find(({ id }) => id === "policy-drift")?.next ?? "", new RegExp(`kill -HUP ${up.pid}`));
  up.kill("SIGTERM");
  await new Promise((resolve) => up.once("close", resolve));
  const after = await doctor(place);
  assert.ok(after.said.findings.some(({ topic, text }) => topic === "gateway" && /none runs/.test(text)));
});

test("doctor tells a log whose end no checkpoint covers, unless a gateway is writing it, and one that does not verify", async () => {
  const sample = await sampleLog();
  const keys = scratchFolder();
  writeFileSync(join(keys, publicKeyFile), sample.publicKey);
  const places = { keys, audit: sample.directory };
  const { log } = await sample.open();
  act(log, "1");
  await log.seal();
  assert.equal((await examineLog(places, false)).id, "log-unanchored");
  assert.equal((await examineLog(places, true)).state, "good");
  await log.close();
  assert.equal((await examineLog(places, false)).state, "good");
  const segment = join(sample.directory, segmentName(0));
  writeFileSync(segment, readFileSync(segment, "utf8").replace("s_sample", "s_simple"));
  assert.equal((await examineLog(places, false)).state, "bad");
  await sample.remove();
});

test("room for the log is weak below a gibibyte and bad below 64 mebibytes", () => {
  assert.deepEqual(judgeRoom(2 ** 30, "/x"), []);
  assert.equal(judgeRoom(2 ** 30 - 1, "/x")[0]?.state, "weak");
  assert.equal(judgeRoom(2 ** 26 - 1, "/x")[0]?.state, "bad");
});

async function badInstallation(version: ServerVersion): Promise<{ shop: Shop; place: Installation }> {
  const server = await startServer({
    version,
    settings: { listen_addresses: "0.0.0.0" },
    hba: ["local all all scram-sha-256", "host all all 127.0.0.1/32 trust"],
  });
  const shop = await openShop(server);
  await server.asSuperuser(`CREATE EXTENSION dblink; CREATE EXTENSION file_fdw`, shop.database);
  await server.asSuperuser(
    `CREATE ROLE hfs_stale; COMMENT ON ROLE hfs_stale IS 'holdfast lease {"target":"${shop.target}","instance":"x","expires":1000}';
     CREATE ROLE hfs_held; COMMENT ON ROLE hfs_held IS 'holdfast lease {"target":"${shop.target}","instance":"x","expires":99999999999999}';
     ALTER ROLE ${shop.owner.user} SET standard_conforming_strings = off`,
  );
  const url = server.url(shop.database, shop.owner);
  const drawn = ["kV7mQ", "2xTz9", "Lr4Wp"].join("");
  const place = install(shop, url, { comment: `# admin_password: ${drawn}` });
  chmodSync(join(place.folder, "holdfast.yaml"), 0o644);
  writeFileSync(join(place.folder, ".env"), `DATABASE_URL=${url}\n`);
  return { shop, place };
}

test("doctor sees rights that came after provisioning, and a shared login that changes data", async () => {
  const shop = await openShop(await testServer(18));
  await provisionShop(shop);
  const place = install(shop, await catalogueLogin(shop), { roles: roles(shop) });
  await shop.server.asSuperuser(
    `GRANT DELETE ON orders TO holdfast_${shop.target}_reader; GRANT INSERT ON orders TO PUBLIC`,
    shop.database,
  );
  const { code, said } = await doctor(place);
  assert.equal(code, 1);
  assert.deepEqual(ids(said, "bad"), ["readers-change", "public-rights"]);
  assert.match(textOf(said, "public-rights"), /REVOKE .* FROM PUBLIC/);

  const shared = install(shop, shop.server.url(shop.database, await shop.server.ordinaryRole()));
  const second = await doctor(shared);
  assert.deepEqual(ids(second.said, "bad"), []);
  assert.ok(ids(second.said, "weak").includes("shared-login-changes"));
});
