/**
 * The proxy for HTTP APIs joined to the gateway: the wire's sessions, the same guard and desk, packs and broker.
 * It decides nothing; what a request would do and whether it may is found out where it is for SQL.
 */
import { readFile } from "node:fs/promises";
import { systemResolve } from "../adapters/http/addresses.ts";
import { createSessionAuthority, type SessionAuthority } from "../adapters/http/certificates/session-authority.ts";
import { type HttpListener, listenHttp } from "../adapters/http/listener.ts";
import type { Caller, PackedHost, Route } from "../adapters/http/options.ts";
import type { Clock } from "../base/clock.ts";
import type { RandomBytes } from "../base/ids.ts";
import type { Config, HttpConfig } from "../config/config.ts";
import { vaultPlace } from "../config/read-secret.ts";
import type { OpenedSession } from "../control/contract.ts";
import type { CredentialBroker } from "../credentials/broker/broker.ts";
import type { MintSend } from "../credentials/mint/minter.ts";
import { canonicalUrl } from "../effects/http/canonical-url.ts";
import { sqlRowsOf } from "../effects/http/sql-in-body.ts";
import { packOf } from "../effects/http/pack-of.ts";
import { readsByPath } from "../effects/http/rpc.ts";
import type { AuditEvent } from "../model/event.ts";
import type { Approvals } from "../pipeline/approvals-port.ts";
import type { Guard } from "../pipeline/guard.ts";
import { packs } from "../packs/index.ts";
import { Disarms } from "../sessions/disarms.ts";
import { clusterHost, clusterRoutes, packedBy, toldClusters } from "./http-clusters.ts";
import { HttpAlarms, type HttpAlarmsParts } from "./http-alarms.ts";
import { openBroker } from "./http-broker.ts";
import { HttpMints } from "./http-mint.ts";
import { HttpDatabases } from "./http-databases.ts";
import { SeenDocuments } from "./http-documents.ts";
import { notingDisarms } from "./http-disarms.ts";
import { HttpThings } from "./http-resolve.ts";
import { HttpSigning } from "./http-signing.ts";
import { HttpLogins, type KnownLogin } from "./http-login.ts";
import { mintSender } from "./mint-send.ts";
import type { RunControl } from "./run-control.ts";
import { type EnvironmentVariables, WiringError } from "./target-options.ts";
import type { Vault } from "./vault.ts";

export interface HttpProxyParts {
  readonly config: Config;
  readonly environment: EnvironmentVariables;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly warn: (message: string) => void;
  readonly append: (event: AuditEvent) => void;
  readonly guard: Guard;
  readonly runs: RunControl;
  readonly vault: Vault | undefined;
  readonly approvals: { readonly desk: Approvals };
  /** Tells persons of a credential that was found. */
  readonly tell: HttpAlarmsParts["tell"];
}

export class HttpProxy {
  readonly #parts: HttpProxyParts;
  readonly #http: HttpConfig;
  readonly #mints: HttpMints;
  #mintSender: ReturnType<typeof mintSender> | undefined;
  readonly #broker: CredentialBroker;
  readonly #signing: HttpSigning;
  readonly #logins: HttpLogins;
  readonly #callers = new Map<string, { readonly login: KnownLogin; readonly caller: Caller }>();
  /** Which targets are databases of providers. */
  readonly databases: HttpDatabases;
  readonly #disarms: Disarms;
  readonly #things: HttpThings;
  readonly #authorities = new Map<string, SessionAuthority>();
  readonly alarms: HttpAlarms;
  #listener: HttpListener | undefined;

  /** Resolves when it listens; `undefined` where none is configured. Rejects with {@link WiringError}. */
  static async open(parts: HttpProxyParts): Promise<HttpProxy | undefined> {
    const { http } = parts.config;
    if (http === undefined) return undefined;
    const proxy = new HttpProxy(http, parts);
    await proxy.#listen();
    return proxy;
  }

  constructor(http: HttpConfig, parts: HttpProxyParts) {
    this.#http = http;
    this.#parts = parts;
    const { environment, vault, clock, append } = parts;
    const places = vault === undefined ? environment : { ...environment, [vaultPlace]: vault };
    const send: MintSend = async (request, signal) => this.#mintSender?.send(request, signal) ?? "the proxy does not listen yet";
    this.#mints = new HttpMints(http.credentials, { places, vault, clock, append, send });
    this.#broker = openBroker(http, { ...parts, mints: this.#mints });
    this.alarms = new HttpAlarms(parts);
    this.#signing = new HttpSigning(http, { ...parts, mints: this.#mints });
    this.databases = new HttpDatabases(http.databases);
    this.#disarms = new Disarms({ clock: parts.clock, store: parts.runs.opened.store, windowMs: http.disarmedMs });
    this.#things = new HttpThings({
      clock: parts.clock,
      append: parts.append,
      environments: http.environments,
      disarmed: (principal, things) => this.#disarms.of(principal, things),
    });
    this.#logins = new HttpLogins({ clock: parts.clock, served: () => parts.runs.servedTargets() });
    parts.runs.onRunClosed((principal) => this.#closed(principal));
  }

  get address(): { readonly host: string; readonly port: number } | undefined {
    return this.#listener?.address;
  }

  /** What a program's session is told: where the proxy is, whom to trust, and what it holds in place of secrets. */
  opened(principal: string): NonNullable<OpenedSession["http"]> | undefined {
    const { address } = this;
    if (address === undefined) return undefined;
    const issued = this.#broker.issue(principal);
    const placeholders = this.#http.credentials.flatMap(({ name, mode, variable }) => {
      const placeholder = issued.get(name);
      return placeholder === undefined || mode === "inject" ? [] : [{ name, placeholder, ...(variable === undefined ? {} : { variable }) }];
    });
    const all = [...placeholders, ...this.#signing.issue(principal)];
    const clusters = toldClusters(this.#http.clusters, issued);
    return { ...address, certificate: this.#authority(principal).certificate, placeholders: all, clusters };
  }

  async stop(): Promise<void> {
    await this.#listener?.stop();
    await this.#mints.close();
    this.#mintSender?.close();
  }

  async #listen(): Promise<void> {
    const { guard, clock, random, vault, approvals } = this.#parts;
    const routes = await routesOf(this.#http);
    const route = (host: string): Route | undefined => routes.get(host) ?? routes.get(host.replace(/^[^.]+/, "*"));
    this.#mintSender = mintSender({ clock, route, resolve: systemResolve });
    try {
      this.#listener = await listenHttp({
        listen: this.#http.listen,
        perLogin: this.#http.perLogin,
        guard: new SeenDocuments().naming(notingDisarms(this.databases.naming(guard), this.#disarms)),
        things: this.#things,
        clock,
        random,
        // Who answers is registered in the vault.
        ...(vault === undefined ? {} : { approvals: approvals.desk }),
        login: (user, password) => this.#login(user, password),
        broker: {
          take: ({ principal: { name } }, request) => this.#signing.take(name, request, this.#broker) ?? this.#broker.take(name, request),
          message: (caller, message) => this.#broker.message(caller.principal.name, message),
          trailers: (packed, trailers) => this.#broker.trailers(packed?.authSlots, trailers),
          holdsSecret: (bytes) => this.#broker.holdsSecret(bytes),
          redaction: (secrets) => this.#broker.redaction(secrets),
          holder: (headers) => this.#holder(this.#broker.holder(headers)),
        },
        packOf: (host) => packedHost(host) ?? clusterHost(this.#http.clusters, host),
        hostOfProvider: (provider) => packs.find((pack) => pack.provider === provider)?.hosts.find((host) => !host.includes("*")),
        canonical: canonicalUrl,
        rowsOf: sqlRowsOf,
        readsByPath,
        route,
        resolve: systemResolve,
        alarm: (found) => this.alarms.found(found),
        tokenAnswered: ({ session, caller, ...answered }) =>
          this.#parts.append({ kind: "token_answered", session, principal: caller.principal.name, ...answered }),
      });
    } catch (error) {
      const { host, port } = this.#http.listen;
      throw new WiringError(
        `the proxy for HTTP APIs cannot listen on ${host}:${port}: ${(error as NodeJS.ErrnoException).code ?? "unknown cause"}`,
      );
    }
  }

  async #login(user: string, password: string): Promise<Caller | string> {
    const login = await this.#logins.open(user, password);
    return typeof login === "string" ? login : this.#caller(login);
  }

  #holder(principal: string | undefined): Caller | undefined {
    const login = principal === undefined ? undefined : this.#logins.find(principal);
    return login === undefined ? undefined : this.#caller(login);
  }

  /** One object for as long as the account is the same: judgements are kept by the context in it. */
  #caller(login: KnownLogin): Caller {
    const { account, served } = login;
    const known = this.#callers.get(account.name);
    if (known?.login.account === account) return known.caller;
    const { name, environment } = served.target;
    const { onBehalfOf } = account;
    const caller: Caller = {
      principal: { kind: account.kind, name: account.name, ...(onBehalfOf === undefined ? {} : { onBehalfOf }) },
      target: { name, environment, database: served.database },
      // No catalogue says what names of a provider's database mean: SQL in a request is not understood, and refused.
      context: { role: account.name, sessionRole: account.name, searchPath: [], temporary: [], catalogueVersion: 0, pendingDdl: [] },
      authority: this.#authority(account.name),
      barred: async () => {
        if (served.accounts.get(account.name) !== account) return "the session is over";
        return this.#parts.runs.barred(name, account);
      },
    };
    this.#callers.set(account.name, { login, caller });
    return caller;
  }

  #authority(principal: string): SessionAuthority {
    const known = this.#authorities.get(principal);
    if (known !== undefined) return known;
    const made = createSessionAuthority(principal, this.#parts);
    this.#authorities.set(principal, made);
    return made;
  }

  #closed(principal: string): void {
    this.#broker.forget(principal);
    void this.#mints.end(principal);
    this.#signing.forget(principal);
    this.#callers.delete(principal);
    this.#authorities.delete(principal);
    this.#listener?.end(principal);
  }
}

function packedHost(host: string): PackedHost | undefined {
  const pack = packOf(host);
  return pack === undefined ? undefined : packedBy(pack);
}

async function routesOf({ routes, clusters }: HttpConfig): Promise<ReadonlyMap<string, Route>> {
  const found = [...clusterRoutes(clusters), ...routes].map(async ({ host, address, ca }): Promise<[string, Route]> => {
    if (ca === undefined) return [host, address];
    const pem = await readFile(ca, "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new WiringError(`\`http.routes\`: \`${ca}\` cannot be read: ${error.code ?? "unknown cause"}`);
    });
    return [host, { ...address, ca: pem }];
  });
  return new Map(await Promise.all(found));
}
