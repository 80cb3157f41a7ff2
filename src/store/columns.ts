/** Values of rows, as the types that their columns promise. */

/** @throws TypeError if the column holds anything else */
export function integerOf(row: object, column: string): number {
  const value: unknown = Reflect.get(row, column);
  if (typeof value === 'number') return value;
  throw new TypeError(`column ${column} is no number`);
}

/** @throws TypeError if the column holds anything else */
export function textOf(row: object, column: string): string {
  const value: unknown = Reflect.get(row, column);
  if (typeof value === 'string') return value;
  throw new TypeError(`column ${column} is no text`);
}

/** @throws TypeError if the column holds anything else */
export function bytesOf(row: object, column: string): Uint8Array {
  const value: unknown = Reflect.get(row, column);
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`column ${column} holds no bytes`);
}

/** A value, or null. @throws TypeError if the column holds anything else */
export function nullableOf<T>(row: object, column: string, of: (row: object, column: string) => T): T | null {
  return Reflect.get(row, column) === null ? null : of(row, column);
}
