/** Checks of values from outside, composed of small ones. */

/** Whether a value, which may be anything that JSON can express, is a `T`. It never throws. */
export type Shape<T> = (value: unknown) => value is T;

/** A text. @param maxLength - the most UTF-16 code units */
export function text(maxLength: number): Shape<string> {
  return (value): value is string => typeof value === 'string' && value.length <= maxLength;
}

/** A whole number that is at least `least` and exact as a double. */
export function whole(least: number): Shape<number> {
  return (value): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= least;
}

/** A boolean. */
export function flag(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

/** One of certain texts. */
export function oneOf<const L extends string>(...texts: readonly L[]): Shape<L> {
  const known = new Set<unknown>(texts);
  return (value): value is L => known.has(value);
}

/** Null, or a value of another shape. */
export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value): value is T | null => value === null || shape(value);
}

/** A list of values of one shape. @param maxLength - the most values */
export function list<T>(shape: Shape<T>, maxLength: number): Shape<readonly T[]> {
  return (value): value is readonly T[] => {
    if (!Array.isArray(value) || value.length > maxLength) return false;
    for (const item of value) if (!shape(item)) return false;
    return true;
  };
}

/** A list in which no two values have the same key. */
export function distinct<T>(shape: Shape<readonly T[]>, keyOf: (item: T) => string): Shape<readonly T[]> {
  return (value): value is readonly T[] => shape(value) && new Set(value.map(keyOf)).size === value.length;
}

/** A list of exactly two values. */
export function pair<A, B>(first: Shape<A>, second: Shape<B>): Shape<readonly [A, B]> {
  return (value): value is readonly [A, B] =>
    Array.isArray(value) && value.length === 2 && first(value[0]) && second(value[1]);
}

/** The shapes of the fields of a record. */
export type Fields<T extends object> = { readonly [K in keyof T]: Shape<T[K]> };

/** A record with these fields, perhaps with some of the optional ones, and no other. */
export function record<T extends object>(
  fields: Fields<T>,
  optional: Readonly<Record<string, Shape<unknown>>> = {},
): Shape<T> {
  const required = new Map(Object.entries<Shape<unknown>>(fields));
  const further = new Map(Object.entries(optional));
  // Each message of each process is checked here: one look at each of its fields is the least that it takes.
  return (value): value is T => {
    if (!isObject(value)) return false;
    let count = 0;
    for (const name of Object.keys(value)) {
      let shape = required.get(name);
      if (shape === undefined) shape = further.get(name);
      else count += 1;
      if (shape?.(value[name]) !== true) return false;
    }
    return count === required.size;
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** A record whose field `kind` selects the shape of the whole record. */
export function choice<T extends { readonly kind: string }>(shapes: {
  readonly [K in T['kind']]: Shape<Extract<T, { readonly kind: K }>>;
}): Shape<T> {
  const byKind = new Map<unknown, Shape<unknown>>(Object.entries<Shape<unknown>>(shapes));
  return (value): value is T => {
    const shape = isObject(value) ? byKind.get(value['kind']) : undefined;
    return shape?.(value) === true;
  };
}
