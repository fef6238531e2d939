/**
 * A stand-in for GitHub's git over HTTPS: git's own `git-http-backend` behind TLS on loopback, serving one bare repository. And git's own
 * client with a session's environment.
 * It tests nothing itself.
 */
import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type ApprovalScene, openApprovalScene, quickly } from "../approvals/scene.ts";
import { newFolder } from "../provision/shop.ts";
import { selfSigned } from "../support/certificates.ts";
import { testServer } from "../support/servers.ts";
import { tool } from "../support/tools.ts";

export interface GitScene {
  readonly approvals: ApprovalScene;
  /** git in the clone, with the session's proxy; resolves with what it said and how it ended. */
  readonly git: (...args: string[]) => Promise<{ readonly code: number; readonly said: string }>;
  /** Refs of the repository at the stand-in, by name. */
  readonly refs: () => Readonly<Record<string, string>>;
  readonly clone: string;
  readonly stop: () => Promise<void>;
}

const host = "github.com";
const remote = `https://${host}/acme/shop.git`;

export async function openGitScene(): Promise<GitScene> {
  const program = await tool("git");
  const folder = newFolder();
  const bare = join(folder, "served", "acme", "shop.git");
  mkdirSync(bare, { recursive: true });
  const plain = { PATH: process.env["PATH"] ?? "", HOME: folder, GIT_CONFIG_NOSYSTEM: "1" };
  const local = (cwd: string, ...args: string[]): string => execFileSync(program, args, { cwd, env: plain, encoding: "utf8" }).trim();
  local(bare, "init", "-q", "--bare", "-b", "main");
  local(bare, "config", "http.receivepack", "true");
  const token = `ghp_${randomBytes(18).toString("hex")}`;
  const backend = join(local(folder, "--exec-path"), "git-http-backend");
  const caFile = join(folder, "ca.pem");
  const server = await listening({ backend, root: join(folder, "served"), token }, caFile);
  const approvals = await openApprovalScene(await testServer(18), {
    environment: "staging",
    approves: ["staging"],
    more: `http:
  listen: 127.0.0.1:0
  credentials:
    github: { secret: { vault: gh }, hosts: [${host}], prefix: ghp_ }
  routes:
    - { host: ${host}, address: "127.0.0.1:${(server.address() as AddressInfo).port}", ca: ${caFile} }
${quickly}`,
    secrets: { gh: { kind: "token", value: token, hosts: [host], createdAtMs: 0, rotatedAtMs: null } },
  });
  const held = await approvals.program();
  const { http, user, password } = held.opened;
  assert(http !== undefined, "the session was told of no proxy");
  const placeholder = http.placeholders[0]?.placeholder ?? "";
  const trusted = join(folder, "session.pem");
  writeFileSync(trusted, http.certificate);
  const clone = join(folder, "clone");
  mkdirSync(clone);
  const env = {
    ...plain,
    HTTPS_PROXY: `http://${user}:${password}@${http.host}:${http.port}`,
    GIT_SSL_CAINFO: trusted,
    GIT_TERMINAL_PROMPT: "0",
    ...author,
  };
  const git: GitScene["git"] = (...args) =>
    new Promise((resolve) => {
      execFile(program, args, { cwd: clone, env, timeout: 60_000 }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : 1, said: stdout + stderr }),
      );
    });
  await git("init", "-q", "-b", "main");
  await git("remote", "add", "origin", remote.replace("//", `//x-access-token:${placeholder}@`));
  return {
    approvals,
    git,
    clone,
    refs: () =>
      Object.fromEntries(
        local(bare, "for-each-ref", "--format=%(refname) %(objectname)")
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => line.split(" ") as [string, string]),
      ),
    stop: async () => {
      held.letGo();
      await approvals.stop();
      await closed(server);
    },
  };
}

const author = {
  GIT_AUTHOR_NAME: "agent",
  GIT_AUTHOR_EMAIL: "agent@example.com",
  GIT_COMMITTER_NAME: "agent",
  GIT_COMMITTER_EMAIL: "agent@example.com",
};

/** Its authority's certificate is written to `caFile`. */
async function listening(serving: Serving, caFile: string): Promise<Server> {
  const { ca, certificate, key } = selfSigned([host]);
  const server = createServer({ cert: certificate, key }, (request, response) => served(request, response, serving));
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  writeFileSync(caFile, ca);
  return server;
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

interface Serving {
  readonly backend: string;
  readonly root: string;
  readonly token: string;
}

/** One request by CGI, for whoever has the token as a password. */
function served(request: IncomingMessage, response: ServerResponse, { backend, root, token }: Serving): void {
  const [, given = ""] = (request.headers.authorization ?? "").split(" ");
  if (Buffer.from(given, "base64").toString().split(":")[1] !== token) {
    response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
    return;
  }
  const [path = "", query = ""] = (request.url ?? "").split("?");
  const child = spawn(backend, [], {
    env: {
      PATH: process.env["PATH"] ?? "",
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "safe.directory",
      GIT_CONFIG_VALUE_0: "*",
      PATH_INFO: path,
      QUERY_STRING: query,
      REQUEST_METHOD: request.method ?? "GET",
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: String(request.headers["content-encoding"] ?? ""),
      REMOTE_USER: "agent",
      ...(request.headers["git-protocol"] === undefined ? {} : { GIT_PROTOCOL: String(request.headers["git-protocol"]) }),
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  child.stdin.on("error", () => undefined);
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.on("close", () => {
    const all = Buffer.concat(chunks);
    const end = all.indexOf("\r\n\r\n");
    const headers = all
      .toString("latin1", 0, end)
      .split("\r\n")
      .map((line) => line.split(": ") as [string, string]);
    const status = Number(headers.find(([name]) => /^status$/i.test(name))?.[1]?.split(" ")[0] ?? 200);
    response.writeHead(status, Object.fromEntries(headers.filter(([name]) => !/^status$/i.test(name)))).end(all.subarray(end + 4));
  });
}
