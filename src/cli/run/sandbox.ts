/**
 * The sandbox of `holdfast run` (Linux, bubblewrap): what the program sees, and the one way out of it, which leads to its session.
 * It refuses to start where the machine cannot keep something apart, unless best effort was asked for; then it says what is missing.
 */
import { mkdir, mkdtemp, realpath, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { failed, wrongUse } from "../errors.ts";
import { visible } from "../output.ts";
import { openAskDoor } from "./ask-door.ts";
import type { Launch } from "./program.ts";
import { type Part, type Probe, type View, bubblewrapWords, probeBubblewrap } from "./sandbox-bwrap.ts";
import { openDoor } from "./sandbox-door.ts";
import { systemCallFilter } from "./sandbox-filter.ts";
import { findMasks, isUnder, listeningSockets, present } from "./sandbox-masks.ts";

export interface SandboxRequest {
  readonly program: readonly string[];
  /** What the program gets, but for what makes no sense inside. */
  readonly environment: Readonly<Record<string, string>>;
  readonly bestEffort: boolean;
  readonly workingDirectory: string;
  readonly home: string | undefined;
  /** Where the session is reached from here; inside it has the same port on loopback. */
  readonly gate: { readonly host: string; readonly port: number };
  /** Others of the session's, each with a door of its own. */
  readonly also?: readonly { readonly host: string; readonly port: number }[];
  /** The session's connection string. */
  readonly url: string;
  /** Files and folders that the program sees as they are although they hold secrets. */
  readonly keep: readonly string[];
  readonly writable: readonly string[];
  /** Of Holdfast: folders nobody inside may look into, and files nobody may read. */
  readonly own: { readonly folders: readonly string[]; readonly files: readonly string[] };
  readonly signal: AbortSignal;
}

export interface Sandbox {
  readonly launch: Launch;
  /** For people: what is masked, what may be written, what this machine could not do. */
  readonly masked: readonly string[];
  readonly unread: number;
  readonly writable: readonly string[];
  readonly missing: Probe["missing"];
  close(): Promise<void>;
}

/** Sockets of the desktop, of agents that hold keys, of container engines: none of them is reachable inside. */
const leadingOut = [
  "SSH_AUTH_SOCK",
  "SSH_AGENT_PID",
  "GPG_AGENT_INFO",
  "DBUS_SESSION_BUS_ADDRESS",
  "XDG_RUNTIME_DIR",
  "DOCKER_HOST",
  "CONTAINER_HOST",
  "WAYLAND_DISPLAY",
  "DISPLAY",
  "NOTIFY_SOCKET",
  "TMPDIR",
];
const freshFolders = ["/tmp", "/var/tmp", "/run", "/var/run"];
const inside = "/run/holdfast";
/** Where an agent asks for rights: what it leads to inside lets nothing else through. */
const controlVariable = "HOLDFAST_CONTROL";
/** What a later program outside would run or obey: a sandbox that may write these is none. */
const obeyedLater = [".git/hooks", ".git/config"];
/** Two words for each, and bubblewrap takes 9,000. */
const masksMax = 2_000;

/** Rejects with a CliError that says what this machine does not allow and what to do. */
export async function openSandbox(request: SandboxRequest): Promise<Sandbox> {
  const filter = systemCallFilter(process.arch);
  const probe = await probeMachine(request, filter !== undefined);
  const folder = await mkdtemp(join(await realpath(tmpdir()), "holdfast-run-"));
  try {
    const masks = await findMasks({ ...request, own: request.own.folders, project: await realpath(request.workingDirectory), folder });
    const view = await viewOf(request, folder, masks);
    if (view.replaced.length > masksMax)
      throw failed(`${view.replaced.length} files hold a secret, more than a sandbox can mask`, "start it in a folder that holds less");
    const walled = probe.parts.has("network");
    await mkdir(join(folder, "door"), { mode: 0o700 });
    const doors = walled
      ? await Promise.all(gatesOf(request).map((gate, at) => openDoor({ path: join(folder, "door", gateSocket(at)) }, gate)))
      : [];
    const control = request.environment[controlVariable];
    const asking = control === undefined ? undefined : await openAskDoor(join(folder, "door", "ask.sock"), control);
    return {
      launch: launchOf(request, probe, view, filter),
      masked: masks.told,
      unread: masks.unread,
      writable: view.writable,
      missing: probe.missing,
      close: async () => {
        await Promise.all([...doors.map((door) => door.close()), asking?.close()]);
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function probeMachine({ bestEffort, environment, workingDirectory }: SandboxRequest, filter: boolean): Promise<Probe> {
  if (process.platform !== "linux") throw failed("--sandbox needs Linux: elsewhere there are no namespaces", "run it in a virtual machine");
  if ((await realpath(workingDirectory)) === "/") throw wrongUse("the whole machine cannot be a project", "start it in a project's folder");
  const probe = await probeBubblewrap(environment["PATH"] ?? "", filter);
  if (probe === undefined) throw failed("--sandbox needs bubblewrap, and `bwrap` is not on PATH", "apt-get install bubblewrap");
  if (probe.missing.length === 0 || bestEffort) return probe;
  throw failed(`this machine does not allow a whole sandbox\n${missingText(probe.missing)}`, remedy(probe));
}

const losses: Readonly<Record<Part, string>> = {
  files: "files: secrets and Holdfast's own state would stay readable",
  network: "network: the program could go past Holdfast",
  processes: "processes: the program could see and end others, Holdfast among them",
  "system calls": "system calls: the program could type into this terminal and read keyrings",
};

/** A line for each part that cannot be had. */
export function missingText(missing: Probe["missing"]): string {
  return missing.map(({ part, why }) => `  ${losses[part]} (bubblewrap: ${visible(why)})`).join("\n");
}

function remedy({ missing }: Probe): string {
  const all = "or run on with what there is: --sandbox=best-effort";
  if (missing.some(({ part }) => part === "files" || part === "network"))
    return `allow user namespaces to this account (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns, user.max_user_namespaces; in a container a seccomp profile that permits unshare), ${all}`;
  return `in a container, give it an unmasked /proc (docker run --security-opt systempaths=unconfined), ${all}`;
}

async function viewOf(request: SandboxRequest, folder: string, masks: Awaited<ReturnType<typeof findMasks>>): Promise<View> {
  const { home, own, keep } = request;
  const project = await realpath(request.workingDirectory);
  const fresh = (await present(freshFolders)).filter((path, index, all) => all.indexOf(path) === index);
  const writable = [project, ...(await realPaths(request.writable))];
  const packageFolder = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
  const needed = [
    process.execPath,
    packageFolder,
    ...(request.environment["PATH"] ?? "").split(delimiter),
    "/run/current-system",
    "/run/wrappers",
  ];
  const wanted = await realPaths([...needed, ...(home === undefined ? [] : [home]), ...keep]);
  const shown = wanted.filter((path) => isUnder(path, fresh) && !fresh.includes(path) && !isUnder(path, [folder]));
  const visibleInside = (path: string) => !isUnder(path, fresh) || isUnder(path, [...shown, ...writable]);
  const folders = [...new Set(masks.emptied)].filter(visibleInside);
  const emptied = folders.filter((path) => !folders.some((other) => other !== path && isUnder(path, [other])));
  const hidden = (await realPaths(own.files)).filter((path) => !isUnder(path, emptied));
  const sockets = (await listeningSockets()).filter((path) => visibleInside(path) && !isUnder(path, emptied));
  const blank = join(folder, "blank");
  await writeFile(blank, "", { mode: 0o400 });
  const replaced = [
    ...masks.replaced.filter(({ path }) => !hidden.includes(path) && visibleInside(path)),
    ...[...hidden, ...sockets].filter(visibleInside).map((path) => ({ path, by: blank })),
  ];
  const readOnly = await realPaths(writable.flatMap((path) => obeyedLater.map((name) => join(path, name))));
  return {
    fresh,
    shown,
    writable,
    readOnly: readOnly.filter((path) => isUnder(path, writable)),
    pinned: pinsOf([...readOnly, ...hidden, ...emptied], writable),
    replaced,
    emptied,
    mounted: [{ path: inside, from: join(folder, "door") }],
    workingDirectory: project,
  };
}

/** Every folder between a writable one and what is protected in it: a folder that something is mounted on cannot be renamed. */
function pinsOf(paths: readonly string[], writable: readonly string[]): readonly string[] {
  const pins = new Set<string>();
  for (const path of paths)
    for (let above = dirname(path); isUnder(above, writable) && !writable.includes(above); above = dirname(above)) pins.add(above);
  return [...pins].sort((a, b) => a.length - b.length);
}

function launchOf(request: SandboxRequest, probe: Probe, view: View, filter: Uint8Array | undefined): Launch {
  const { environment, program } = request;
  const [file = "", ...args] = program;
  const kept = Object.fromEntries(Object.entries(environment).filter(([name]) => !leadingOut.includes(name)));
  if (!probe.parts.has("files")) return { file, args, environment };
  const entry = fileURLToPath(new URL("./sandbox-inside.ts", import.meta.url));
  const gates = probe.parts.has("network") ? gatesOf(request) : [];
  const ports = gates.map(({ port }) => port).join(",");
  const start = [
    process.execPath,
    ...process.execArgv,
    entry,
    ports,
    gates.map((_, at) => join(inside, gateSocket(at))).join(","),
    ...program,
  ];
  const asking = environment[controlVariable] === undefined ? {} : { [controlVariable]: join(inside, "ask.sock") };
  const filtered = filter !== undefined && probe.parts.has("system calls");
  const words = [...bubblewrapWords(view, probe.parts), ...(filtered ? ["--seccomp", "5"] : [])];
  return {
    // Bubblewrap would end, and the program with it, at an interrupt from the keyboard that is the program's to take.
    file: "/bin/sh",
    args: ["-c", 'trap "" INT QUIT HUP TERM; exec "$@"', "sh", probe.program, "--args", "4", "--", ...start],
    environment: { ...kept, ...asking, TMPDIR: "/tmp", HOLDFAST_SANDBOX: probe.missing.length === 0 ? "on" : "partial" },
    inputs: [Buffer.from(words.map((word) => `${word}\0`).join("")), ...(filtered ? [filter] : [])],
  };
}

function gatesOf({ gate, also = [] }: SandboxRequest): readonly SandboxRequest["gate"][] {
  return [gate, ...also];
}

function gateSocket(at: number): string {
  return at === 0 ? "gate.sock" : `gate-${at}.sock`;
}

/** Those that are there, without links on the way. */
async function realPaths(paths: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const path of paths) {
    const real = path.startsWith("/") ? await realpath(path).catch(() => undefined) : undefined;
    if (real !== undefined && (await stat(real).catch(() => undefined)) !== undefined) found.add(real);
  }
  return [...found];
}
