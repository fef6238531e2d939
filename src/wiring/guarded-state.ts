/**
 * What a running gateway keeps an eye on beside its clients: the vault's file, and whether the configuration is one that a person accepted.
 * It protects nothing by itself: what it notices is recorded, shown, and then no longer used.
 */
import { messageOf } from "../base/message-of.ts";
import { stat } from "node:fs/promises";
import type { AuditLog } from "../audit/log.ts";
import { signedSize } from "../audit/signed-size.ts";
import type { CheckpointSigner } from "../audit/note.ts";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load-config.ts";
import type { GatewayStatus } from "../control/contract.ts";
import { stateDirectory } from "../control/state-directory.ts";
import type { Vault } from "../credentials/vault.ts";
import { keysOf } from "../credentials/vault-content.ts";
import { WiringError } from "./target-options.ts";
import { logOrigin, rememberLog } from "./vault-and-log.ts";

export interface GuardedStateParts {
  readonly vault: Vault | undefined;
  readonly config: Config;
  readonly signer: CheckpointSigner;
  readonly append: AuditLog["append"];
  readonly warn: (message: string) => void;
}

/** A look costs two `stat` calls. */
const lookEveryMs = 1_000;
/** How much of the log could be cut away unseen with all that was signed since: what was written within this time before a crash. */
const rememberEveryMs = 5 * 60_000;

export class GuardedState {
  readonly #parts: GuardedStateParts;
  #config: Config;
  #seen = new Map<string, string>();
  #problem: string | undefined;
  /** The version of the vault that the log was told of last. */
  #toldGeneration = 0;
  #socket: { readonly ino: number; problem?: string } | undefined;
  #onDisk: "as loaded" | "changed" | "unreadable" = "as loaded";
  #looking: Promise<void> = Promise.resolve();
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(parts: GuardedStateParts) {
    this.#parts = parts;
    this.#config = parts.config;
  }

  /** Records what is in use. Rejects with {@link WiringError} when the configuration is not the one that a person accepted. */
  async start(): Promise<void> {
    const { vault, config, append } = this.#parts;
    if (vault !== undefined) {
      const { generation, content } = vault;
      this.#toldGeneration = generation;
      append({ kind: "vault_opened", generation, ...keysOf(content), because: "the gateway starts" });
    }
    this.demandAccepted(config);
    if (config.source !== undefined)
      append({ kind: "config_loaded", before: null, after: config.source.digest, because: "the gateway starts" });
    await this.look();
    const look = setInterval(() => void this.look(), lookEveryMs);
    const remember = setInterval(() => void this.#remember(), rememberEveryMs);
    this.#timers.push(look.unref(), remember.unref());
  }

  /** Throws {@link WiringError}, recorded, for a configuration that nobody accepted where persons are registered. */
  demandAccepted(next: Config): void {
    const { vault, append } = this.#parts;
    const accepted = vault?.content.configDigest ?? null;
    const digest = next.source?.digest;
    if (accepted === null || digest === undefined || digest === accepted) return;
    append({ kind: "config_refused", before: accepted, after: digest, because: "it is not the one that a person accepted" });
    throw new WiringError(
      `\`${next.source?.path ?? ""}\` is not the configuration that a person accepted (${accepted.slice(0, 12)}, now ${digest.slice(0, 12)}): ` +
        "look at what changed, then `holdfast vault accept`",
    );
  }

  /** After {@link demandAccepted}: this is what decides from now on. */
  took(next: Config): void {
    const before = this.#config.source?.digest ?? null;
    this.#config = next;
    this.#seen.delete("config");
    this.#onDisk = "as loaded";
    if (next.source !== undefined)
      this.#parts.append({ kind: "config_loaded", before, after: next.source.digest, because: "it was reloaded" });
  }

  /** Looks now. Never rejects; one look at a time. */
  look(): Promise<void> {
    this.#looking = this.#looking
      .then(() => this.#lookAtVault())
      .then(() => this.#lookAtConfig())
      .then(() => this.#lookAtSocket())
      .catch((error: unknown) => this.#parts.warn(`the gateway's own files could not be looked at: ${messageOf(error)}`));
    return this.#looking;
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#looking;
  }

  /** After the log is closed: its whole length is signed. */
  async closed(size: number): Promise<void> {
    const { vault, warn } = this.#parts;
    if (vault === undefined) return;
    await rememberLog(vault, size).catch((error: unknown) => warn(`the vault could not note the log's length: ${messageOf(error)}`));
    vault.close();
  }

  status(): Pick<GatewayStatus, "vault" | "config" | "control"> {
    const { vault } = this.#parts;
    const { source } = this.#config;
    const problem = this.#problem === undefined ? {} : { problem: this.#problem };
    const sealed =
      vault === undefined
        ? {}
        : { vault: { generation: vault.generation, persons: Object.keys(vault.content.persons).length, ...problem } };
    const socket = this.#socket?.problem === undefined ? {} : { control: { problem: this.#socket.problem } };
    if (source === undefined) return { ...sealed, ...socket };
    const accepted = vault?.content.configDigest === source.digest;
    return { ...sealed, ...socket, config: { path: source.path, digest: source.digest, accepted, onDisk: this.#onDisk } };
  }

  async #lookAtVault(): Promise<void> {
    const { vault, append, warn } = this.#parts;
    if (vault === undefined || !(await this.#touched("vault", vault.path))) return;
    try {
      await vault.refresh();
      this.#problem = undefined;
      const { generation, content } = vault;
      const told = content.changes.filter((change) => change.generation > this.#toldGeneration);
      this.#toldGeneration = generation;
      if (told.length === 0) return;
      const because = told.map(({ what }) => what).join(", ");
      append({ kind: "vault_changed", generation, ...keysOf(content), because });
    } catch (error) {
      const because = messageOf(error);
      if (because === this.#problem) return;
      this.#problem = because;
      warn(`the vault's file was touched, what was open stays in use: ${because}`);
      append({ kind: "tampering_noticed", about: "vault", because });
    }
  }

  async #lookAtConfig(): Promise<void> {
    const { vault, append, warn } = this.#parts;
    const { source } = this.#config;
    if (source === undefined || !(await this.#touched("config", source.path))) return;
    const loaded = loadConfig({ path: source.path });
    const digest = "config" in loaded ? loaded.config.source?.digest : undefined;
    this.#onDisk = digest === source.digest ? "as loaded" : digest === undefined ? "unreadable" : "changed";
    const accepted = vault?.content.configDigest ?? null;
    if (accepted === null || digest === accepted || this.#onDisk === "as loaded") return;
    const because =
      digest === undefined ? "its file cannot be read any more" : `its file is another one now, ${digest.slice(0, 12)}, and is not used`;
    warn(`the configuration that a person accepted was touched: ${because}`);
    append({ kind: "tampering_noticed", about: "config", because });
  }

  /** Whoever asks at the path that a person knows may talk to somebody else: what a person signs there is bound all the same. */
  async #lookAtSocket(): Promise<void> {
    const { config, append, warn } = this.#parts;
    const path = stateDirectory(config.state).controlSocket;
    const ino = await stat(path).then(
      (found) => found.ino,
      () => undefined,
    );
    // Until it is there for the first time it is not open yet.
    if (this.#socket === undefined) {
      if (ino !== undefined) this.#socket = { ino };
      return;
    }
    if (ino === this.#socket.ino || this.#socket.problem !== undefined) return;
    const because = ino === undefined ? "it was removed or moved" : "another socket is in its place";
    this.#socket.problem = because;
    warn(`the control socket was touched: ${because}`);
    append({ kind: "tampering_noticed", about: "control socket", because });
  }

  /** Whether the file is not the one that was looked at last. */
  async #touched(what: string, path: string): Promise<boolean> {
    const now = await stat(path).then(
      ({ ino, size, mtimeMs, ctimeMs }) => `${ino} ${size} ${mtimeMs} ${ctimeMs}`,
      (error: NodeJS.ErrnoException) => error.code ?? "unknown",
    );
    const before = this.#seen.get(what);
    this.#seen.set(what, now);
    return before !== now;
  }

  async #remember(): Promise<void> {
    const { vault, config, signer, warn } = this.#parts;
    if (vault === undefined) return;
    // What others changed is told before a change of our own takes it over.
    await this.look();
    if (this.#problem !== undefined) return;
    try {
      await rememberLog(vault, Math.max(vault.content.logSize, await signedSize(config.auditDirectory, logOrigin, signer)));
    } catch (error) {
      warn(`the vault could not note the log's length: ${messageOf(error)}`);
    }
  }
}
