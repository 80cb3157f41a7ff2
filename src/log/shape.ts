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
  return (value): value is readonly T[] =>
    Array.isArray(value) && value.length <= maxLength && value.every((item) => shape(item));
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
  const shapes = Object.entries<Shape<unknown>>(fields);
  const further = Object.entries(optional);
  return (value): value is T => {
    if (typeof value !== 'object' || value === null) return false;
    let count = shapes.length;
    for (const [name, shape] of further) {
      if (!Object.hasOwn(value, name)) continue;
      if (!shape(Reflect.get(value, name))) return false;
      count += 1;
    }
    return (
      Object.keys(value).length === count &&
      shapes.every(([name, shape]) => Object.hasOwn(value, name) && shape(Reflect.get(value, name)))
    );
  };
}

/** A record whose field `kind` selects the shape of the whole record. */
export function choice<T extends { readonly kind: string }>(shapes: {
  readonly [K in T['kind']]: Shape<Extract<T, { readonly kind: K }>>;
}): Shape<T> {
  const byKind = new Map<unknown, Shape<unknown>>(Object.entries<Shape<unknown>>(shapes));
  return (value): value is T =>
    typeof value === 'object' && value !== null && byKind.get(Reflect.get(value, 'kind'))?.(value) === true;
}
