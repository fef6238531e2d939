/**
 * Joins the web console to the running gateway: where its files lie, what it shows, whose passkeys the vault holds.
 * What it may be asked for stands in `control/web`.
 */
import { messageOf } from "../base/message-of.ts";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { CheckpointSigner } from "../audit/note.ts";
import { verifierKeyText } from "../audit/note.ts";
import type { Clock } from "../base/clock.ts";
import type { RandomBytes } from "../base/ids.ts";
import type { Config, ConsoleConfig } from "../config/config.ts";
import type { PolicyView } from "../control/contract.ts";
import type { ControlParts } from "../control/parts.ts";
import { stateDirectory } from "../control/state-directory.ts";
import type { Hook } from "../control/web/hook.ts";
import { startWebServer, type WebOptions } from "../control/web/server.ts";
import type { AuditEvent } from "../model/event.ts";
import type { ExampleResult } from "../pipeline/rule-examples.ts";
import { openPolicyTest } from "./explainer.ts";
import type { LiveExplainer } from "./live-explainer.ts";
import { type Describe, ThreadedLogView } from "./log-view.ts";
import { passkeysIn } from "./passkeys.ts";
import { WiringError } from "./target-options.ts";
import { registeredPersons, type Vault } from "./vault.ts";
import type { WatchedLog } from "./watched-log.ts";

export interface ConsoleParts extends Pick<ControlParts, "status" | "authority" | "sessions" | "approvals"> {
  /** Asked each time: policies may be loaded anew. */
  readonly config: () => Config;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly vault: Vault | undefined;
  readonly log: WatchedLog;
  /** As the gateway records what concerns itself. */
  readonly append: (event: AuditEvent) => void;
  /** Looks at the vault's file now. */
  readonly look: () => Promise<void>;
  readonly signer: CheckpointSigner;
  readonly explainer: LiveExplainer;
  readonly describe: Describe;
  readonly warn: (message: string) => void;
  /** Takes clicks in chat. */
  readonly hook?: Hook;
}

export interface OpenConsole {
  /** What people type, and what links begin with. */
  readonly origin: string;
  /** Where a person answers an approval. */
  readonly link: (approval: string) => string;
  close(): Promise<void>;
}

/** Rejects with {@link WiringError} when it cannot be served: then nobody is told to answer there. */
export async function openConsole(own: ConsoleConfig, parts: ConsoleParts): Promise<OpenConsole> {
  const { clock, random, vault, log, warn, signer, describe, append, look, config, ...control } = parts;
  const { auditDirectory, state } = config();
  const publicKey = verifierKeyText(signer.keyName, signer.publicKey);
  const view = new ThreadedLogView({ directory: auditDirectory, publicKey, describe, now: () => clock.now(), warn });
  const examples = new Map<string, Promise<PolicyView["rules"]>>();
  try {
    const server = await startWebServer(await optionsOf(own), {
      ...control,
      clock,
      random,
      gateway: stateDirectory(state).controlSocket,
      persons: () => (vault === undefined ? [] : registeredPersons(vault)),
      passkeys: passkeysIn({ vault, append, look, seal: () => log.log.seal() }),
      log: view,
      policies: () => policyViews(config(), examples),
      explain: (target, text) => parts.explainer.explain(config(), target, text),
    });
    const { origin } = server.site;
    return {
      origin,
      link: (approval) => `${origin}/#/approvals/${approval}`,
      close: async () => {
        await server.close();
        await view.close();
      },
    };
  } catch (error) {
    await view.close();
    const { host, port } = own.listen;
    const cause = messageOf(error);
    throw new WiringError(`the console cannot be served on \`${host}:${port}\`: ${cause}`);
  }
}

async function optionsOf({ listen, url, tls }: ConsoleConfig): Promise<WebOptions> {
  const pem = async (path: string): Promise<string> => readFile(path, "utf8");
  return {
    host: listen.host,
    port: listen.port,
    assets: assetsDirectory(),
    ...(url === undefined ? {} : { url }),
    ...(tls === undefined ? {} : { tls: { cert: await pem(tls.cert), key: await pem(tls.key) } }),
  };
}

/** The built pages lie beside the built program; what runs from source uses them too. */
function assetsDirectory(): string {
  const here = import.meta.url;
  return fileURLToPath(new URL(here.endsWith(".ts") ? "../../dist/console" : "../console", here));
}

/** Examples are tried once for each policy: what they come to depends on nothing else. */
function policyViews(config: Config, tried: Map<string, Promise<PolicyView["rules"]>>): Promise<readonly PolicyView[]> {
  return Promise.all(
    config.targets.map(async ({ name: target, environment, policy }) => {
      const { name, digest, mode } = policy;
      const key = `${environment} ${digest}`;
      const rules = tried.get(key) ?? ruleViews({ environment, policy });
      tried.set(key, rules);
      return { target, environment, name, digest, mode, rules: await rules };
    }),
  );
}

async function ruleViews(judged: Parameters<typeof openPolicyTest>[0]): Promise<PolicyView["rules"]> {
  const test = await openPolicyTest(judged);
  try {
    const results: ExampleResult[] = [];
    for await (const result of test.results()) results.push(result);
    return judged.policy.rules.map(({ id, title, why, answer }) => ({
      id,
      title,
      why,
      answer,
      examples: results.filter(({ rule }) => rule === id).map(({ rule: _, sql, ...result }) => ({ text: sql, ...result })),
    }));
  } finally {
    await test.close();
  }
}
