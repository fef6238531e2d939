import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { serverAccount } from "../support/postgres/account.ts";
import { type Login, type ScratchDatabase, type TestServer, testServer } from "../support/servers.ts";
import { tool } from "../support/tools.ts";
import { type Ran, holdfast, scratchFolder, start } from "./holdfast.ts";

/** Put together here, so that nobody takes this file for one with a credential in it. */
const SECRET = ["kV7mQ", "2xTz9", "Lr4Wp"].join("");

let server: TestServer;
let database: ScratchDatabase;
let role: Login;
let psql: string;
let outside: Server;
let outsideSocket: Server;
const top = scratchFolder();
const home = join(top, "home");
const project = join(home, "shop");
let env: Record<string, string> = {};

function plant(): void {
  for (const folder of [join(home, ".ssh"), join(project, "ops"), join(project, ".git", "hooks")]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(home, ".ssh", "id_synthetic"), "synthetic\n");
  writeFileSync(join(home, ".pgpass"), `127.0.0.1:${server.port}:*:${role.user}:${role.password}\n`);
  writeFileSync(join(project, ".env"), `NAME=shop\nDATABASE_URL=${database.url(role)}\nSESSION_SECRET=${SECRET}\n`);
  writeFileSync(join(project, "ops", "password.txt"), `${role.password}\n`, { mode: 0o600 });
  writeFileSync(join(project, ".git", "hooks", "pre-commit"), "#!/bin/sh\n");
  writeFileSync(
    join(project, "ops", "holdfast.yaml"),
    `version: 1
targets:
  shop:
    environment: staging
    listen: 127.0.0.1:0
    upstream: { host: 127.0.0.1, port: ${server.port}, database: ${database.name}, role: ${role.user}, password: { file: password.txt } }
    policy: guarded-writes
users: {}
`,
    { mode: 0o600 },
  );
}

const listening = (at: number | string): Promise<Server> =>
  new Promise((resolve) => {
    const listener = createServer((socket) => socket.end("outside\n"));
    listener.listen(at, () => resolve(listener));
  });
const portOf = (listener: Server): number => (listener.address() as { port: number }).port;

/** A script that runs inside, with what it printed. */
type Inside = (script: string, options?: readonly string[]) => Promise<Ran>;
const config = ["--config", join("ops", "holdfast.yaml")];
const inside: Inside = (script, options = []) =>
  holdfast(["run", ...config, "--sandbox", ...options, "--", "/bin/bash", "-c", script], { cwd: project, env });

describe("holdfast run --sandbox", () => {
  before(async () => {
    await tool("bwrap");
    psql = await tool("psql");
    server = await testServer(18);
    role = await server.ordinaryRole();
    database = await server.scratchDatabase(
      `CREATE TABLE notes (id int PRIMARY KEY); INSERT INTO notes SELECT generate_series(1, 50); GRANT ALL ON notes TO ${role.user}`,
    );
    outside = await listening(0);
    plant();
    outsideSocket = await listening(join(home, "engine.sock"));
    env = { HOME: home, API_TOKEN: "synthetic-token-value" };
  });
  after(() => {
    outside.close();
    outsideSocket.close();
  });

  test("psql reaches the session, and neither the server nor another listener of the machine", async () => {
    const { out, err } = await inside(`
      ${psql} -At -c 'SELECT count(*) FROM notes'
      (exec 3<>/dev/tcp/127.0.0.1/${server.port}) 2>/dev/null && echo SERVER
      (exec 3<>/dev/tcp/127.0.0.1/${portOf(outside)}) 2>/dev/null && echo LISTENER
      ${process.execPath} -e 'require("net").connect(${JSON.stringify(join(home, "engine.sock"))}).on("connect", () => console.log("SOCKET")).on("error", (e) => console.log(e.code))'
      cat /proc/net/dev | grep -c :`);
    assert.match(out, /^50\n(ECONNREFUSED|EACCES)\n1\n$/, err);
    assert.match(err, /sandbox: no network but Holdfast/);
  });

  test("a file with a secret shows a placeholder, the project's URL leads to the session, and login folders are empty", async () => {
    const { out, err } = await inside(
      `cat .env; echo --; cat ~/.pgpass; ls -A ~/.ssh; echo -- ; ${psql} -At -c 'SELECT 1' "$(grep DATABASE_URL .env | cut -d= -f2-)"`,
    );
    const [dotenv = "", pgpass = "", query = ""] = out.split("--\n");
    assert.match(
      dotenv,
      /^NAME=shop\nDATABASE_URL=postgres:\/\/run_bash_\w+:[^@]+@127\.0\.0\.1:\d+\/\w+\nSESSION_SECRET=<masked-by-holdfast>\n$/,
      err,
    );
    assert.match(pgpass, /^127\.0\.0\.1:\d+:\*:\w+:<masked-by-holdfast>\n$/);
    assert.equal(query, "1\n");
    assert.match(err.replace(/\s+/g, " "), /masked: \.env, ops\/password\.txt, ~\/\.pgpass|masked: \.env, ~\/\.pgpass/);
    for (const secret of [SECRET, role.password]) assert.ok(!out.includes(secret) && !err.includes(secret));
    assert.ok(readFileSync(join(project, ".env"), "utf8").includes(SECRET), "outside it is as it was");
  });

  test("without a sandbox a `.env` that leads past Holdfast is named, and nothing of its login", async () => {
    const { err } = await holdfast(["run", ...config, "--", "true"], { cwd: project, env });
    assert.match(err, new RegExp(`careful: \`\\.env\` holds a login at 127\\.0\\.0\\.1:${server.port}: .*\\n.*--sandbox masks it`));
    assert.ok(!err.includes(role.password));
  });

  test("Holdfast's own state, configuration and secrets are out of reach, and cannot be swapped by their folder", async () => {
    const { out, err } = await inside(`
      cat ops/holdfast.yaml ops/password.txt; ls -A ops/.holdfast
      touch ops/.holdfast/x 2>/dev/null && echo WROTE
      mv ops ops2 2>/dev/null && echo MOVED; rm -f ops/holdfast.yaml 2>/dev/null; mv ops/.holdfast x 2>/dev/null
      echo evil 2>/dev/null > .git/hooks/pre-commit && echo HOOKED; mv .git .git2 2>/dev/null && echo MOVED
      echo written > written.txt; cat written.txt; touch /usr/x ${home}/x 2>/dev/null && echo WROTE; true`);
    assert.equal(out, "written\n", err);
    assert.ok(readdirSync(join(project, "ops")).includes("holdfast.yaml"));
    assert.equal(readFileSync(join(project, "written.txt"), "utf8"), "written\n");
  });

  test("processes outside are neither seen nor ended, and there are no new privileges", async () => {
    const { out, err } = await inside(`
      kill -0 ${process.pid} 2>/dev/null && echo KILLED
      ls /proc | grep -c '^${process.pid}$'
      grep -h NoNewPrivs /proc/self/status; grep -h CapEff /proc/self/status; grep -h '^Seccomp:' /proc/self/status
      umount .env 2>/dev/null; unshare -Urm umount .env 2>/dev/null; unshare -Urm sh -c 'umount .env; cat .env' 2>/dev/null | grep -c ${SECRET}
      unshare -Urm umount ops/.holdfast 2>/dev/null && echo UNMOUNTED
      echo "$API_TOKEN$SSH_AUTH_SOCK"`);
    assert.equal(out, "0\nNoNewPrivs:\t1\nCapEff:\t0000000000000000\nSeccomp:\t2\n0\n\n", err);
  });

  test("an agent inside may ask for rights and have plans made, and can do nothing else at the control socket", async () => {
    const code = `const r = require("http").request({ socketPath: process.env.HOLDFAST_CONTROL, method: process.argv[1], path: process.argv[2] }, (a) => a.pipe(process.stdout)); r.end("{}")`;
    const call = (method: string, path: string) => `${process.execPath} -e '${code}' ${method} ${path}`;
    const holdfast = `${process.execPath} ${join(import.meta.dirname, "..", "..", "src", "cli", "main.ts")}`;
    const { out, err } = await inside(`
      echo "SELECT count(*) FROM notes" | ${holdfast} plan - | grep -c 'The policy lets it pass as it is'
      ${holdfast} ask --table public.notes --allow delete --purpose "remove the two duplicates" | grep -c 'a person answers'
      ${call("GET", "/v1/status")}; echo; ${call("POST", "/v1/sessions")}; echo; ${call("POST", "/v1/grants")}; echo
      ls /run/holdfast; rm -f /run/holdfast/gate.sock 2>/dev/null && echo REMOVED; true`);
    const [planned, asked, ...refused] = out.trim().split("\n");
    assert.deepEqual([planned, asked], ["1", "1"], err);
    for (const line of refused.slice(0, 3)) assert.match(line, /not_permitted/);
    assert.deepEqual(refused.slice(3), ["ask.sock", "gate.sock"]);
  });

  test("exit codes and signals pass", async () => {
    assert.equal((await inside("exit 7", ["-q"])).code, 7);
    assert.equal((await inside("kill -KILL $$", ["-q"])).code, 137);
    const child = start(
      ["run", "-q", ...config, "--sandbox", "--", "sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.1; done"],
      {
        cwd: project,
        env,
      },
    );
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill("SIGTERM");
    assert.equal(await new Promise((resolve) => child.once("close", resolve)), 9);
  });

  test("what Holdfast leaves behind when it is killed is nothing", async () => {
    const child = start(["run", "-q", ...config, "--sandbox", "--", "sh", "-c", "echo ready; sleep 987654"], { cwd: project, env });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("close", resolve));
    const gone = async (): Promise<boolean> => {
      for (let attempt = 0; attempt < 200; attempt++) {
        const lines = readdirSync("/proc")
          .filter((name) => /^\d+$/.test(name))
          .map(commandOf);
        if (!lines.some((line) => line.includes("987654"))) return true;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      return false;
    };
    assert.ok(await gone(), "the sandbox ended with it");
  });

  test("a file that is to be kept is shown, and a folder that may be written is", async () => {
    const other = join(top, "other");
    mkdirSync(other, { recursive: true });
    const { out, err } = await inside(`grep SESSION .env; echo 1 > ${other}/x; cat ${other}/x`, ["--keep", "./.env", "--writable", other]);
    assert.equal(out, `SESSION_SECRET=${SECRET}\n1\n`, err);
  });

  test("where the machine does not allow it, it refuses, or says what has holes", async () => {
    // A stand-in for bubblewrap on a machine that forbids network namespaces; everything else it hands on.
    const folder = join(top, "bin");
    mkdirSync(folder, { recursive: true });
    const real = await tool("bwrap");
    writeFileSync(
      join(folder, "bwrap"),
      `#!/bin/sh\nfor word; do [ "$word" = --unshare-net ] && { echo "bwrap: setting up loopback: not permitted here" >&2; exit 1; }; done\nexec ${real} "$@"\n`,
      { mode: 0o755 },
    );
    const path = { ...env, PATH: `${folder}:${process.env["PATH"] ?? ""}` };
    const how = { cwd: project, env: path };
    const refused = await holdfast(["run", ...config, "--sandbox", "--", "echo", "started"], how);
    assert.equal(refused.code, 1);
    assert.equal(refused.out, "");
    assert.match(refused.err, /does not allow a whole sandbox\n {2}network: .*setting up loopback: not permitted here/);
    assert.match(refused.err, /kernel\.unprivileged_userns_clone/);
    const loud = await holdfast(
      ["run", "-q", ...config, "--sandbox=best-effort", "--", "/bin/sh", "-c", "cat ops/password.txt; echo started"],
      how,
    );
    assert.equal(loud.out, "started\n", loud.err);
    assert.match(loud.err, /THE SANDBOX HAS HOLES\n {2}network: the program could go past Holdfast/);
    const absent = await holdfast(["run", ...config, "--sandbox", "--", "echo", "started"], {
      cwd: project,
      env: { ...env, PATH: "/nowhere" },
    });
    assert.match(absent.err, /`bwrap` is not on PATH\n {2}apt-get install bubblewrap/);
  });

  test("as an ordinary account it holds as well", async (t) => {
    const account = serverAccount();
    if (account === undefined) return t.diagnostic("this is one: every test of this file ran so");
    if (!(await asAccount(account, ["version"])).out.includes("0."))
      return t.diagnostic("this clone lies where no other account may read it");
    const all = [top, ...["home", "home/shop", "home/.ssh", "home/shop/ops", "home/shop/.git"].map((name) => join(top, name))];
    for (const folder of [...all, ...all.flatMap((each) => readdirSync(each).map((name) => join(each, name)))])
      chownSync(folder, account.uid, account.gid);
    execFileSync("rm", ["-rf", join(project, "ops", ".holdfast")]);
    const script = `id -u; cat ops/password.txt; ${psql} -At -c 'SELECT count(*) FROM notes'; (exec 3<>/dev/tcp/127.0.0.1/${server.port}) 2>/dev/null && echo SERVER; grep -h CapEff /proc/self/status`;
    const { out, err } = await asAccount(account, ["run", ...config, "--sandbox", "--", "/bin/bash", "-c", script]);
    assert.equal(out, `${account.uid}\n50\nCapEff:\t0000000000000000\n`, err);
  });
});

function asAccount({ uid, gid }: { uid: number; gid: number }, words: readonly string[]): Promise<Ran> {
  const setpriv = ["--reuid", String(uid), "--regid", String(gid), "--clear-groups", process.execPath];
  const program = join(dirname(import.meta.dirname), "..", "src", "cli", "main.ts");
  return new Promise((resolve) => {
    void import("node:child_process").then(({ execFile }) =>
      execFile(
        "setpriv",
        [...setpriv, program, ...words],
        { cwd: project, env: { ...env, PATH: process.env["PATH"] } },
        (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err }),
      ),
    );
  });
}

function commandOf(pid: string): string {
  try {
    return readFileSync(join("/proc", pid, "cmdline"), "utf8");
  } catch {
    return "";
  }
}
