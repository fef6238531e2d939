/**
 * A real PgBouncer in session mode in front of one PostgreSQL address, for tests.
 * It is the distribution's own program; nothing of it is imitated.
 */
import { spawn } from "node:child_process";
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../../../src/cli/demo/free-port.ts";
import { serverAccount } from "../../support/postgres/account.ts";
import { tool } from "../../support/tools.ts";

export interface PgBouncer {
  readonly port: number;
  stop(): Promise<void>;
}

export interface PgBouncerOptions {
  readonly to: { readonly host: string; readonly port: number };
  /** The login that clients use at PgBouncer and that it uses behind. */
  readonly login: { readonly user: string; readonly password: string };
}

export async function startPgBouncer({ to, login }: PgBouncerOptions): Promise<PgBouncer> {
  const program = await tool("pgbouncer");
  const account = serverAccount();
  const folder = mkdtempSync(join(tmpdir(), "holdfast-pgbouncer-"));
  const port = await freePort();
  const settings = [
    "[databases]",
    `* = host=${to.host} port=${to.port}`,
    "[pgbouncer]",
    "pool_mode = session",
    "listen_addr = 127.0.0.1",
    `listen_port = ${port}`,
    "unix_socket_dir =",
    "auth_type = scram-sha-256",
    `auth_file = ${join(folder, "users.txt")}`,
    "max_client_conn = 100",
    "default_pool_size = 20",
  ];
  writeFileSync(join(folder, "pgbouncer.ini"), `${settings.join("\n")}\n`);
  writeFileSync(join(folder, "users.txt"), `"${login.user}" "${login.password}"\n`);
  if (account !== undefined)
    for (const file of [folder, join(folder, "pgbouncer.ini"), join(folder, "users.txt")]) chownSync(file, account.uid, account.gid);
  const running = spawn(program, [join(folder, "pgbouncer.ini")], { ...account, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  running.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  while (!(await accepts(port))) {
    if (running.exitCode !== null) throw new Error(`pgbouncer did not start:\n${said}`);
    await delay(20);
  }
  return {
    port,
    async stop() {
      const ended = new Promise((resolve) => running.once("exit", resolve));
      running.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
