/** Any value that vitest sends between its processes, as JSON and back: with cycles, maps, errors and undefined. */

/** A value inside of another one: plain JSON, or the place of an object in a list. */
type Slot =
  | string
  | number
  | boolean
  | null
  | { readonly at: number }
  | { readonly number: string }
  | { readonly bigint: string }
  | { readonly undefined: true };

type Content =
  | { readonly array: readonly Slot[] }
  | { readonly map: readonly (readonly [Slot, Slot])[] }
  | { readonly set: readonly Slot[] }
  | { readonly date: number }
  | { readonly regexp: readonly [source: string, flags: string] }
  | { readonly error: readonly (readonly [string, Slot])[] }
  | { readonly object: readonly (readonly [string, Slot])[] };

/** The properties of an error that are not among those that a program lists. */
const UNLISTED: readonly string[] = ['name', 'message', 'stack', 'cause'];

interface Wire {
  readonly value: Slot;
  /** Each object once, however often the value contains it. */
  readonly objects: readonly Content[];
}

/** Makes JSON of a value. A function becomes undefined. */
export function toWire(value: unknown): string {
  const objects: Content[] = [];
  const places = new Map<object, number>();
  const entries = (object: object, unlisted: readonly string[] = []): (readonly [string, Slot])[] =>
    [...Object.keys(object), ...unlisted].map((key) => [key, slot(Reflect.get(object, key))]);

  const content = (object: object): Content => {
    if (Array.isArray(object)) return { array: Array.from(object, slot) };
    if (object instanceof Map) return { map: Array.from(object, ([key, each]) => [slot(key), slot(each)]) };
    if (object instanceof Set) return { set: Array.from(object, slot) };
    if (object instanceof Date) return { date: object.getTime() };
    if (object instanceof RegExp) return { regexp: [object.source, object.flags] };
    return object instanceof Error ? { error: entries(object, UNLISTED) } : { object: entries(object) };
  };

  const slot = (each: unknown): Slot => {
    if (each === null || typeof each === 'string' || typeof each === 'boolean') return each;
    if (typeof each === 'number') return Number.isFinite(each) ? each : { number: String(each) };
    if (typeof each === 'bigint') return { bigint: String(each) };
    if (typeof each !== 'object') return { undefined: true };
    const known = places.get(each);
    if (known !== undefined) return { at: known };
    const at = objects.push({ array: [] }) - 1;
    places.set(each, at);
    objects[at] = content(each);
    return { at };
  };

  const wire: Wire = { value: slot(value), objects };
  return JSON.stringify(wire);
}

/** Makes the value again. */
export function fromWire(text: string): unknown {
  const { value, objects }: Wire = JSON.parse(text);
  const made = objects.map(empty);
  const valueOf = (slot: Slot): unknown => {
    if (slot === null || typeof slot !== 'object') return slot;
    if ('at' in slot) return made[slot.at];
    if ('number' in slot) return Number(slot.number);
    return 'bigint' in slot ? BigInt(slot.bigint) : undefined;
  };
  objects.forEach((content, index) => fill(made[index], content, valueOf));
  return valueOf(value);
}

function empty(content: Content): object {
  if ('array' in content) return [];
  if ('map' in content) return new Map();
  if ('set' in content) return new Set();
  if ('date' in content) return new Date(content.date);
  if ('regexp' in content) return new RegExp(...content.regexp);
  return 'error' in content ? new Error() : {};
}

function fill(made: unknown, content: Content, valueOf: (slot: Slot) => unknown): void {
  if (Array.isArray(made) && 'array' in content) made.push(...content.array.map(valueOf));
  else if (made instanceof Map && 'map' in content) {
    for (const [key, each] of content.map) made.set(valueOf(key), valueOf(each));
  } else if (made instanceof Set && 'set' in content) {
    for (const each of content.set) made.add(valueOf(each));
  } else if (made instanceof Error && 'error' in content) {
    for (const [key, each] of content.error) {
      const enumerable = !UNLISTED.includes(key);
      Reflect.defineProperty(made, key, { value: valueOf(each), enumerable, configurable: true, writable: true });
    }
  } else if (typeof made === 'object' && made !== null && 'object' in content) {
    for (const [key, each] of content.object) Reflect.set(made, key, valueOf(each));
  }
}
