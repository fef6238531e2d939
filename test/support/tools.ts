/**
 * Programs that npm does not carry: psql, pg_dump, pgbench, pgbouncer, bubblewrap, chromium. Found, else installed by apt when we are root.
 * It never skips: a test that needs a tool which cannot be had fails and says what to install.
 */
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmdirSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { cacheDirectory } from "./postgres/places.ts";

/** Each tool with the Debian packages that hold it (pgbench lies in the server's package there). */
const debianPackages = {
  psql: ["postgresql-client"],
  pg_dump: ["postgresql-client"],
  pgbackrest: ["pgbackrest"],
  // Of the server's own package: what a restore starts.
  pg_controldata: ["postgresql"],
  pgbench: ["postgresql-client", "postgresql-contrib"],
  pgbouncer: ["pgbouncer"],
  bwrap: ["bubblewrap"],
  curl: ["curl"],
  git: ["git"],
  wget: ["wget"],
  gh: ["gh"],
  aws: ["awscli"],
  kubectl: ["kubernetes-client"],
  chromium: ["chromium", "fonts-dejavu-core"],
} as const;
export type Tool = keyof typeof debianPackages;

/** Libraries of other languages, each with the file that shows that it is there and the Debian packages that bring it. */
const debianLibraries = {
  django: { file: "/usr/lib/python3/dist-packages/django/__main__.py", packages: ["python3-django", "python3-psycopg2"] },
  boto3: { file: "/usr/lib/python3/dist-packages/boto3/__init__.py", packages: ["python3-boto3"] },
  requests: { file: "/usr/lib/python3/dist-packages/requests/__init__.py", packages: ["python3-requests"] },
  websocket: { file: "/usr/lib/python3/dist-packages/websocket/__init__.py", packages: ["python3-websocket"] },
  psycopg2: { file: "/usr/lib/python3/dist-packages/psycopg2/__init__.py", packages: ["python3-psycopg2"] },
  psycopg: { file: "/usr/lib/python3/dist-packages/psycopg/__init__.py", packages: ["python3-psycopg"] },
  asyncpg: { file: "/usr/lib/python3/dist-packages/asyncpg/__init__.py", packages: ["python3-asyncpg"] },
  jdbc: { file: "/usr/share/java/postgresql.jar", packages: ["libpostgresql-jdbc-java"] },
  javac: { file: "/usr/bin/javac", packages: ["default-jdk-headless"] },
} as const;
export type Library = keyof typeof debianLibraries;

const debianHome = "/usr/lib/postgresql";

/** The path of the tool; the first call that misses one installs it. Rejects with what to install where that is not possible. */
export async function tool(name: Tool): Promise<string> {
  return findTool(name) ?? (await install(name, debianPackages[name], () => findTool(name)));
}

/** The file of the library, after its packages were installed where it was missing. Debian's Python is `/usr/bin/python3`. */
export async function library(name: Library): Promise<string> {
  const { file, packages } = debianLibraries[name];
  const find = () => (existsSync(file) ? file : undefined);
  return find() ?? (await install(name, packages, find));
}

/** The path of the tool on PATH, in Debian's versioned folders (newest first) or in /usr/sbin; undefined when it is not installed. */
export function findTool(name: Tool, path = process.env["PATH"] ?? "", versioned = debianHome): string | undefined {
  const versions = existsSync(versioned) ? readdirSync(versioned).sort((a, b) => Number(b) - Number(a)) : [];
  // The versioned folders go first: what Debian puts on PATH is a wrapper in Perl that chooses among them by its own rules.
  const folders = [...versions.map((version) => join(versioned, version, "bin")), ...path.split(delimiter), ...(path ? ["/usr/sbin"] : [])];
  return folders
    .filter(Boolean)
    .map((folder) => join(folder, name))
    .find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

async function install(name: string, packages: readonly string[], find: () => string | undefined): Promise<string> {
  const missing = `\`${name}\` is needed by this test and not installed: apt-get install ${packages.join(" ")}`;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) throw new Error(missing);
  const release = await lock();
  try {
    const already = find(); // by the test file that held the lock before us
    if (already) return already;
    aptInstall(packages, missing);
  } finally {
    release();
  }
  const installed = find();
  if (!installed) throw new Error(missing);
  return installed;
}

function aptInstall(packages: readonly string[], missing: string): void {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  try {
    execFileSync("apt-get", ["update", "-q"], { env, stdio: "pipe" });
    // policy-rc.d is not touched; a cluster or daemon that the package starts listens on its own default port, which no test uses.
    execFileSync("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...packages], { env, stdio: "pipe" });
  } catch (cause) {
    throw new Error(`${missing}: apt-get said: ${String((cause as { stderr?: Buffer }).stderr ?? cause).trim()}`, { cause });
  }
}

/** One installation at a time among the test processes. A lock older than ten minutes belongs to a process that died. */
async function lock(): Promise<() => void> {
  const folder = join(cacheDirectory("binaries"), "apt.lock");
  for (;;) {
    try {
      mkdirSync(folder);
      return () => rmdirSync(folder);
    } catch {
      const born = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
      if (Date.now() - born > 600_000) rmdirSync(folder);
      await delay(250);
    }
  }
}
