/**
 * SQL in requests of HTTP APIs, and the targets that are the databases it is for: before such a request is judged, names get the meaning
 * that they have there now.
 * It analyses and decides nothing: a request whose database is not known is marked so, and says what would help.
 */
import type { CatalogueSource } from "../catalogue/source.ts";
import type { HttpDatabase } from "../config/config.ts";
import { globRegExp } from "../effects/http/doors.ts";
import { type SqlPlace, sqlPlaceOf } from "../effects/http/sql-in-body.ts";
import type { Action, HttpPayload, RequestDatabase, SqlContext } from "../model/action.ts";
import { packs } from "../packs/index.ts";
import type { Guard } from "../pipeline/guard.ts";
import { WiringError } from "./target-options.ts";

/** A database as a target serves it. */
interface Served {
  readonly database: string;
  readonly catalogue: CatalogueSource;
}

interface Known {
  readonly database: RequestDatabase;
  readonly context?: SqlContext;
  readonly catalogue?: CatalogueSource;
}

const carrying = packs.filter(({ operations }) => operations.some(({ sql }) => sql !== undefined)).map(({ provider }) => provider);

export class HttpDatabases {
  readonly #mapped: readonly { readonly entry: HttpDatabase; readonly fits: RegExp }[];
  readonly #served = new Map<string, Served>();
  /** By what they say: judgements are kept by the context's identity. */
  readonly #contexts = new Map<string, SqlContext>();
  /** Acts under way that may define something in a database. */
  readonly #changing = new Map<string, CatalogueSource>();

  /** Throws {@link WiringError} for a provider that runs no SQL that could be judged. */
  constructor(mapped: readonly HttpDatabase[]) {
    const odd = mapped.find(({ provider }) => !carrying.includes(provider));
    if (odd !== undefined)
      throw new WiringError(`\`http.databases\`: \`${odd.provider}\` is no provider of databases: give one of ${carrying.join(", ")}`);
    this.#mapped = mapped.map((entry) => ({ entry, fits: globRegExp(entry.project) }));
  }

  serve(target: string, served: Served): void {
    this.#served.set(target, served);
  }

  /** The same guard, told what names mean in the requests that it judges. */
  naming(guard: Guard): Guard {
    const { admitApproved } = guard;
    const watched = async (action: Action, admit: (known: Action) => ReturnType<Guard["admit"]>) => {
      const { named, catalogue } = await this.#named(action);
      const admission = await admit(named);
      if (catalogue !== undefined && admission.kind === "allow" && !admission.readOnly) this.#changing.set(admission.id, catalogue);
      return admission;
    };
    return {
      ...guard,
      admit: (action, can) => watched(action, (named) => guard.admit(named, can)),
      ...(admitApproved === undefined
        ? {}
        : { admitApproved: (action, can, approved) => watched(action, (named) => admitApproved(named, can, approved)) }),
      settle: (admission, outcome) => {
        guard.settle(admission, outcome);
        // What it defined shows in no session of ours.
        this.#changing.get(admission.id)?.defined?.(undefined);
        this.#changing.delete(admission.id);
      },
    };
  }

  async #named(action: Action): Promise<{ readonly named: Action; readonly catalogue?: CatalogueSource }> {
    const { payload } = action;
    const place = payload.kind === "http" ? sqlPlaceOf(payload.request) : undefined;
    if (place === undefined) return { named: action };
    const { database, context, catalogue } = await this.#known(action.target.name, place);
    const told = { ...(payload as HttpPayload), database, ...(context === undefined ? {} : { context }) };
    return { named: { ...action, payload: told }, ...(catalogue === undefined ? {} : { catalogue }) };
  }

  async #known(target: string, place: SqlPlace): Promise<Known> {
    const found = this.#mapped.filter(({ entry, fits }) => entry.provider === place.provider && fits.test(place.project));
    const [first, another] = found.map(({ entry }) => entry);
    const unknown = (because: string): Known => ({ database: { kind: "unknown", because } });
    if (place.shifted) return unknown("the request does not say plainly which database and which schemas it is for");
    if (first === undefined)
      return unknown(
        `no target is known to be this database of ${place.provider}; use the database's own connection, or have an operator name it under \`http.databases\``,
      );
    if (another !== undefined) return unknown("several entries of `http.databases` are about it; an operator must say which holds");
    if (first.target !== target)
      return unknown(
        `it is the database of target \`${first.target}\`, and this session is for \`${target}\`; open a session for \`${first.target}\``,
      );
    const served = this.#served.get(target);
    if (served === undefined) return unknown(`target \`${target}\` is not served yet; send it again`);
    if (place.database !== undefined && place.database !== served.database)
      return unknown(`it names another database than \`${served.database}\`, which target \`${target}\` is`);
    const { catalogue } = served;
    try {
      if (catalogue.version === 0 || catalogue.usable?.() === false) await catalogue.refresh();
    } catch {
      return unknown(`the catalogue of target \`${target}\` cannot be read now; send it again later`);
    }
    return { database: { kind: "known" }, context: this.#context(first, catalogue.version), catalogue };
  }

  #context({ role, searchPath }: HttpDatabase, catalogueVersion: number): SqlContext {
    const key = JSON.stringify([role, searchPath, catalogueVersion]);
    const known = this.#contexts.get(key);
    if (known !== undefined) return known;
    // The server looks into pg_catalog first where the path does not name it.
    const path = searchPath.includes("pg_catalog") ? searchPath : ["pg_catalog", ...searchPath];
    const made: SqlContext = Object.freeze({ role, sessionRole: role, searchPath: path, temporary: [], catalogueVersion, pendingDdl: [] });
    if (this.#contexts.size > 256) this.#contexts.clear();
    this.#contexts.set(key, made);
    return made;
  }
}
