/**
 * One session after login as a state machine: bytes of either side in, bytes for either side out.
 * It has no socket and no timer; its owner empties `clientOut` and `serverOut` after each event.
 */
import type { Act } from "./act.ts";
import { ClientSide } from "./client-side.ts";
import { Core, type SessionParts } from "./core.ts";
import { withdrawn } from "./held.ts";
import type { Lane, Watch } from "./lane.ts";
import { Route } from "./route.ts";
import { ServerSide } from "./server-side.ts";

export class WireSession {
  readonly core: Core;
  readonly #client: ClientSide;
  readonly #server: ServerSide;
  /** Where the target has a read replica: which server gets what, and that server's messages. */
  readonly route: Route | undefined;
  readonly #replica: ServerSide | undefined;

  constructor(parts: SessionParts, replica?: { readonly watch: Watch; readonly lane: Lane }) {
    this.core = new Core(parts);
    this.route = replica === undefined ? undefined : new Route(this.core, replica.watch, replica.lane);
    this.core.routing = this.route;
    this.#client = new ClientSide(this.core, this.route);
    this.#server = new ServerSide(this.core);
    this.#replica = replica === undefined ? undefined : secondServer(this.core);
  }

  fromClient(chunk: Buffer): void {
    this.#client.load(chunk);
    this.#client.run();
  }

  fromServer(chunk: Buffer): void {
    this.#server.feed(chunk);
    this.route?.heard();
    this.#client.run();
  }

  /** Messages of the replica, which has the batch at hand: whole ones, but for the very long. */
  fromReplica(chunk: Buffer): void {
    this.#replica?.feed(chunk);
    if (this.core.drained) this.route?.done();
    this.#client.run();
  }

  /** Something that was waited for has come. */
  resume(): void {
    this.#client.run();
  }

  /** Bytes of the client that wait here for an answer of the server or the guard. */
  get clientWaiting(): number {
    return this.#client.held ? this.#client.kept : 0;
  }

  /** The client has sent Terminate. */
  get terminated(): boolean {
    return this.#client.terminated;
  }

  /** Nothing runs and no transaction is open. */
  get idle(): boolean {
    const { core } = this;
    return core.drained && core.status === 0x49 && !core.batchSent && core.translation === undefined && core.waiting?.running !== true;
  }

  /** The message at hand waits for a person. */
  get waiting(): boolean {
    return this.core.waiting !== undefined;
  }

  /** Resolves when what was approved has been carried out; `undefined` when nothing of the kind is under way. */
  get carryingOut(): Promise<void> | undefined {
    const { waiting } = this.core;
    return waiting?.running === true ? waiting.over : undefined;
  }

  /** The client takes back what it asked for. False when it does not wait for a person. */
  cancelWaiting(): boolean {
    const { waiting, parts } = this.core;
    if (waiting === undefined) return false;
    if (!waiting.running) {
      waiting.answer ??= withdrawn;
      waiting.end(true);
      parts.changed();
    }
    return true;
  }

  /** SQLSTATE with which the server ended the session. */
  get serverFatal(): string | undefined {
    return this.#server.fatalSeen;
  }

  /** Both connections are gone: acts without an answer get their outcome. `left`: the client has gone, and not the gateway. */
  lost(because: string, left = false): void {
    const { core } = this;
    core.waiting?.end(left);
    core.closed ??= { because };
    this.#client.lost();
    this.route?.lost();
    const inFlight: Act[] = [];
    let commitInFlight = false;
    for (const entry of core.expect.all()) {
      if (entry.act === undefined) continue;
      // A ROLLBACK of ours is on its way: how the act ended is known.
      if (entry.audience === "closing" && entry.splice === undefined) {
        core.transaction.settle(entry.act);
        continue;
      }
      inFlight.push(entry.act);
      commitInFlight ||= entry.act.facts.commits;
    }
    core.settleRolledBack();
    core.context.lost(inFlight.some(({ facts }) => facts.definesObjects || facts.commits));
    core.transaction.lost(inFlight, because, commitInFlight);
    core.bin.lost();
    for (const statement of core.names.statements.values()) core.forget(statement);
    for (const portal of core.names.portals.values()) core.forget(portal.statement);
  }
}

/** Both servers' messages go to the one client: what either has let through comes before what is put in. */
function secondServer(core: Core): ServerSide {
  const { beforeClient, insideServerFrame } = core;
  const server = new ServerSide(core);
  const own = { beforeClient: core.beforeClient, insideServerFrame: core.insideServerFrame };
  core.beforeClient = () => {
    beforeClient();
    own.beforeClient();
  };
  core.insideServerFrame = () => insideServerFrame() || own.insideServerFrame();
  return server;
}
