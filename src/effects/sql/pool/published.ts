/**
 * What every worker must know of catalogues, in the messages that tell it: kept so that a worker started later can be told the same.
 * It sends nothing itself.
 */
import type { Definition } from "../../../catalogue/source.ts";
import type { CatalogueData } from "../../../catalogue/types.ts";
import type { ToWorker } from "./protocol.ts";

type Told = Extract<ToWorker, { readonly kind: "ground" | "publish" | "define" }>;

interface Version {
  readonly told: Told;
  /** The version that the definitions are laid over. */
  readonly base: number | undefined;
  readonly ground: CatalogueData | undefined;
  retired: boolean;
}

export class Published {
  readonly #versions = new Map<number, Version>();
  readonly #grounds = new Map<CatalogueData, Told & { readonly kind: "ground" }>();
  #lastGround = 0;

  /** A snapshot, whole or to be laid over what came with the server. The messages that a worker needs, in order. */
  publish(data: CatalogueData, ground: CatalogueData | undefined): readonly ToWorker[] {
    const told: Told[] = [];
    let known = ground === undefined ? undefined : this.#grounds.get(ground);
    if (ground !== undefined && known === undefined) {
      known = { kind: "ground", number: ++this.#lastGround, data: ground };
      this.#grounds.set(ground, known);
      told.push(known);
    }
    const publish: Told = { kind: "publish", data, ...(known === undefined ? {} : { ground: known.number }) };
    this.#versions.set(data.version, { told: publish, base: undefined, ground, retired: false });
    return [...told, publish];
  }

  /** The catalogue of `base` with these definitions applied. */
  define(base: number, version: number, definitions: readonly Definition[]): readonly ToWorker[] {
    const told: Told = { kind: "define", base, version, definitions };
    this.#versions.set(version, { told, base, ground: undefined, retired: false });
    return [told];
  }

  /** Nobody will name this version any more. What others are laid over stays known here, for workers to come. */
  retire(version: number): readonly ToWorker[] {
    const known = this.#versions.get(version);
    if (known !== undefined) known.retired = true;
    const needed = new Set([...this.#versions.values()].flatMap(({ base, retired }) => (retired || base === undefined ? [] : base)));
    for (const base of needed) {
      const below = this.#versions.get(base)?.base;
      if (below !== undefined) needed.add(below);
    }
    for (const [one, { retired }] of this.#versions) if (retired && !needed.has(one)) this.#versions.delete(one);
    const grounds = new Set([...this.#versions.values()].map(({ ground }) => ground));
    const gone = [...this.#grounds].filter(([ground]) => !grounds.has(ground));
    for (const [ground] of gone) this.#grounds.delete(ground);
    return [{ kind: "retire", version }, ...gone.map(([, { number }]) => ({ kind: "forget_ground" as const, number }))];
  }

  /** Everything, for a worker that knows nothing yet. */
  all(): readonly ToWorker[] {
    const versions = [...this.#versions.entries()];
    return [
      ...this.#grounds.values(),
      ...versions.map(([, { told }]) => told),
      ...versions.flatMap(([version, { retired }]) => (retired ? [{ kind: "retire" as const, version }] : [])),
    ];
  }
}
