/**
 * Named objects of one kind that can be put, replaced and removed, found by OID and by schema and name.
 * It does not know search paths.
 */
export class Shelf<T extends { readonly oid: number; readonly schema: string; readonly name: string }> {
  readonly #byOid: Map<number, T>;
  readonly #byName = new Map<string, Map<string, number[]>>();

  constructor(objects: readonly T[]) {
    this.#byOid = new Map(objects.map((object) => [object.oid, object]));
    for (const object of objects) this.#index(object);
  }

  all(): readonly T[] {
    return [...this.#byOid.values()];
  }

  get(oid: number): T | undefined {
    return this.#byOid.get(oid);
  }

  named(schema: string, name: string): readonly T[] {
    return (this.#byName.get(name)?.get(schema) ?? []).flatMap((oid) => this.#byOid.get(oid) ?? []);
  }

  /** Adds the object, or replaces the one with the same OID, whatever its name was. */
  put(object: T): void {
    const before = this.#byOid.get(object.oid);
    if (before && before.name === object.name && before.schema === object.schema) {
      this.#byOid.set(object.oid, object);
      return;
    }
    if (before) this.remove(before.oid);
    this.#byOid.set(object.oid, object);
    this.#index(object);
  }

  remove(oid: number): void {
    const object = this.#byOid.get(oid);
    if (!object) return;
    this.#byOid.delete(oid);
    const bySchema = this.#byName.get(object.name);
    bySchema?.set(
      object.schema,
      (bySchema.get(object.schema) ?? []).filter((other) => other !== oid),
    );
  }

  #index(object: T): void {
    const bySchema = this.#byName.get(object.name) ?? new Map<string, number[]>();
    this.#byName.set(object.name, bySchema);
    const same = bySchema.get(object.schema);
    if (same) same.push(object.oid);
    else bySchema.set(object.schema, [object.oid]);
  }
}
