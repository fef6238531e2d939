/**
 * Named objects of one kind that can be put, replaced and removed, found by OID and by schema and name.
 * It does not know search paths.
 */
import { Layered } from "./layered.ts";

type BySchema<T> = ReadonlyMap<string, readonly T[]>;

export class Shelf<T extends { readonly oid: number; readonly schema: string; readonly name: string }> {
  readonly #byOid: Layered<number, T>;
  readonly #byName: Layered<string, BySchema<T>>;
  /** Once asked for, as long as nothing changes. */
  #all: readonly T[] | undefined;

  constructor(objects: readonly T[], below?: Shelf<T>) {
    if (below !== undefined) {
      this.#byOid = below.#byOid.fork();
      this.#byName = below.#byName.fork();
      for (const object of objects) this.put(object);
      return;
    }
    this.#byOid = new Layered(undefined, new Map(objects.map((object) => [object.oid, object])));
    const byName = new Map<string, Map<string, T[]>>();
    for (const object of objects) {
      const bySchema = byName.get(object.name);
      const same = bySchema?.get(object.schema);
      if (same !== undefined) same.push(object);
      else if (bySchema !== undefined) bySchema.set(object.schema, [object]);
      else byName.set(object.name, new Map([[object.schema, [object]]]));
    }
    this.#byName = new Layered<string, BySchema<T>>(undefined, byName);
    this.#all = objects;
  }

  /** A shelf that can be changed without this one, which must not be changed any more. */
  fork(): Shelf<T> {
    return new Shelf<T>([], this);
  }

  all(): readonly T[] {
    this.#all ??= this.#byOid.values();
    return this.#all;
  }

  get(oid: number): T | undefined {
    return this.#byOid.get(oid);
  }

  named(schema: string, name: string): readonly T[] {
    return this.#byName.get(name)?.get(schema) ?? [];
  }

  /** Objects of a name by their schema; `undefined` when there are none. */
  ofName(name: string): BySchema<T> | undefined {
    return this.#byName.get(name);
  }

  /** Adds the object, or replaces the one with the same OID, whatever its name was. */
  put(object: T): void {
    const before = this.#byOid.get(object.oid);
    this.#all = undefined;
    this.#byOid.set(object.oid, object);
    if (before !== undefined && (before.name !== object.name || before.schema !== object.schema)) this.#unname(before);
    const same = this.named(object.schema, object.name);
    const at = same.findIndex((other) => other.oid === object.oid);
    this.#name(object.schema, object.name, at < 0 ? [...same, object] : same.with(at, object));
  }

  remove(oid: number): void {
    const object = this.#byOid.get(oid);
    if (object === undefined) return;
    this.#all = undefined;
    this.#byOid.delete(oid);
    this.#unname(object);
  }

  #unname(object: T): void {
    const others = this.named(object.schema, object.name).filter((other) => other.oid !== object.oid);
    this.#name(object.schema, object.name, others);
  }

  #name(schema: string, name: string, objects: readonly T[]): void {
    const bySchema = new Map(this.#byName.get(name));
    if (objects.length > 0) bySchema.set(schema, objects);
    else bySchema.delete(schema);
    if (bySchema.size > 0) this.#byName.set(name, bySchema);
    else this.#byName.delete(name);
  }
}
