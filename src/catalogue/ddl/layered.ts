/**
 * A map over another map that nobody changes any more: what was set or deleted since stands above it.
 * It does not copy what lies below, so that a changed catalogue costs what was changed and not what there is.
 */

/** More changes than this are not copied with the next layer: they become the ground it stands on. */
const COPIED_MAX = 128;
/** So many layers at most are looked through. */
const DEPTH_MAX = 16;

export class Layered<K, V extends object | number> {
  readonly #below: Layered<K, V> | undefined;
  readonly #depth: number;
  /** `undefined`: deleted here, whatever lies below. */
  readonly #own: Map<K, V | undefined>;

  constructor(below?: Layered<K, V>, own: Map<K, V | undefined> = new Map()) {
    this.#below = below;
    this.#depth = below === undefined ? 0 : below.#depth + 1;
    this.#own = own;
  }

  get(key: K): V | undefined {
    const found = this.#own.get(key);
    if (found !== undefined || this.#below === undefined || this.#own.has(key)) return found;
    return this.#below.get(key);
  }

  set(key: K, value: V): void {
    this.#own.set(key, value);
  }

  delete(key: K): void {
    if (this.#below === undefined) this.#own.delete(key);
    else this.#own.set(key, undefined);
  }

  /** A map that can be changed without this one, which must not be changed any more. */
  fork(): Layered<K, V> {
    if (this.#below === undefined) return new Layered<K, V>(this);
    if (this.#own.size <= COPIED_MAX) return new Layered(this.#below, new Map(this.#own));
    return this.#depth < DEPTH_MAX ? new Layered<K, V>(this) : this.#flat();
  }

  /** Every value, those from below first and in their place. */
  values(): V[] {
    const below = this.#below;
    if (below === undefined) return [...this.#own.values()].flatMap((value) => value ?? []);
    return [...this.#entries().values()];
  }

  #entries(): Map<K, V> {
    const all: Map<K, V> = this.#below === undefined ? new Map() : this.#below.#entries();
    for (const [key, value] of this.#own) {
      if (value === undefined) all.delete(key);
      else all.set(key, value);
    }
    return all;
  }

  /** All layers but the ground as one. */
  #flat(): Layered<K, V> {
    const layers: Layered<K, V>[] = [];
    let ground: Layered<K, V> = this;
    while (ground.#below !== undefined) {
      layers.unshift(ground);
      ground = ground.#below;
    }
    const own = new Map<K, V | undefined>();
    for (const layer of layers) for (const [key, value] of layer.#own) own.set(key, value);
    return new Layered(ground, own);
  }
}
