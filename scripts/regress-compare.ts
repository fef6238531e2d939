/**
 * Runs PostgreSQL's own regression suite directly and through Holdfast under `observe`, and prints where psql's output differs.
 * The suite is not ours and not here: `--suite` names `src/test/regress` of a source tree. What it expects is not looked at.
 */
import { spawn } from "node:child_process";
import { chmodSync, chownSync, closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { serverAccount } from "../test/support/postgres/account.ts";
import { tool } from "../test/support/tools.ts";
import { type Side, startTwoSides } from "../test/compat/two-sides.ts";
import { differences } from "./regress/differences.ts";
import { schedule } from "./regress/schedule.ts";

const usage = `usage: node scripts/regress-compare.ts --suite DIR [--out DIR] [--version 15|18] [--only NAME,NAME] [--seconds N]
  --suite DIR    src/test/regress of a PostgreSQL source tree that the server's account can read
  --out DIR      where both outputs and their differences are written; ./regress-compare
  --version N    the server; 15
  --only A,B     these files only (test_setup always runs first)
  --seconds N    a file may take so long on either side; 300
  --libdir DIR   where the suite's C library lies (regress, refint, autoinc); without it the functions in it are missing on both sides`;

/** What the suite's own driver sets on its database. */
const settings = [
  "lc_messages TO 'C'",
  "lc_monetary TO 'C'",
  "lc_numeric TO 'C'",
  "lc_time TO 'C'",
  "bytea_output TO 'hex'",
  "timezone_abbreviations TO 'Default'",
];

const { values } = parseArgs({
  options: {
    suite: { type: "string" },
    out: { type: "string", default: "regress-compare" },
    version: { type: "string", default: "15" },
    only: { type: "string" },
    seconds: { type: "string", default: "300" },
    libdir: { type: "string" },
  },
});
async function main(suite: string, out: string): Promise<number> {
  const version = values.version === "18" ? 18 : 15;
  const files = schedule(suite, values.only?.split(","));
  const sides = await startTwoSides({ version, policy: "observe", settings: { max_prepared_transactions: 2 } });
  await sides.database("regression", "SELECT 1");
  for (const each of [sides.direct, sides.holdfast]) prepareFolder(join(out, each.name));
  for (const server of Object.values(sides.servers)) {
    for (const setting of settings) await server.asSuperuser(`ALTER DATABASE regression SET ${setting}`);
  }
  const program = await tool("psql");
  let different = 0;
  for (const name of files) {
    const began = performance.now();
    const took = await Promise.all([sides.direct, sides.holdfast].map((side) => runFile(program, side, suite, out, name)));
    const [direct, holdfast] = [sides.direct, sides.holdfast].map((side) =>
      normal(side, readFileSync(join(out, side.name, `${name}.out`), "utf8")),
    );
    const found = differences(direct ?? "", holdfast ?? "");
    if (found.length > 0) different += 1;
    writeFileSync(join(out, `${name}.diff`), found.join("\n"));
    const seconds = took.map((ms) => (ms === undefined ? "killed" : `${(ms / 1000).toFixed(1)} s`)).join(" / ");
    const lines = found.filter((line) => /^[-+]/.test(line)).length;
    console.log(`${found.length === 0 ? "equal    " : "different"} ${name} (${seconds}, ${lines} lines)`);
    if (performance.now() - began > 1000 * Number(values.seconds)) console.log("          a side was stopped at its time limit");
  }
  console.log(`${files.length} files, ${files.length - different} equal, ${different} different; see ${out}/*.diff`);
  await sides.stop();
  return different === 0 ? 0 : 1;
}

/** The server's account writes here too (COPY TO a file). */
function prepareFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "results"), { recursive: true });
  const account = serverAccount();
  if (account === undefined) return;
  for (const each of [folder, join(folder, "results")]) chownSync(each, account.uid, account.gid);
  chmodSync(folder, 0o755);
}

/** Milliseconds, or undefined when the time was up. Output and errors go to one file, in their order. */
function runFile(program: string, side: Side, suite: string, out: string, name: string): Promise<number | undefined> {
  const folder = join(out, side.name);
  const log = openSync(join(folder, `${name}.out`), "w");
  const input = openSync(join(suite, "sql", `${name}.sql`), "r");
  const env = {
    ...side.env,
    PGTZ: "PST8PDT",
    PGDATESTYLE: "Postgres, MDY",
    PGOPTIONS: "-c intervalstyle=postgres_verbose",
    PGAPPNAME: `pg_regress/${name}`,
    PG_ABS_SRCDIR: suite,
    PG_ABS_BUILDDIR: folder,
    PG_LIBDIR: values.libdir ?? folder,
    PG_DLSUFFIX: ".so",
  };
  const began = performance.now();
  const args = ["-X", "-a", "-q", "-d", "regression", "-v", "HIDE_TABLEAM=on", "-v", "HIDE_TOAST_COMPRESSION=on"];
  return new Promise((done) => {
    const child = spawn(program, args, { env, stdio: [input, log, log] });
    const timer = setTimeout(() => child.kill("SIGKILL"), 1000 * Number(values.seconds));
    child.once("close", (code) => {
      clearTimeout(timer);
      closeSync(log);
      closeSync(input);
      done(code === null ? undefined : performance.now() - began);
    });
  });
}

/** What differs between any two runs, or only because two folders and ports are used. */
function normal(side: Side, text: string): string {
  return text
    .replaceAll(`/${side.name}/`, "/SIDE/")
    .replaceAll(new RegExp(`\\b${side.port}\\b`, "g"), "PORT")
    .replaceAll(/pg_(toast_)?temp_\d+/g, "pg_$1temp_N")
    .replaceAll(/\b(PID|[Pp]rocess) \d+/g, "$1 N");
}

if (values.suite === undefined) {
  console.error(usage);
  process.exit(2);
}
process.exitCode = await main(resolve(values.suite), resolve(values.out));
