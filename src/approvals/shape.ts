/**
 * Shapes that data from outside must have exactly: nothing missing, nothing more, every text and list bounded.
 * It does not say what the data mean.
 */

/** Where and why data have not the shape. `message` names the place: `plan.measured.tables[3].table`. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

/** Throws {@link ShapeError} unless the value fits. */
export type Shape = (value: unknown, place: string) => void;

/** An object with all of `required`, any of `optional`, and nothing else. */
export function object(required: Readonly<Record<string, Shape>>, optional: Readonly<Record<string, Shape>> = {}): Shape {
  return (value, place) => {
    const fields = fieldsOf(value, place);
    for (const [name, shape] of Object.entries(required)) {
      if (!Object.hasOwn(fields, name)) throw new ShapeError(`${under(place, name)} is missing`);
      shape(fields[name], under(place, name));
    }
    for (const [name, field] of Object.entries(fields)) {
      if (Object.hasOwn(required, name)) continue;
      const shape = Object.hasOwn(optional, name) ? optional[name] : undefined;
      if (shape === undefined) throw new ShapeError(`${under(place, name.slice(0, 40))} is not known`);
      shape(field, under(place, name));
    }
  };
}

/** An object with any names. */
export function record(of: Shape, entriesMax: number): Shape {
  return (value, place) => {
    const entries = Object.entries(fieldsOf(value, place));
    if (entries.length > entriesMax) throw new ShapeError(`${place} has more than ${entriesMax} entries`);
    for (const [name, field] of entries) of(field, under(place, name.slice(0, 40)));
  };
}

export function list(of: Shape, itemsMax: number): Shape {
  return (value, place) => {
    if (!Array.isArray(value)) throw new ShapeError(`${place} is no list`);
    if (value.length > itemsMax) throw new ShapeError(`${place} has more than ${itemsMax} items`);
    value.forEach((item, index) => {
      of(item, `${place}[${index}]`);
    });
  };
}

export function text(charactersMax: number): Shape {
  return (value, place) => {
    if (typeof value !== "string" || value.length > charactersMax)
      throw new ShapeError(`${place} must be a text of at most ${charactersMax} characters`);
    if (/\p{Surrogate}/u.test(value)) throw new ShapeError(`${place} holds half of a surrogate pair`);
  };
}

/** A whole number that is not negative. */
export const count: Shape = (value, place) => {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0 || Object.is(value, -0))
    throw new ShapeError(`${place} must be a whole number, 0 or more`);
};

/** A time that was measured: may be a fraction. */
export const milliseconds: Shape = (value, place) => {
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0 || Object.is(value, -0))
    throw new ShapeError(`${place} must be a number, 0 or more`);
};

export function oneOf(words: readonly (string | number)[]): Shape {
  return (value, place) => {
    if (!words.some((word) => word === value)) throw new ShapeError(`${place} must be one of ${words.join(", ")}`);
  };
}

export function orNull(shape: Shape): Shape {
  return (value, place) => {
    if (value !== null) shape(value, place);
  };
}

/** SHA-256 as 64 lower-case hexadecimal digits. */
export const sha256: Shape = (value, place) => {
  if (typeof value !== "string" || !/^[0-9a-f]{64}$/.test(value)) throw new ShapeError(`${place} is no SHA-256 digest`);
};

function fieldsOf(value: unknown, place: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new ShapeError(`${place} is no object`);
  return value as Record<string, unknown>;
}

function under(place: string, name: string): string {
  return place === "" ? name : `${place}.${name}`;
}
